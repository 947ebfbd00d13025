# SPDX-License-Identifier: GPL-2.0-or-later
"""What one order asks of each device: placed, protected space withheld, time aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from enforcer.core.addresses import to_column
from enforcer.core.demands import (
    Claim,
    Lists,
    claims,
    interface_rules,
    missing_names,
    plain_rules,
)
from enforcer.core.instants import end_ms
from enforcer.core.intervals import Ranges, ends_of, intersect, rows_of, subtract, union
from enforcer.core.links import on_links
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    DropRoutes,
    Network,
    Order,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.placement import FAMILIES, Ownership, ownership, place
from enforcer.core.route_contributions import (
    blackhole_rule,
    blackhole_rules,
    registered_nowhere,
    route_claims,
    speakers,
)
from enforcer.core.rules import Addresses, Rule, Withheld
from enforcer.core.selection import ranges_in, ranges_of
from enforcer.core.sessions import CLOSED, sessions_of
from enforcer.core.shutdown import SHUT, to_shut
from enforcer.core.topology import Customer, Topology


@dataclass(frozen=True, eq=False, slots=True)
class Contribution:
    """What one order asks of one device and rule; never empty.

    `first`, `last`: canonical ranges, shape (N, 2); N is 0 for rules by interface, which name
    their `interfaces` (sorted) instead. `end`: milliseconds or `NO_END`.
    """

    device: str
    rule: Rule
    first: Addresses
    last: Addresses
    interfaces: tuple[str, ...]
    end: int
    order: int

    def __len__(self) -> int:
        return len(self.first) or len(self.interfaces)


@dataclass(frozen=True, eq=False, slots=True)
class Contributions:
    """All that one order asks for, in force or not; at most one part per device and rule.

    `devices`: where the order is placed, also where all of it is withheld. `unresolved`:
    names that the order uses and nothing knows any more.
    """

    order: int
    parts: tuple[Contribution, ...]
    withheld: tuple[Withheld, ...]
    devices: tuple[str, ...]
    unresolved: tuple[str, ...] = ()

    def on(self, device: str) -> tuple[Contribution, ...]:
        """The parts on one device."""
        return tuple(part for part in self.parts if part.device == device)


def contributions(
    order: Order, topology: Topology, lists: Lists, owners: Ownership | None = None
) -> Contributions:
    """What `order` asks for under `topology` and `lists`, whatever the time is.

    `owners` is `ownership(topology)`; pass it when compiling many orders.
    """
    owners = owners or ownership(topology)
    if isinstance(order.demand, BlockAddress):
        plain = _one_prefix(order, order.demand, owners)
        if plain is not None:
            return plain
    missing = missing_names(order.demand, topology, lists)
    match order.demand:
        case SuspendCustomer() as demand:
            return _suspended(order, demand, topology, owners, missing)
        case DropRoutes() as demand:
            claimed = list(route_claims(demand, order.scope, topology))
            parts = [_part(order, device, rule, members) for device, rule, members in claimed]
            unknown = registered_nowhere(demand, order.scope, topology)
            return _without_withholding(order, parts, (*missing, *unknown))
        case ShutdownSession() as demand:
            return _without_withholding(order, _closed(order, demand.sessions, topology), missing)
        case Blackhole() as demand:
            return _blackholed(order, demand, topology, owners, missing)
    return _by_address(order, topology, lists, owners, missing)


def _one_prefix(order: Order, demand: BlockAddress, owners: Ownership) -> Contributions | None:
    """As `_by_address`, for what most orders are about: a prefix of one owner, or of nobody.

    None: it is not as plain as that.
    """
    if demand.exceptions or order.scope:
        return None
    family, (first, last) = demand.prefix.version, ends_of(demand.prefix)
    owner = owners.owner_of(first, last, family)
    if owner is None or not owners.is_free(first, last, family):
        return None
    names = owner[0] if owner else owners.borders
    rows, end = to_column((first, last)), end_ms(order.ends)
    low, high = rows[:1], rows[1:]
    parts = tuple(
        Contribution(device, rule, low, high, (), end, order.number)
        for device in names
        for rule in plain_rules(family, demand.direction)
    )
    return Contributions(order.number, parts, (), names)


def _by_address(
    order: Order,
    topology: Topology,
    lists: Lists,
    owners: Ownership,
    missing: tuple[str, ...],
) -> Contributions:
    demand = order.demand
    found: list[Contribution] = []
    withheld: list[Withheld] = []
    names: set[str] = set()
    for claim in claims(demand, topology, lists):
        remaining, removed = owners.withheld_of(claim.target, claim.family)
        placed = _placed(claim, remaining, order, topology, owners)
        names.update(placed, _placed(claim, removed, order, topology, owners))
        found += _parts(claim, placed, order)
        withheld += _withheld(claim.family, removed, order, topology)
    return Contributions(order.number, tuple(found), tuple(withheld), tuple(sorted(names)), missing)


def _suspended(
    order: Order,
    demand: SuspendCustomer,
    topology: Topology,
    owners: Ownership,
    missing: tuple[str, ...],
) -> Contributions:
    """With its traffic dropped, a customer's BGP sessions go down too; see `SuspendCustomer`."""
    sessions = _closed(order, Sessions(customers=(demand.customer,)), topology)
    match demand.by:
        case "session":
            return _without_withholding(order, sessions, missing)
        case "shutdown":
            return _by_shutdown(order, demand, topology, missing)
        case "interface":
            found = _by_interface(order, demand, topology, owners, missing)
        case _:
            found = _by_address(order, topology, {}, owners, missing)
    devices = {*found.devices, *(part.device for part in sessions)}
    return replace(found, parts=(*found.parts, *sessions), devices=tuple(sorted(devices)))


def _closed(order: Order, sessions: Sessions, topology: Topology) -> list[Contribution]:
    """The sessions shut down, device by device."""
    names: dict[str, tuple[str, ...]] = {}
    for session in sessions_of(sessions, order.scope, topology):
        names[session.device] = (*names.get(session.device, ()), session.address)
    return [
        part
        for device, found in names.items()
        for part in _interface_parts(order, device, tuple(sorted(set(found))), (CLOSED,))
    ]


def _without_withholding(
    order: Order, parts: Sequence[Contribution], missing: tuple[str, ...]
) -> Contributions:
    devices = tuple(sorted({part.device for part in parts}))
    return Contributions(order.number, tuple(parts), (), devices, missing)


def _blackholed(
    order: Order,
    demand: Blackhole,
    topology: Topology,
    owners: Ownership,
    missing: tuple[str, ...],
) -> Contributions:
    family, names = demand.prefix.version, speakers(order.scope, topology)
    first, last = ends_of(demand.prefix)
    if owners.is_free(first, last, family):
        # As below, for what most blackholes are about.
        rows, end = to_column((first, last)), end_ms(order.ends)
        rule = blackhole_rule(demand, demand.prefix.prefixlen)
        parts = [
            Contribution(name, rule, rows[:1], rows[1:], (), end, order.number) for name in names
        ]
        return Contributions(order.number, tuple(parts), (), names, missing)
    left, removed = owners.withheld_of(rows_of((demand.prefix,)), family)
    parts = [
        _part(order, name, rule, members)
        for rule, members in blackhole_rules(demand, left)
        for name in names
    ]
    withheld = _withheld(family, removed, order, topology)
    return Contributions(order.number, tuple(parts), tuple(withheld), names, missing)


def _part(order: Order, device: str, rule: Rule, members: Ranges) -> Contribution:
    end = end_ms(order.ends)
    return Contribution(device, rule, members.first, members.last, (), end, order.number)


def _placed(
    claim: Claim, target: Ranges, order: Order, topology: Topology, owners: Ownership
) -> dict[str, Ranges]:
    if not len(target):
        return {}
    if order.scope:
        return dict.fromkeys(topology.filtering(order.scope), target)
    return place(target, claim.counterpart, claim.family, owners)


def _parts(claim: Claim, placed: dict[str, Ranges], order: Order) -> list[Contribution]:
    end = end_ms(order.ends)
    return [
        Contribution(device, rule, part.first, part.last, (), end, order.number)
        for device, part in placed.items()
        for rule in claim.rules
    ]


def _by_interface(
    order: Order,
    demand: SuspendCustomer,
    topology: Topology,
    owners: Ownership,
    missing: tuple[str, ...],
) -> Contributions:
    """What is protected of the customer's addresses, or lives on a device's links to it, is
    excepted there, and said to be withheld."""
    own = Selection(customers=(demand.customer,))
    plain = {family: ranges_of(own, topology, family) for family in FAMILIES}
    parts: list[Contribution] = []
    spared = {f: [intersect(plain[f], owners.protected[f])] for f in FAMILIES}
    customer = topology.customers.get(demand.customer) or Customer(demand.customer, ())
    places = _interfaces(order, customer, topology)
    for name, interfaces in places.items():
        links = tuple(on_links(topology.devices[name], interfaces, customer))
        here = {}
        for family in FAMILIES:
            found = union((plain[family], ranges_in(links, family)))
            here[family] = intersect(found, owners.protected[family])
            spared[family].append(here[family])
        rules = interface_rules(demand, topology, here)
        parts += _interface_parts(order, name, interfaces, rules)
    withheld = [w for f in FAMILIES for w in _withheld(f, union(spared[f]), order, topology)]
    return Contributions(order.number, tuple(parts), tuple(withheld), tuple(places), missing)


def _by_shutdown(
    order: Order, demand: SuspendCustomer, topology: Topology, missing: tuple[str, ...]
) -> Contributions:
    """Where an interface must stay up, all of the customer's addresses are said to be withheld."""
    customer = topology.customers.get(demand.customer) or Customer(demand.customer, ())
    places = _interfaces(order, customer, topology)
    shut = to_shut(customer, places, topology)
    parts: list[Contribution] = []
    for name, interfaces in shut.down.items():
        parts += _interface_parts(order, name, interfaces, (SHUT,))
    withheld = tuple(
        Withheld(order.number, family, first, last, shut.spared[0])
        for family in FAMILIES
        for first, last in ranges_in(customer.prefixes, family).pairs()
        if shut.spared
    )
    return Contributions(order.number, tuple(parts), withheld, tuple(places), missing)


def _interfaces(order: Order, customer: Customer, topology: Topology) -> dict[str, tuple[str, ...]]:
    """The interfaces that the customer is attached to in the order's scope, by device."""
    names: dict[str, set[str]] = {}
    scope = topology.filtering(order.scope)
    for attachment in customer.attachments:
        if attachment.interface and attachment.device in scope:
            names.setdefault(attachment.device, set()).add(attachment.interface)
    return {device: tuple(sorted(found)) for device, found in sorted(names.items())}


def _interface_parts(
    order: Order, device: str, interfaces: tuple[str, ...], rules: tuple[Rule, ...]
) -> list[Contribution]:
    none, end = Ranges.none(), end_ms(order.ends)
    return [
        Contribution(device, rule, none.first, none.last, interfaces, end, order.number)
        for rule in rules
    ]


def _withheld(family: int, removed: Ranges, order: Order, topology: Topology) -> list[Withheld]:
    """`removed` by the reason of the longest protected prefix around each part."""
    if not len(removed):
        return []
    found: list[Withheld] = []
    rest = removed
    (low, _), (_, high) = removed.take(np.array([0, -1])).pairs()
    prefixes = [p for p in topology.protected if _meets(p.prefix, family, low, high)]
    for protected in sorted(prefixes, key=lambda p: (-p.prefix.prefixlen, p.reason)):
        if not len(rest):
            break
        rest, taken = subtract(rest, rows_of((protected.prefix,)))
        found += [
            Withheld(order.number, family, first, last, protected.reason)
            for first, last in taken.pairs()
        ]
    return sorted(found, key=lambda w: w.first)


def _meets(prefix: Network, family: int, low: int, high: int) -> bool:
    first, last = ends_of(prefix)
    return prefix.version == family and first <= high and low <= last


def same_on(device: str | None, one: Contributions, other: Contributions) -> bool:
    """Whether two of the same order ask for the same on `device`.

    `device` None: everywhere, with the same withheld.
    """
    if one is other:
        return True
    if device is None:
        parts, others = one.parts, other.parts
        alike = (one.devices, one.unresolved, one.withheld) == (
            other.devices,
            other.unresolved,
            other.withheld,
        )
    else:
        parts, others = one.on(device), other.on(device)
        alike = (device in one.devices) == (device in other.devices)
    if not alike or len(parts) != len(others):
        return False
    known = {(part.device, part.rule): part for part in others}
    return all(_same(part, known.get((part.device, part.rule))) for part in parts)


def _same(one: Contribution, other: Contribution | None) -> bool:
    return (
        other is not None
        and (one.interfaces, one.end, one.order) == (other.interfaces, other.end, other.order)
        and bool(np.array_equal(one.first, other.first))
        and bool(np.array_equal(one.last, other.last))
    )
