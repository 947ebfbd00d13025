# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be written while a person has paused or frozen enforcement, and how much at once.

Paused: nothing more is blocked than before, and nothing longer; what is no longer desired
still goes. Frozen: nothing is written at all. A change that no order explains may move only
so many rows of a device at once: beyond that it is held until a person releases it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import numpy as np

from enforcer.core.addresses import search
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.intervals import Ranges, cover, inside
from enforcer.core.patch import difference
from enforcer.core.replacement import (
    beside,
    changed_rules,
    gone_names,
    gone_rows,
    kept_rows,
)
from enforcer.core.rules import InterfaceMember, Members, Rule
from enforcer.core.topology import BrakeLimits


class PauseState(StrEnum):
    """`paused`: additions stop, removals continue. `frozen`: all writes stop."""

    RUNNING = "running"
    PAUSED = "paused"
    FROZEN = "frozen"


def stricter(one: PauseState, other: PauseState) -> PauseState:
    """Of two that hold at the same time, the one that allows less."""
    return max(one, other, key=list(PauseState).index)


def exceeds(moved: int, standing: int, limits: BrakeLimits) -> bool:
    """Whether a change that no order explains is too large to be made without a person.

    `moved`: rows that would be added or removed on one device; `standing`: rows desired there
    before the change. More than `limits.rows`, or more than `limits.floor` and more than
    `limits.percent` of `standing` (where nothing stands any change is all of it).
    """
    if moved > limits.rows:
        return True
    return moved > limits.floor and moved * 100.0 > standing * limits.percent


def allowed(delta: Delta, pause: PauseState) -> tuple[Delta, Delta]:
    """(what may be written now, what is then still to be written).

    Under a pause an address stays blocked exactly where it is blocked and is to be, until the
    earlier one of both ends: a member that shrinks, splits or ends sooner is written in the
    part that does so. A rule that another one replaces (the same with other exceptions) makes
    room for it at once where that drops no more; else it stays until that may be written.
    """
    if pause is PauseState.RUNNING:
        return delta, Delta()
    if pause is PauseState.FROZEN:
        return Delta(), delta
    rows, names = _rows_meanwhile(delta.addresses), _names_meanwhile(delta.interfaces)
    addresses = {rule: _split(change, rows[rule]) for rule, change in delta.addresses.items()}
    interfaces = {
        rule: _split_names(change, names[rule]) for rule, change in delta.interfaces.items()
    }
    may = Delta(
        {rule: may for rule, (may, _) in addresses.items() if len(may.add) or len(may.remove)},
        {rule: may for rule, (may, _) in interfaces.items() if may.add or may.remove},
    )
    held = Delta(
        {rule: rest for rule, (_, rest) in addresses.items() if len(rest.add) or len(rest.remove)},
        {rule: rest for rule, (_, rest) in interfaces.items() if rest.add or rest.remove},
    )
    return may, held


def _split(change: Change, between: Members) -> tuple[Change, Change]:
    return difference(change.remove, between), difference(between, change.add)


def _rows_meanwhile(changes: Mapping[Rule, Change]) -> dict[Rule, Members]:
    """By rule, what is to stand of the changed rows as long as the pause lasts."""
    found = {rule: _lesser(change.remove, change.add) for rule, change in changes.items()}
    for old, new, less in changed_rules(changes):
        gone, comes = gone_rows(changes[old]), changes[new].add
        if less:
            found[new] = beside(found[new], _lesser(gone, comes))
        else:
            found[old] = beside(found[old], kept_rows(gone, comes))
    return found


def _lesser(actual: Members, desired: Members) -> Members:
    """What both cover, until the earlier end; both sorted and disjoint."""
    pieces = inside(Ranges(desired.first, desired.last), Ranges(actual.first, actual.last))
    first, last = pieces.ranges.first, pieces.ranges.last
    if not len(first):
        return Members.none()
    wanted, standing = pieces.source, search(actual.first, first, "right") - 1
    sooner = desired.end[wanted] <= actual.end[standing]
    end = np.where(sooner, desired.end[wanted], actual.end[standing])
    order = np.where(sooner, desired.order[wanted], actual.order[standing])
    return cover(first, last, end, order)


def _split_names(
    change: InterfaceChange, between: Mapping[str, InterfaceMember]
) -> tuple[InterfaceChange, InterfaceChange]:
    desired = {member.name: member for member in change.add}
    standing = {member.name: member for member in change.remove}
    return _difference(standing, between), _difference(between, desired)


def _names_meanwhile(
    changes: Mapping[Rule, InterfaceChange],
) -> dict[Rule, dict[str, InterfaceMember]]:
    found = {rule: _sooner(change.remove, change.add) for rule, change in changes.items()}
    for old, new, less in changed_rules(changes):
        gone, comes = gone_names(changes[old]), changes[new].add
        if less:
            found[new] = {**_sooner(gone.values(), comes), **found[new]}
        else:
            kept = {m.name: gone[m.name] for m in comes if m.name in gone}
            found[old] = {**kept, **found[old]}
    return found


def _sooner(
    actual: Iterable[InterfaceMember], desired: Iterable[InterfaceMember]
) -> dict[str, InterfaceMember]:
    """By name, what both cover, until the earlier end."""
    wanted = {member.name: member for member in desired}
    return {
        member.name: min(wanted[member.name], member, key=lambda m: m.end)
        for member in actual
        if member.name in wanted
    }


def _difference(
    old: Mapping[str, InterfaceMember], new: Mapping[str, InterfaceMember]
) -> InterfaceChange:
    return InterfaceChange(
        tuple(member for name, member in new.items() if old.get(name) != member),
        tuple(member for name, member in old.items() if new.get(name) != member),
    )
