# SPDX-License-Identifier: GPL-2.0-or-later
"""Several deltas as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.intervals import Ranges, match, union
from enforcer.core.raw import concatenate
from enforcer.core.rules import Desired, InterfaceMember, Members, Rule


def together(deltas: Sequence[Delta]) -> Delta:
    """All of them, of which no two are about the same member."""
    if len(deltas) == 1:
        return deltas[0]
    addresses: dict[Rule, list[Change]] = {}
    interfaces: dict[Rule, list[InterfaceChange]] = {}
    for delta in deltas:
        for rule, change in delta.addresses.items():
            addresses.setdefault(rule, []).append(change)
        for rule, moved in delta.interfaces.items():
            interfaces.setdefault(rule, []).append(moved)
    return Delta(
        {
            rule: Change(concatenate([c.add for c in some]), concatenate([c.remove for c in some]))
            for rule, some in addresses.items()
        },
        {
            rule: InterfaceChange(
                tuple(m for c in some for m in c.add), tuple(m for c in some for m in c.remove)
            )
            for rule, some in interfaces.items()
        },
    )


def region(delta: Delta, more: Mapping[Rule, Ranges]) -> dict[Rule, Ranges]:
    """By rule all addresses that `delta` is about and those of `more` (canonical).

    None for a rule by interface.
    """
    found = dict(more)
    for rule, change in delta.addresses.items():
        rows = [Ranges(some.first, some.last) for some in (change.add, change.remove)]
        found[rule] = union((*rows, more.get(rule, Ranges.none())))
    for rule in delta.interfaces:
        found.setdefault(rule, Ranges.none())
    return found


def still(delta: Delta, desired: Desired) -> Delta:
    """What of `delta`, which led to what was desired before, leads to `desired` too.

    For members that carry an order's number.
    """
    nothing = Members.none()
    addresses = {
        rule: _still(change, desired.addresses.get(rule, nothing))
        for rule, change in delta.addresses.items()
    }
    interfaces = {
        rule: _still_named(moved, desired.interfaces.get(rule, ()))
        for rule, moved in delta.interfaces.items()
    }
    return Delta(addresses, interfaces)


def _still(change: Change, wanted: Members) -> Change:
    there = match(change.add, wanted) >= 0
    there[there] = change.add.order[there] == wanted.order[match(change.add.take(there), wanted)]
    return Change(change.add.take(there), change.remove.take(match(change.remove, wanted) < 0))


def _still_named(moved: InterfaceChange, wanted: tuple[InterfaceMember, ...]) -> InterfaceChange:
    names = {member.name for member in wanted}
    return InterfaceChange(
        tuple(m for m in moved.add if m in wanted),
        tuple(m for m in moved.remove if m.name not in names),
    )
