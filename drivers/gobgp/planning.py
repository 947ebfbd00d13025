# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the speaker announces to what it must announce. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from drivers.gobgp.model import Announcement, Box, owner_text
from drivers.gobgp.render import Shape, layout
from enforcer.core.addresses import to_column
from enforcer.core.drift import Change, Drift, Finding, FindingKind
from enforcer.core.orders import Network
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Members, Owner, Rule

MARK_WORDS = "owner mark"
OUTSIDE_WORDS = "advertised outside:"

BATCH = 5000


@dataclass(frozen=True)
class Work:
    """One batch: withdraw `gone`, announce `come`, leave `mark` (None: the marks as they are)."""

    gone: tuple[Announcement, ...] = ()
    come: tuple[Announcement, ...] = ()
    mark: str | None = None


# -- what differs ----------------------------------------------------------------------------


def findings(shape: Shape, actual: Actual) -> tuple[Finding, ...]:
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
        *(Finding(FindingKind.MISSING, f"witness {name}", why) for name, why in box.seen.silent),
        *(
            Finding(FindingKind.MISSING, f"{prefix} at {name}", "announced, and not there")
            for name, prefix in box.seen.absent
        ),
        *(
            Finding(FindingKind.EXTRA, f"{OUTSIDE_WORDS} {o.prefix} by {o.witness} to {o.neighbor}")
            for o in box.seen.outside
        ),
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
    """Batches that write what `drift` names on top of `actual`: announce, then withdraw."""
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
    works = _works(_sorted(gone), _sorted(come), mark, most)
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
    """The mark with the first; all announcements before the first withdrawal."""
    steps = [(a, True) for a in come] + [(a, False) for a in gone]
    found = []
    for at in range(0, len(steps), most):
        some = steps[at : at + most]
        found.append(Work(tuple(a for a, c in some if not c), tuple(a for a, c in some if c), mark))
        mark = None
    return found or ([Work(mark=mark)] if mark is not None else [])


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
    return ", ".join(said) or "look again"


def lines(work: Work) -> Iterator[str]:
    """The batch as text, one line for each path."""
    if work.mark is not None:
        yield f"mark {work.mark}"
    yield from (f"announce {a.text}" for a in work.come)
    yield from (f"withdraw {a.text}" for a in work.gone)
    if not (work.mark or work.come or work.gone):
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
