# SPDX-License-Identifier: GPL-2.0-or-later
"""A part of a reading: what is there of the members of a delta."""

from __future__ import annotations

from dataclasses import replace

from drivers._router.target import members
from enforcer.core.drift import Change, Delta
from enforcer.core.intervals import Ranges, intersect, union
from enforcer.core.plan import Region
from enforcer.core.rules import Actual, InterfaceMember, Members, Rule


def part(actual: Actual, region: Region) -> Actual:
    """`actual`, a reading of everything, cut to `region`."""
    delta = region.delta
    if delta is None:
        return actual
    addresses = {
        rule: _within(actual.addresses[rule], change)
        for rule, change in delta.addresses.items()
        if rule in actual.addresses
    }
    return replace(actual, addresses=addresses, interfaces=_names(actual, delta), region=True)


def _within(rows: Members, change: Change) -> Members:
    touched = union(Ranges(m.first, m.last) for m in (change.add, change.remove))
    return members(intersect(Ranges(rows.first, rows.last), touched))


def _names(actual: Actual, delta: Delta) -> dict[Rule, tuple[InterfaceMember, ...]]:
    found = {}
    for rule, moved in delta.interfaces.items():
        named = {m.name for m in (*moved.add, *moved.remove)}
        found[rule] = tuple(m for m in actual.interfaces.get(rule, ()) if m.name in named)
    return found
