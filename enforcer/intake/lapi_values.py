# SPDX-License-Identifier: GPL-2.0-or-later
"""What of an order a bouncer can hold: sources to drop, each an address or a CIDR block.

A bouncer drops what comes from an address, everything and for everybody behind it. So only orders
that say just that are told: with direction ``from`` or ``both``, on all devices, in the default
VRF, without exceptions. Protected space is left out, as on the routers. A suspension is told in
spite of the services that it keeps alive: those must not run where a bouncer listens to it.
"""

from __future__ import annotations

from collections.abc import Iterator

from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    DEFAULT_VRF,
    Blackhole,
    BlockAddress,
    BlockList,
    Demand,
    Direction,
    Network,
    Order,
    SuspendCustomer,
)
from enforcer.core.topology import Topology
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.export_rows import blocks, pairs
from enforcer.usecases.in_force import InForce

FAMILIES = (4, 6)


class Values:
    """Finds them, as of one snapshot of the database and one inventory."""

    def __init__(self, reader: Reader, present: InForce) -> None:
        self._reader = reader
        self._present = present

    def of(self, order: Order) -> tuple[str, ...]:
        """What `order` gives; nothing where a bouncer would drop more or less than it says."""
        demand = order.demand
        if not is_told(order):
            return ()
        if isinstance(demand, BlockList):
            return self.of_list(self._reader.lists.current(demand.list_name))
        networks = sources_of(demand, self._present.topology)
        return self._blocks({f: rows_of(n for n in networks if n.version == f) for f in FAMILIES})

    def of_list(self, content: ListContent | None) -> tuple[str, ...]:
        """What one version of a list gives."""
        if content is None:
            return ()
        return self._blocks({family: content.ranges(family) for family in FAMILIES})

    def _blocks(self, wanted: dict[int, Ranges]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._each(wanted)))

    def _each(self, wanted: dict[int, Ranges]) -> Iterator[str]:
        for family, ranges in wanted.items():
            remaining, _ = self._present.owners.withheld_of(ranges, family)
            for some in pairs(remaining):
                for first, last in some:
                    yield from blocks(family, first, last)


def is_told(order: Order) -> bool:
    """Whether a bouncer can do exactly what `order` says."""
    demand = order.demand
    if order.scope or demand.vrf != DEFAULT_VRF:
        return False
    if isinstance(demand, SuspendCustomer):
        # Every suspension keeps some services alive, which are elsewhere; see the module.
        spared = demand.exceptions
        plain = not spared.prefixes and not spared.customers
        return plain and demand.by in ("prefixes", "interface")
    if demand.exceptions:
        return False
    if isinstance(demand, BlockAddress | BlockList | Blackhole):
        wanted = (Direction.BOTH,) if isinstance(demand, Blackhole) else _OUT
        return demand.direction in wanted
    return False


_OUT = (Direction.FROM, Direction.BOTH)


def sources_of(demand: Demand, topology: Topology) -> tuple[Network, ...]:
    """The prefixes that a demand is about."""
    if isinstance(demand, BlockAddress | Blackhole):
        return (demand.prefix,)
    if isinstance(demand, SuspendCustomer):
        customer = topology.customers.get(demand.customer)
        return () if customer is None else tuple(customer.prefixes)
    return ()
