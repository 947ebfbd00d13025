# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders a change of the inventory cannot reach: they need not be compiled again."""

from __future__ import annotations

from collections.abc import Iterator

from enforcer.core.intervals import Runs, ends_of
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockPort,
    Network,
    Order,
    Selection,
)
from enforcer.core.placement import FAMILIES, places_of
from enforcer.core.selection import ranges_in
from enforcer.core.topology import Leaving, Topology


class Reach:
    """Where two inventories may place or withhold differently, to the safe side.

    Addresses outside all prefixes whose protection, or whose owner's devices, differ have the
    same protection and the same owner in both.
    """

    def __init__(self, one: Topology, other: Topology) -> None:
        self._everywhere = one.borders() != other.borders()
        self._scopes = _scoping(one) != _scoping(other)
        changed = [*_protection(one, other), *_places(one, other)]
        self._changed = {family: Runs.of(ranges_in(changed, family)) for family in FAMILIES}

    def reaches(self, order: Order) -> bool:
        """Whether `order` may ask for something else under the one than under the other.

        An order that names a customer, a service set or a list is always taken to.
        """
        prefixes = _prefixes(order)
        if prefixes is None or self._everywhere or (order.scope and self._scopes):
            return True
        return any(self._changed[p.version].met(*ends_of(p)) for p in prefixes)


def _prefixes(order: Order) -> tuple[Network, ...] | None:
    """All that the place and the members of `order` depend on; None: on names too."""
    demand = order.demand
    selections: tuple[Selection, ...]
    match demand:
        case BlockAddress():
            selections = (Selection((demand.prefix,)),)
        case BlockPort():
            selections = (demand.target,)
        case BlockFlow():
            selections = (demand.source, demand.destination)
        case _:
            return None
    if any(s.customers or s.service_sets for s in (*selections, demand.exceptions)):
        return None
    return tuple(prefix for selection in selections for prefix in selection.prefixes)


def _scoping(topology: Topology) -> dict[str, object]:
    """What a scope asks of each device; see `Topology.in_scope`."""
    return {
        name: (
            device.roles,
            device.site,
            device.leaving is Leaving.DRAINING,
            device.filters_packets,
        )
        for name, device in topology.devices.items()
    }


def _protection(one: Topology, other: Topology) -> Iterator[Network]:
    first = {(p.prefix, p.reason) for p in one.protected}
    second = {(p.prefix, p.reason) for p in other.protected}
    yield from (prefix for prefix, _ in first ^ second)


def _places(one: Topology, other: Topology) -> Iterator[Network]:
    first, second = places_of(one), places_of(other)
    yield from (p for p in {*first, *second} if first.get(p) != second.get(p))
