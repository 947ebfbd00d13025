# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects on a device that are left as they are, because somebody changes them back.

An object is one member, where it stands, or one object of structure in the device's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from enforcer.core.addresses import Flags, equal, to_column
from enforcer.core.device_control import Contest
from enforcer.core.drift import (
    Change,
    Delta,
    Drift,
    Finding,
    FindingKind,
    InterfaceChange,
    tally_of,
)
from enforcer.core.intervals import match
from enforcer.core.naming import interface_text, member_texts
from enforcer.core.rules import InterfaceMember, Members, Rule

_STRUCTURE = "structure "
_HANDLE = re.compile(r"handle \d+")


def objects(drift: Drift) -> Iterator[tuple[str, str]]:
    """(key, words) of everything that differs; for few differences."""
    for rule, change in drift.delta.addresses.items():
        yield from _members(rule, change)
    for rule, moved in drift.delta.interfaces.items():
        yield from _interfaces(rule, moved)
    for finding in drift.findings:
        yield _finding_key(finding), f"{finding.kind} {finding.what}"


def _members(rule: Rule, change: Change) -> Iterator[tuple[str, str]]:
    there = match(change.add, change.remove) >= 0
    gone = match(change.remove, change.add) >= 0
    for rows, kind in (
        (change.add.take(~there), FindingKind.MISSING),
        (change.add.take(there), FindingKind.ALTERED),
        (change.remove.take(~gone), FindingKind.EXTRA),
    ):
        for (first, last, _, _), words in zip(
            rows.rows(), member_texts(rule, rows, kind), strict=True
        ):
            yield f"{rule.digest} {first:x}-{last:x}", words


def _interfaces(rule: Rule, moved: InterfaceChange) -> Iterator[tuple[str, str]]:
    there = {member.name for member in moved.remove}
    wanted = {member.name for member in moved.add}
    for member in moved.add:
        kind = FindingKind.ALTERED if member.name in there else FindingKind.MISSING
        yield f"{rule.digest} {member.name}", interface_text(rule, member, kind)
    for member in moved.remove:
        if member.name not in wanted:
            yield f"{rule.digest} {member.name}", interface_text(rule, member, FindingKind.EXTRA)


def _finding_key(finding: Finding) -> str:
    # A rule that is put back each time has another handle each time.
    return _STRUCTURE + _HANDLE.sub("handle", finding.what)


class Contested:
    """The contested objects of one device."""

    def __init__(self, contests: Iterable[Contest] = ()) -> None:
        known = tuple(contests)
        self._words = frozenset(contest.what for contest in known)
        self.keys = frozenset(contest.key for contest in known)
        self.writers = tuple(sorted({contest.writer for contest in known}))
        self._places: Mapping[str, frozenset[str]] = _by_rule(self.keys)

    def __bool__(self) -> bool:
        return bool(self.keys)

    def without(self, drift: Drift) -> Drift:
        """What of `drift` is not contested."""
        if not self or not drift:
            return drift
        kept, left = self.split(drift.delta)
        findings = tuple(f for f in drift.findings if _finding_key(f) not in self.keys)
        if not left and findings == drift.findings:
            return drift
        examples = tuple(text for text in drift.examples if text not in self._words)
        tally = replace(tally_of(kept), verified=drift.tally.verified)
        return Drift(kept, tally, findings, examples)

    def findings(self, drift: Drift) -> tuple[Finding, ...]:
        """The contested objects of structure in `drift`."""
        return tuple(f for f in drift.findings if _finding_key(f) in self.keys)

    def split(self, delta: Delta) -> tuple[Delta, Delta]:
        """(what of `delta` may be written, what is contested)."""
        if not self._places:
            return delta, Delta()
        rows, left_rows = dict(delta.addresses), dict[Rule, Change]()
        names, left_names = dict(delta.interfaces), dict[Rule, InterfaceChange]()
        for rule, change in delta.addresses.items():
            may, left = _split(change, self._places.get(rule.digest, frozenset()))
            if len(left.add) or len(left.remove):
                rows[rule], left_rows[rule] = may, left
        for rule, moved in delta.interfaces.items():
            may_be, stays = _split_names(moved, self._places.get(rule.digest, frozenset()))
            if stays.add or stays.remove:
                names[rule], left_names[rule] = may_be, stays
        rows = {r: c for r, c in rows.items() if len(c.add) or len(c.remove)}
        names = {r: c for r, c in names.items() if c.add or c.remove}
        return Delta(rows, names), Delta(left_rows, left_names)


def _by_rule(keys: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key in keys:
        digest, _, place = key.partition(" ")
        if not key.startswith(_STRUCTURE):
            found.setdefault(digest, set()).add(place)
    return {digest: frozenset(places) for digest, places in found.items()}


def _split(change: Change, places: Iterable[str]) -> tuple[Change, Change]:
    add, remove = _contested_rows(change.add, places), _contested_rows(change.remove, places)
    return (
        Change(change.add.take(~add), change.remove.take(~remove)),
        Change(change.add.take(add), change.remove.take(remove)),
    )


def _contested_rows(rows: Members, places: Iterable[str]) -> Flags:
    found = np.zeros(len(rows), np.bool_)
    for place in places:
        first, _, last = place.partition("-")
        found |= equal(rows.first, to_column([int(first, 16)])) & equal(
            rows.last, to_column([int(last, 16)])
        )
    return found


def _split_names(
    moved: InterfaceChange, names: frozenset[str]
) -> tuple[InterfaceChange, InterfaceChange]:
    def those(some: tuple[InterfaceMember, ...], contested: bool) -> tuple[InterfaceMember, ...]:
        return tuple(m for m in some if (m.name in names) is contested)

    return (
        InterfaceChange(those(moved.add, False), those(moved.remove, False)),
        InterfaceChange(those(moved.add, True), those(moved.remove, True)),
    )
