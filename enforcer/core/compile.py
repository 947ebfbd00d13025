# SPDX-License-Identifier: GPL-2.0-or-later
"""Contributions in force -> what must stand on one device, whole or by the change alone.

`advance` touches only the rules and address regions of the orders that began or ended, and
equals a full compile. There is no removal of its own kind: an order that ended no longer
contributes, and what another order still wants is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from enforcer.core.contributions import Contribution, Contributions
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.intervals import cover
from enforcer.core.patch import difference, patch
from enforcer.core.raw import Raw, region_of, together
from enforcer.core.rules import Desired, InterfaceMember, Members, Rule, Withheld

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Compiled:
    """What must stand on one device, and what it was made from.

    `raw`: per rule by address the contributing rows. `orders`: by order number its own parts
    on this device; `withheld`: by order number what was withheld of it.
    """

    desired: Desired
    raw: Mapping[Rule, Raw] = field(default_factory=dict)
    orders: Mapping[int, tuple[Contribution, ...]] = field(default_factory=dict)
    withheld: Mapping[int, tuple[Withheld, ...]] = field(default_factory=dict)


def compile_device(device: str, in_force: Iterable[Contributions]) -> Compiled:
    """Everything that the orders in force want on `device`."""
    return advance(Compiled(Desired(device)), in_force, ())[0]


def advance(
    compiled: Compiled, began: Iterable[Contributions], ended: Iterable[int]
) -> tuple[Compiled, Delta]:
    """`compiled` with the orders that `began` and without those (by number) that `ended`.

    An order that began and is there already is replaced: this is how an order is extended,
    or follows a new version of its list. An order in both is there. Ending an order that is
    not there does nothing. The delta holds exactly the rows that the two
    desired states do not share.
    """
    desired = compiled.desired
    asked = {item.order: item for item in began}
    came = {n: item for n, item in asked.items() if desired.device in item.devices}
    gone = {*ended, *asked}
    parts = {number: item.on(desired.device) for number, item in came.items()}
    leaving = [part for n in gone for part in compiled.orders.get(n, ())]
    coming = [part for found in parts.values() for part in found]
    orders = _changed(compiled.orders, gone, parts)
    kept = {n: item.withheld for n, item in came.items() if item.withheld}
    withheld = _changed(compiled.withheld, gone, kept)
    raw, addresses, changes = _advance_addresses(compiled, _by_rule(leaving), _by_rule(coming))
    interfaces, moves = _advance_interfaces(desired, orders, (*leaving, *coming))
    stand = Desired(desired.device, addresses, interfaces, _in_order(withheld))
    return Compiled(stand, raw, orders, withheld), Delta(changes, moves)


def _changed(known: Mapping[int, _T], gone: Iterable[int], came: Mapping[int, _T]) -> dict[int, _T]:
    """`known` without those that are gone and with those that came: one order among very many
    costs a copy of the table, which is quick, and not a look at each."""
    changed = dict(known)
    for number in gone:
        changed.pop(number, None)
    changed.update(came)
    return changed


def _by_rule(parts: Iterable[Contribution]) -> dict[Rule, list[Contribution]]:
    found: dict[Rule, list[Contribution]] = {}
    for part in parts:
        if not part.rule.by_interface:
            found.setdefault(part.rule, []).append(part)
    return found


def _in_order(withheld: Mapping[int, tuple[Withheld, ...]]) -> tuple[Withheld, ...]:
    return tuple(row for number in sorted(withheld) for row in withheld[number])


def _advance_addresses(
    compiled: Compiled,
    leaving: Mapping[Rule, list[Contribution]],
    coming: Mapping[Rule, list[Contribution]],
) -> tuple[dict[Rule, Raw], dict[Rule, Members], dict[Rule, Change]]:
    raw, members = dict(compiled.raw), dict(compiled.desired.addresses)
    changes: dict[Rule, Change] = {}
    for rule in dict.fromkeys((*leaving, *coming)):
        lost, came = leaving.get(rule, []), coming.get(rule, [])
        rows = raw.pop(rule, Raw.none()).without({p.order for p in lost}).plus(came)
        old = members.pop(rule, Members.none())
        new, change = Members.none(), Change(Members.none(), old)
        if len(rows):
            new, change = _recompile(old, rows, lost, came)
            raw[rule], members[rule] = rows, new
        if len(change.add) or len(change.remove):
            changes[rule] = change
    return raw, members, changes


def _recompile(
    old: Members, rows: Raw, lost: Sequence[Contribution], came: Sequence[Contribution]
) -> tuple[Members, Change]:
    moved = (*lost, *came)
    # Where most rows moved, a new cover and one comparison cost less than the many regions.
    if len(old) and 2 * sum(map(len, moved)) <= len(rows):
        return patch(old, rows, region_of(moved), coming=together(came))
    everything = rows.rows()
    new = cover(everything.first, everything.last, everything.end, everything.order)
    change = difference(old, new) if len(old) else Change(new, Members.none())
    return (new, change) if len(change.add) or len(change.remove) else (old, change)


def _advance_interfaces(
    desired: Desired,
    orders: Mapping[int, tuple[Contribution, ...]],
    touched: Iterable[Contribution],
) -> tuple[dict[Rule, tuple[InterfaceMember, ...]], dict[Rule, InterfaceChange]]:
    members = dict(desired.interfaces)
    changes: dict[Rule, InterfaceChange] = {}
    rules = {part.rule for part in touched if part.rule.by_interface}
    wanted: dict[Rule, list[Contribution]] = {rule: [] for rule in rules}
    for part in (part for parts in orders.values() for part in parts) if rules else ():
        if part.rule in wanted:
            wanted[part.rule].append(part)
    for rule, parts in wanted.items():
        old, new = members.pop(rule, ()), _interface_members(parts)
        if new:
            members[rule] = new
        change = InterfaceChange(
            tuple(m for m in new if m not in old), tuple(m for m in old if m not in new)
        )
        if change.add or change.remove:
            changes[rule] = change
    return members, changes


def _interface_members(parts: Iterable[Contribution]) -> tuple[InterfaceMember, ...]:
    """Per interface the latest end, of several the lowest order number; sorted by name."""
    best: dict[str, InterfaceMember] = {}
    for part in parts:
        for name in part.interfaces:
            member = InterfaceMember(name, part.end, part.order)
            known = best.get(name, member)
            best[name] = min(known, member, key=lambda m: (-m.end, m.order))
    return tuple(sorted(best.values()))
