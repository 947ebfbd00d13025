# SPDX-License-Identifier: GPL-2.0-or-later
"""From what is listed to what must be listed, as transactions of `nft -j -f -`. Pure.

Where the structure is right, members move one by one; where it is not, the whole table is made
anew in one transaction, which no packet sees half done.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from drivers.nftables.names import TABLE
from drivers.nftables.remote.model import (
    Holding,
    Json,
    Listing,
    Structure,
    after,
    holding,
    is_astray,
    member_set,
)
from drivers.nftables.remote.moves import (
    BATCH_ROWS,
    Move,
    all_members,
    move,
    named_moves,
    pieces,
    together,
)
from drivers.nftables.remote.render import structure
from drivers.nftables.remote.shaping import came, made, remarked, went
from enforcer.core.drift import Delta, Drift, Finding, FindingKind
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Owner, Rule


@dataclass(frozen=True, slots=True)
class Setup:
    """What is fixed for one device; `most`: members in one transaction."""

    owner: Owner
    hooks: frozenset[str]
    counters: bool
    most: int = BATCH_ROWS

    def structure(self, rules: Iterable[Rule]) -> Structure:
        """The table for `rules`."""
        return structure(rules, sorted(self.hooks), self.counters)


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction, as the text that `nft -j -f -` reads."""

    text: bytes


# -- what differs ----------------------------------------------------------------------------


def findings(setup: Setup, actual: Actual) -> tuple[Finding, ...]:
    """How the table differs from the one that its own members ask for."""
    listing = actual.native
    if not isinstance(listing, Listing):
        return tuple(_mark(setup, actual))
    if not listing.there:
        return (Finding(FindingKind.MISSING, f"table inet {TABLE}"), *_mark(setup, actual))
    wanted, found = setup.structure(holding(actual).rules()), listing.structure
    return (
        *_objects("chain", wanted.chains, found.chains),
        *_objects("set", wanted.sets, found.sets),
        *_objects("content of set", wanted.fixed, found.fixed),
        *(Finding(FindingKind.EXTRA, what) for what in sorted(found.other)),
        *_astray(listing),
        *_mark(setup, actual),
    )


def _astray(listing: Listing) -> Iterator[Finding]:
    """What is no member where it stands, and would stand in the way of what is."""
    for name, elements in sorted(listing.elements.items()):
        named = member_set(name)
        if named is not None and any(is_astray(named[0], element) for element in elements):
            yield Finding(FindingKind.EXTRA, f"addresses among the ranges of set {name}")


def _objects(
    kind: str, wanted: Mapping[str, object], found: Mapping[str, object]
) -> Iterator[Finding]:
    for name in sorted(wanted.keys() - found.keys()):
        yield Finding(FindingKind.MISSING, f"{kind} {name}")
    for name in sorted(found.keys() - wanted.keys()):
        yield Finding(FindingKind.EXTRA, f"{kind} {name}")
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name] != found[name]:
            yield Finding(FindingKind.ALTERED, f"{kind} {name}")


_MARK_WORDS = "owner mark"


def _mark(setup: Setup, actual: Actual) -> Iterator[Finding]:
    if actual.owner is None:
        yield Finding(FindingKind.MISSING, _MARK_WORDS)
    elif actual.owner != setup.owner:
        yield Finding(FindingKind.ALTERED, _MARK_WORDS)


# -- plans -----------------------------------------------------------------------------------


def plan(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Plan:
    """Transactions that write what `drift` names on top of `actual`."""
    if not drift:
        return Plan()
    listing = actual.native if isinstance(actual.native, Listing) else None
    there = listing is None or listing.there
    wrong = any(f.what != _MARK_WORDS for f in drift.findings)
    before = holding(actual)
    then = after(before, drift.delta)
    adds = any(len(c.add) for c in drift.delta.addresses.values())
    adds = adds or any(c.add for c in drift.delta.interfaces.values())
    mark = _new_mark(setup, desired, actual, adds)
    if wrong or not there:
        rebuild = tuple(_rebuilt(setup, then, mark or actual.owner or setup.owner, there))
        batches: tuple[Batch, ...] = (_batch(rebuild, len(drift.delta.addresses) + 1, ALL),)
        steps = rebuild
        if not there:
            batches, steps = _grown(setup, then, mark or setup.owner)
        return Plan(batches, lambda: map(_line, steps), lambda: _undo(setup, then, before, actual))
    batches = tuple(_edits(setup, before, then, drift.delta, mark))
    return Plan(
        batches,
        lambda: (line for b in batches for line in _lines(b)),
        lambda: _undo(setup, then, before, actual),
    )


def _new_mark(setup: Setup, desired: Desired, actual: Actual, adds: bool) -> Owner | None:
    if adds and desired.mark is not None:
        return desired.mark
    if actual.owner == setup.owner:
        return None
    return desired.mark or setup.owner


def _grown(setup: Setup, then: Holding, mark: Owner) -> tuple[tuple[Batch, ...], tuple[Json, ...]]:
    """A table where there is none: its structure first, then its members in pieces."""
    shape = setup.structure(then.rules())
    first = tuple(made(shape, mark))
    members = tuple(all_members(then))
    found = [_batch(first, 1, ALL)]
    rest = iter(members)
    while piece := tuple(islice(rest, setup.most)):
        found.append(_batch(tuple(together(piece)), len(piece), ALL))
    return tuple(found), (*first, *together(members))


def _rebuilt(setup: Setup, then: Holding, mark: Owner, there: bool) -> Iterator[Json]:
    if there:
        yield {"delete": {"table": {"family": "inet", "name": TABLE}}}
    yield from made(setup.structure(then.rules()), mark)
    yield from together(tuple(all_members(then)))


def _edits(
    setup: Setup, before: Holding, then: Holding, delta: Delta, mark: Owner | None
) -> Iterator[Batch]:
    old, new = setup.structure(before.rules()), setup.structure(then.rules())
    kept = set(then.rules()) & set(before.rules())
    first = [*came(old, new), *(remarked(mark) if mark is not None else ())]
    last = [*went(old, new)]
    found = list(pieces(delta, kept, set(then.rules()), setup.most))
    size = sum(len(p) for p, _ in found)
    if size <= setup.most:
        moved = [c for piece, _ in found for c in together(piece)]
        commands = (*first, *moved, *last)
        whole = bool(first or last)
        region = ALL if whole else Region(delta)
        if commands:
            yield _batch(commands, max(size, 1), region)
        return
    if first:
        yield _batch(tuple(first), len(first), ALL)
    for piece, part in found:
        yield _batch(tuple(together(piece)), len(piece), Region(part))
    if last:
        yield _batch(tuple(last), len(last), ALL)


def _batch(commands: tuple[Json, ...], size: int, region: Region) -> Batch:
    text = json.dumps({"nftables": commands}).encode()
    return Batch(Work(text), size, region)


def _lines(batch: Batch) -> Iterator[str]:
    assert isinstance(batch.payload, Work)
    yield from map(_line, json.loads(batch.payload.text)["nftables"])


def _line(command: Json) -> str:
    return json.dumps(command)


def _undo(setup: Setup, then: Holding, before: Holding, actual: Actual) -> Iterator[str]:
    """What takes the members back; a structure that was wrong before is not made wrong again."""
    old, new = setup.structure(then.rules()), setup.structure(before.rules())
    yield from map(_line, came(old, new))
    for rule in dict.fromkeys((*then.rules(), *before.rules())):
        yield from map(_line, together(tuple(_back(rule, then, before))))
    yield from map(_line, went(old, new))
    if actual.owner is not None and actual.owner != setup.owner:
        yield from map(_line, remarked(actual.owner))


def _back(rule: Rule, then: Holding, before: Holding) -> Iterator[Move]:
    if rule.by_interface:
        now, was = then.interfaces.get(rule, {}), before.interfaces.get(rule, {})
        yield from named_moves(rule, now, was)
        return
    held, old = then.addresses.get(rule, {}), before.addresses.get(rule, {})
    for span, order in held.items():
        if old.get(span) != order and rule in before.addresses:
            yield move(rule, span, order, add=False)
    for span, order in old.items():
        if held.get(span) != order:
            yield move(rule, span, order, add=True)
