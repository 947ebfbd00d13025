# SPDX-License-Identifier: GPL-2.0-or-later
"""Desired state against actual state: what is missing, extra, altered, foreign."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice

import numpy as np

from enforcer.core.addresses import Flags, Indices, search
from enforcer.core.instants import to_ms
from enforcer.core.intervals import Ranges, inside, match, merge, outside
from enforcer.core.naming import interface_text, member_texts
from enforcer.core.rules import (
    NO_END,
    Actual,
    Desired,
    Integers,
    InterfaceMember,
    Members,
    Rule,
)

EXAMPLES = 10
_BLOCK = 1 << 15


class FindingKind(StrEnum):
    """How an object differs from what is desired."""

    MISSING = "missing"
    EXTRA = "extra"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Finding:
    """One structural difference, in the device's own words (a set, chain, rule, hook)."""

    kind: FindingKind
    what: str
    detail: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """What must happen to one rule's members; an altered member is in both.

    `add` holds rows of the desired state, `remove` rows of the actual state.
    """

    add: Members
    remove: Members


@dataclass(frozen=True, slots=True)
class InterfaceChange:
    """The same for a rule whose members are interfaces."""

    add: tuple[InterfaceMember, ...]
    remove: tuple[InterfaceMember, ...]


@dataclass(frozen=True, eq=False)
class Delta:
    """The members to write; rules without a difference are absent."""

    addresses: Mapping[Rule, Change] = field(default_factory=dict)
    interfaces: Mapping[Rule, InterfaceChange] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.addresses or self.interfaces)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many members differ, and how."""

    missing: int = 0
    extra: int = 0
    altered: int = 0
    verified: int = 0

    @property
    def differing(self) -> int:
        """All that differ."""
        return self.missing + self.extra + self.altered


@dataclass(frozen=True, eq=False)
class Drift:
    """The whole difference of one device: members (`delta`, `tally`) and structure (`findings`).

    `examples`: the first few differing members, as a person would name them.
    """

    delta: Delta
    tally: Tally
    findings: tuple[Finding, ...] = ()
    examples: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.delta) or bool(self.findings)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a read end may be off: `absolute_ms` plus `share` of the time that remains.

    Devices round their timeouts and count them down in ticks of their own.
    """

    absolute_ms: int = 1000
    share: float = 0.001


def compare(
    desired: Desired,
    actual: Actual,
    findings: Iterable[Finding] = (),
    *,
    tolerance: Tolerance = Tolerance(),
    self_expiring: bool = True,
    attributed: bool = True,
) -> Drift:
    """The difference between `desired` and a complete `actual`.

    Members are the same when first and last are; they are altered when the order's number
    differs or the end is outside the tolerance. Where the device does not expire members
    itself (`self_expiring` False) ends are not compared. All members of a rule that is not
    desired are extra. Where it keeps bare addresses (`attributed` False) only the sets of
    addresses are compared, and the delta holds the parts of rows in which they differ.
    """
    if not attributed:
        return _compare_sets(desired, actual, findings)
    judge = _Judge(actual, tolerance, self_expiring)
    nothing = Members.none()
    for rule in dict.fromkeys((*desired.addresses, *actual.addresses)):
        wanted = desired.addresses.get(rule, nothing)
        found = actual.addresses.get(rule, nothing)
        judge.members(rule, wanted, found, np.ones(len(found), np.bool_))
    for rule in dict.fromkeys((*desired.interfaces, *actual.interfaces)):
        names = actual.interfaces.get(rule, ())
        judge.interfaces(rule, desired.interfaces.get(rule, ()), names, names)
    return judge.drift(findings)


def compare_region(
    delta: Delta,
    actual: Actual,
    *,
    tolerance: Tolerance = Tolerance(),
    self_expiring: bool = True,
    attributed: bool = True,
) -> Drift:
    """What a written `delta` left undone, by an `actual` that is complete for its members.

    Every added member must be there with its order and end; no removed one may be left,
    unless it was added anew. An empty drift is the proof; a drift says what to write again.
    """
    if not attributed:
        return _undone(delta, actual)
    judge = _Judge(actual, tolerance, self_expiring)
    nothing = Members.none()
    for rule, change in delta.addresses.items():
        found = actual.addresses.get(rule, nothing)
        judge.members(rule, change.add, found, match(found, change.remove) >= 0)
    for rule, moved in delta.interfaces.items():
        names, gone = actual.interfaces.get(rule, ()), {m.name for m in moved.remove}
        judge.interfaces(rule, moved.add, names, [m for m in names if m.name in gone])
    return judge.drift(())


def shared(desired: Desired, actual: Actual, drift: Drift) -> Actual:
    """`actual` with the columns of `desired` where `drift`, all that they differ in, has nothing.

    So a million members are kept once. What differs there, an end within the tolerance, is what
    the device rounds. For members that carry an order's number.
    """
    changed = drift.delta.addresses
    addresses = {
        rule: members if rule in changed else desired.addresses.get(rule, members)
        for rule, members in actual.addresses.items()
    }
    return replace(actual, addresses=addresses)


def effective(delta: Delta) -> Delta:
    """What of `delta` changes which addresses are members; for devices that keep no more."""
    addresses = {}
    for rule, change in delta.addresses.items():
        add, remove = _apart(change.add, change.remove), _apart(change.remove, change.add)
        if len(add) or len(remove):
            addresses[rule] = Change(add, remove)
    interfaces = {}
    for rule, moved in delta.interfaces.items():
        came, gone = {m.name for m in moved.add}, {m.name for m in moved.remove}
        kept = InterfaceChange(
            tuple(m for m in moved.add if m.name not in gone),
            tuple(m for m in moved.remove if m.name not in came),
        )
        if kept.add or kept.remove:
            interfaces[rule] = kept
    return Delta(addresses, interfaces)


def _apart(rows: Members, other: Members) -> Members:
    """The parts of `rows` outside all rows of `other`."""
    pieces = outside(Ranges(rows.first, rows.last), merge(Ranges(other.first, other.last)))
    kept = rows.take(pieces.source)
    return Members(pieces.ranges.first, pieces.ranges.last, kept.end, kept.order)


def _within(rows: Members, other: Members) -> Members:
    """The parts of `rows` inside some row of `other`."""
    pieces = inside(Ranges(rows.first, rows.last), merge(Ranges(other.first, other.last)))
    kept = rows.take(pieces.source)
    return Members(pieces.ranges.first, pieces.ranges.last, kept.end, kept.order)


def _compare_sets(desired: Desired, actual: Actual, findings: Iterable[Finding]) -> Drift:
    judge = _Judge(actual, Tolerance(), self_expiring=False, attributed=False)
    nothing = Members.none()
    for rule in dict.fromkeys((*desired.addresses, *actual.addresses)):
        found = actual.addresses.get(rule, nothing)
        judge.sets(rule, desired.addresses.get(rule, nothing), found, found)
    for rule in dict.fromkeys((*desired.interfaces, *actual.interfaces)):
        names = actual.interfaces.get(rule, ())
        judge.interfaces(rule, desired.interfaces.get(rule, ()), names, names)
    return judge.drift(findings)


def _undone(delta: Delta, actual: Actual) -> Drift:
    judge = _Judge(actual, Tolerance(), self_expiring=False, attributed=False)
    nothing = Members.none()
    for rule, change in delta.addresses.items():
        found = actual.addresses.get(rule, nothing)
        judge.sets(rule, change.add, found, _within(found, change.remove))
    for rule, moved in delta.interfaces.items():
        names, gone = actual.interfaces.get(rule, ()), {m.name for m in moved.remove}
        judge.interfaces(rule, moved.add, names, [m for m in names if m.name in gone])
    return judge.drift(())


def tally_of(delta: Delta) -> Tally:
    """The counts of a delta that was not found by comparing: nothing of it is verified."""
    missing = extra = altered = 0
    for change in delta.addresses.values():
        both = 0
        if len(change.add) and len(change.remove):
            both = int((match(change.add, change.remove) >= 0).sum())
        missing, extra = missing + len(change.add) - both, extra + len(change.remove) - both
        altered += both
    for moved in delta.interfaces.values():
        names = {m.name for m in moved.add} & {m.name for m in moved.remove}
        missing, extra = (
            missing + len(moved.add) - len(names),
            extra + len(moved.remove) - len(names),
        )
        altered += len(names)
    return Tally(missing, extra, altered)


class _Judge:
    """Collects the differences of one comparison, rule by rule."""

    def __init__(
        self,
        actual: Actual,
        tolerance: Tolerance,
        self_expiring: bool,
        attributed: bool = True,
    ) -> None:
        self._attributed = attributed
        self._read_at = to_ms(actual.read_at)
        self._tolerance = tolerance
        self._self_expiring = self_expiring
        self._addresses: dict[Rule, Change] = {}
        self._interfaces: dict[Rule, InterfaceChange] = {}
        self._tally = Tally()
        self._examples: list[str] = []

    def drift(self, findings: Iterable[Finding]) -> Drift:
        """All that was collected."""
        delta = Delta(self._addresses, self._interfaces)
        return Drift(delta, self._tally, tuple(findings), tuple(self._examples))

    def members(self, rule: Rule, wanted: Members, found: Members, unwanted: Flags) -> None:
        """Compare one rule; rows of `found` in `unwanted` are extra unless wanted."""
        at = match(wanted, found)
        there = np.flatnonzero(at >= 0)
        right = self._right(wanted, found, there, at[there])
        altered, missing = there[~right], np.flatnonzero(at < 0)
        unwanted = unwanted.copy()
        unwanted[at[there]] = False
        extra = np.flatnonzero(unwanted)
        self._count(len(missing), len(extra), len(altered), int(right.sum()))
        if not (len(altered) or len(missing) or len(extra)):
            return
        self._addresses[rule] = Change(
            _rows(wanted, np.concatenate((altered, missing))),
            _rows(found, np.concatenate((at[altered], extra))),
        )
        self._show(_first_texts(rule, wanted, missing, FindingKind.MISSING))
        self._show(_first_texts(rule, found, extra, FindingKind.EXTRA))
        self._show(_first_texts(rule, wanted, altered, FindingKind.ALTERED))

    def sets(self, rule: Rule, wanted: Members, found: Members, unwanted: Members) -> None:
        """Compare one rule as sets of addresses; what of `unwanted` is not wanted is extra."""
        missing, extra = _apart(wanted, found), _apart(unwanted, wanted)
        there = len(wanted) - _touched(missing, wanted)
        self._count(len(missing), len(extra), 0, there)
        if len(missing) or len(extra):
            self._addresses[rule] = Change(missing, extra)
        everything = (np.arange(len(missing)), np.arange(len(extra)))
        self._show(_first_texts(rule, missing, everything[0], FindingKind.MISSING))
        self._show(_first_texts(rule, extra, everything[1], FindingKind.EXTRA))

    def _right(self, wanted: Members, found: Members, rows: Indices, at: Indices) -> Flags:
        right = np.empty(len(rows), np.bool_)
        # A block fits into the processor's cache, and a dozen columns beside it take no memory.
        for block in (slice(low, low + _BLOCK) for low in range(0, len(rows), _BLOCK)):
            ours, theirs = rows[block], at[block]
            right[block] = wanted.order[ours] == found.order[theirs]
            if self._self_expiring:
                right[block] &= self._ends_agree(wanted.end[ours], found.end[theirs])
        return right

    def _ends_agree(self, wanted: Integers, found: Integers) -> Flags:
        remaining = np.maximum(wanted - self._read_at, 0)
        allowed = self._tolerance.absolute_ms + self._tolerance.share * remaining
        endless = (wanted == NO_END) | (found == NO_END)
        agree: Flags = np.where(endless, wanted == found, np.abs(wanted - found) <= allowed)
        return agree

    def interfaces(
        self,
        rule: Rule,
        wanted: Sequence[InterfaceMember],
        found: Sequence[InterfaceMember],
        unwanted: Sequence[InterfaceMember],
    ) -> None:
        """The same for a rule by interface."""
        there = {member.name: member for member in found}
        missing = [m for m in wanted if m.name not in there]
        altered = [m for m in wanted if m.name in there and not self._same(m, there[m.name])]
        names = {m.name for m in wanted}
        extra = [m for m in unwanted if m.name not in names]
        verified = len(wanted) - len(missing) - len(altered)
        self._count(len(missing), len(extra), len(altered), verified)
        if missing or altered or extra:
            self._interfaces[rule] = InterfaceChange(
                tuple(sorted((*missing, *altered))),
                tuple(sorted((*(there[m.name] for m in altered), *extra))),
            )
        self._show(interface_text(rule, m, FindingKind.MISSING) for m in missing)
        self._show(interface_text(rule, m, FindingKind.EXTRA) for m in extra)
        self._show(interface_text(rule, m, FindingKind.ALTERED) for m in altered)

    def _same(self, wanted: InterfaceMember, found: InterfaceMember) -> bool:
        if not self._attributed:
            return True
        if wanted.order != found.order:
            return False
        if not self._self_expiring:
            return True
        ends = (np.array([end], np.int64) for end in (wanted.end, found.end))
        return bool(self._ends_agree(*ends)[0])

    def _count(self, missing: int, extra: int, altered: int, verified: int) -> None:
        old = self._tally
        self._tally = Tally(
            old.missing + missing,
            old.extra + extra,
            old.altered + altered,
            old.verified + verified,
        )

    def _show(self, texts: Iterator[str]) -> None:
        self._examples += islice(texts, EXAMPLES - len(self._examples))


def _rows(table: Members, rows: Indices) -> Members:
    """Different `rows` of `table`, in its order; all of them are not copied."""
    return table if len(rows) == len(table) else table.take(np.sort(rows))


def _first_texts(rule: Rule, table: Members, rows: Indices, kind: FindingKind) -> Iterator[str]:
    return member_texts(rule, table.take(rows[:EXAMPLES]), kind)


def _touched(parts: Members, rows: Members) -> int:
    """How many of `rows` (sorted, disjoint) some of their `parts` belong to."""
    return len(np.unique(search(rows.last, parts.first, "left")))
