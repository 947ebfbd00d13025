# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the speaker announces to what it must announce. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from drivers.gobgp.model import Announcement, Box, Seen, leak_text, owner_text
from drivers.gobgp.render import Shape, layout
from enforcer.core.addresses import to_column
from enforcer.core.drift import Change, Drift, Finding, FindingKind
from enforcer.core.intervals import ends_of
from enforcer.core.orders import Network
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Members, Owner, Rule

MARK_WORDS = "owner mark"
OUTSIDE_WORDS = "advertised outside:"

BATCH = 5000


@dataclass(frozen=True)
class Work:
    """One batch: withdraw `gone`, announce `come`, leave `mark` (None: the marks as they are).

    `freed`: prefixes that leaked once, and may be announced again.
    """

    gone: tuple[Announcement, ...] = ()
    come: tuple[Announcement, ...] = ()
    mark: str | None = None
    freed: tuple[Network, ...] = ()


# -- what differs ----------------------------------------------------------------------------


def findings(shape: Shape, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """How the speaker differs from what its own members ask for, and what the routers say."""
    box = actual.native
    if not isinstance(box, Box):
        return tuple(_mark(shape, actual))
    return (
        *_announced(layout(shape, actual.addresses), box.ours),
        *_mark(shape, actual),
        *(Finding(FindingKind.EXTRA, f"mark {m}") for m in box.marks if len(box.marks) > 1),
        *(
            Finding(FindingKind.MISSING, f"session with {p.address}", f"AS {p.asn}, not up")
            for p in box.peerings
            if not p.up
        ),
        *_leaked(shape, desired, box),
        *_seen(box.seen),
    )


def _seen(seen: Seen) -> Iterator[Finding]:
    for name, why in seen.silent:
        yield Finding(FindingKind.MISSING, f"witness {name}", why)
    for name, prefix in seen.absent:
        yield Finding(FindingKind.MISSING, f"{prefix} at {name}", "announced, and not there")
    for name, prefix in seen.forwarded:
        why = "it is there, and packets to it are forwarded: its next hop must be discarded"
        yield Finding(FindingKind.ALTERED, f"{prefix} at {name}", why)
    for found in seen.outside:
        words = f"{OUTSIDE_WORDS} {found.prefix} by {found.witness} to {found.neighbor}"
        yield Finding(FindingKind.EXTRA, words)
    for peer in seen.unwatched:
        words = f"{OUTSIDE_WORDS} all by the speaker to {peer.address} (AS {peer.asn})"
        yield Finding(FindingKind.EXTRA, words, "it is neither a witness nor trusted")


def _leaked(shape: Shape, desired: Desired, box: Box) -> Iterator[Finding]:
    """What stays withdrawn, and what was kept so and nobody wants any more."""
    wanted = layout(shape, desired.addresses) if box.leaked else {}
    for prefix in sorted(box.leaked, key=str):
        if prefix in wanted:
            why = f"it was advertised outside and stays withdrawn. {once_corrected(prefix)}"
            yield Finding(FindingKind.MISSING, f"leaked {prefix}", why)
        else:
            yield Finding(FindingKind.EXTRA, f"{leak_text(prefix)}, which no order wants")


def once_corrected(prefix: Network) -> str:
    """What a person does."""
    return (
        "Correct that router's export policy, then let it be announced again: gobgp policy"
        f" community del {leak_text(prefix)}"
    )


def _announced(
    wanted: Mapping[Network, Announcement], found: Mapping[Network, Announcement]
) -> Iterator[Finding]:
    for prefix in sorted(wanted.keys() | found.keys(), key=str):
        if prefix not in found:
            yield Finding(FindingKind.MISSING, f"announcement {prefix}")
        elif prefix not in wanted:
            yield Finding(FindingKind.EXTRA, f"announcement {prefix}")
        elif wanted[prefix] != found[prefix]:
            yield Finding(FindingKind.ALTERED, f"announcement {prefix}", found[prefix].text)


def _mark(shape: Shape, actual: Actual) -> Iterator[Finding]:
    if actual.owner is None:
        yield Finding(FindingKind.MISSING, MARK_WORDS)
    elif actual.owner != shape.owner:
        yield Finding(FindingKind.ALTERED, MARK_WORDS)


# -- plans -----------------------------------------------------------------------------------


def plan(shape: Shape, desired: Desired, drift: Drift, actual: Actual, most: int = BATCH) -> Plan:
    """Batches that write what `drift` names on top of `actual`: what is only lifted goes first."""
    if not drift:
        return Plan()
    before = layout(shape, actual.addresses)
    then = layout(shape, _after(actual.addresses, drift))
    box = actual.native
    if isinstance(box, Box):
        if any(f.what.startswith(OUTSIDE_WORDS) for f in drift.findings):
            # The guarantee is broken: whatever else is wrong, nothing of ours stays announced.
            return _plan(before, [Work(tuple(_sorted(box.ours.values())))], structure=True)
        if any(f.what.startswith("announcement ") for f in drift.findings):
            before = dict(box.ours)
    come = [a for p, a in then.items() if before.get(p) != a]
    if isinstance(box, Box) and drift.findings:
        named = {p for _, p in box.seen.absent}
        come += [a for p, a in then.items() if p in named and before.get(p) == a]
    gone = [a for p, a in before.items() if p not in then]
    mark = _new_mark(shape, desired, drift, actual)
    freed: tuple[Network, ...] = ()
    if isinstance(box, Box) and box.leaked:
        come = [a for a in come if a.prefix not in box.leaked]
        wanted = layout(shape, desired.addresses)
        freed = tuple(sorted((p for p in box.leaked if p not in wanted), key=str))
    works = _works(_sorted(gone), _sorted(come), mark, most)
    if freed:
        works = [Work(freed=freed), *works]
    # A pass that only waits for a router or a session still ends in a full reading.
    return _plan(before, works or [Work()], bool(drift.findings) or len(works) > 1, drift)


def _after(held: Mapping[Rule, Members], drift: Drift) -> dict[Rule, Members]:
    found = dict(held)
    for rule, change in drift.delta.addresses.items():
        members = _changed(found.pop(rule, Members.none()), change)
        if len(members):
            found[rule] = members
    return found


def _changed(held: Members, change: Change) -> Members:
    rows = {(first, last): (end, order) for first, last, end, order in held.rows()}
    for first, last, _, _ in change.remove.rows():
        rows.pop((first, last), None)
    rows |= {(first, last): (end, order) for first, last, end, order in change.add.rows()}
    keys = sorted(rows)
    return Members(
        to_column(k[0] for k in keys),
        to_column(k[1] for k in keys),
        np.array([rows[k][0] for k in keys], np.int64),
        np.array([rows[k][1] for k in keys], np.int64),
    )


def _new_mark(shape: Shape, desired: Desired, drift: Drift, actual: Actual) -> str | None:
    adds = any(len(change.add) for change in drift.delta.addresses.values())
    chosen: Owner | None = None
    if adds and desired.mark is not None:
        chosen = desired.mark
    elif actual.owner != shape.owner:
        chosen = desired.mark or shape.owner
    elif any(f.what.startswith("mark ") for f in drift.findings):
        chosen = actual.owner
    if chosen is None:
        return None
    return owner_text(chosen)


def _works(
    gone: Sequence[Announcement], come: Sequence[Announcement], mark: str | None, most: int
) -> list[Work]:
    """The mark with the first. What is lifted goes before anything that may be refused; what is
    announced in other pieces goes after them, so that no address of it is open meanwhile."""
    replaced = _overlapping(gone, come)
    first = [(a, False) for a in gone if a.prefix not in replaced]
    then = [(a, True) for a in come] + [(a, False) for a in gone if a.prefix in replaced]
    found = []
    for steps in (first, then):
        for at in range(0, len(steps), most):
            some = steps[at : at + most]
            lifted, added = ([a for a, c in some if c is way] for way in (False, True))
            found.append(Work(tuple(lifted), tuple(added), mark))
            mark = None
    return found or ([Work(mark=mark)] if mark is not None else [])


def _overlapping(gone: Iterable[Announcement], come: Iterable[Announcement]) -> set[Network]:
    """The prefixes of `gone` that share addresses with `come`."""
    firsts: dict[int, list[int]] = {4: [], 6: []}
    lasts: dict[int, list[int]] = {4: [], 6: []}
    for first, last, version in sorted((*ends_of(a.prefix), a.prefix.version) for a in come):
        if lasts[version] and first <= lasts[version][-1]:
            lasts[version][-1] = max(last, lasts[version][-1])
        else:
            firsts[version].append(first)
            lasts[version].append(last)
    found = set()
    for prefix in (a.prefix for a in gone):
        first, last = ends_of(prefix)
        at = bisect_left(lasts[prefix.version], first)
        if at < len(lasts[prefix.version]) and firsts[prefix.version][at] <= last:
            found.add(prefix)
    return found


def _plan(
    before: Mapping[Network, Announcement],
    works: Sequence[Work],
    structure: bool,
    drift: Drift | None = None,
) -> Plan:
    region = ALL if structure or drift is None else Region(drift.delta)
    batches = tuple(Batch(w, max(1, len(w.gone) + len(w.come)), region, _summary(w)) for w in works)
    return Plan(
        batches,
        lambda: (line for w in works for line in lines(w)),
        lambda: _undone(before, works),
    )


def _summary(work: Work) -> str:
    said = [f"announce {len(work.come)}"] if work.come else []
    said += [f"withdraw {len(work.gone)}"] if work.gone else []
    said += [f"free {len(work.freed)} that leaked"] if work.freed else []
    return ", ".join(said) or "look again"


def lines(work: Work) -> Iterator[str]:
    """The batch as text, one line for each path."""
    if work.mark is not None:
        yield f"mark {work.mark}"
    yield from (f"announce {a.text}" for a in work.come)
    yield from (f"withdraw {a.text}" for a in work.gone)
    yield from (f"delete {leak_text(p)}" for p in work.freed)
    if not (work.mark or work.come or work.gone or work.freed):
        yield "look again at what the routers hold"


def _undone(before: Mapping[Network, Announcement], works: Iterable[Work]) -> Iterator[str]:
    for work in reversed(tuple(works)):
        yield from (f"announce {a.text}" for a in work.gone)
        for found in work.come:
            old = before.get(found.prefix)
            yield f"announce {old.text}" if old is not None else f"withdraw {found.text}"
        if not (work.come or work.gone):
            yield "the mark alone is written; nothing is announced or withdrawn"


def _sorted(some: Iterable[Announcement]) -> list[Announcement]:
    return sorted(some, key=attrgetter("text"))
