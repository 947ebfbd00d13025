# SPDX-License-Identifier: GPL-2.0-or-later
"""What people asked for and were told, kept apart from the database, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from enforcer.core.orders import BlockAddress, BlockList, Demand, Network, Order, Scope, in_force
from enforcer.core.topology import Topology
from tests.oracle import Packet, dropped

EVERYWHERE = Scope()


@dataclass
class Ledger:
    """`orders` by id; `lists`: the entries of each list as it was imported last."""

    topology: Topology
    orders: dict[str, Order] = field(default_factory=dict)
    lists: dict[str, tuple[Network, ...]] = field(default_factory=dict)

    def placed(
        self,
        name: str,
        demand: Demand,
        start: datetime,
        end: datetime | None,
        scope: Scope = EVERYWHERE,
    ) -> None:
        """An order was taken; an id that was told before is the same order."""
        number = len(self.orders) + 1
        order = Order(number, number, demand, "", "", "", start, start, end, scope=scope)
        self.orders.setdefault(name, order)

    def lifted(self, name: str, at: datetime) -> None:
        """An order was lifted."""
        order = self.orders[name]
        if order.lifted is None:
            self.orders[name] = replace(order, lifted=at)

    def ends(self, name: str, end: datetime | None) -> None:
        """An order has another end."""
        self.orders[name] = replace(self.orders[name], end=end)

    def current(self, at: datetime) -> list[str]:
        """The ids of orders in force."""
        return [name for name, order in self.orders.items() if in_force(order, at)]

    def last_end(self) -> datetime | None:
        """When the last order that has an end of its own is over."""
        return max((o.end for o in self.orders.values() if o.end is not None), default=None)

    def forget_over(self, at: datetime) -> None:
        """Forget what is over for good; time must not step back before `at` afterwards."""
        self.orders = {
            name: order
            for name, order in self.orders.items()
            if order.lifted is None and (order.end is None or order.end > at)
        }

    def drops(self, packet: Packet, at: datetime) -> bool:
        """Whether the orders in force at `at` drop `packet`."""
        return bool(dropped(packet, self._plain(at), self.topology, {}, at))

    def verdicts(self, packets: list[Packet], at: datetime) -> list[bool]:
        """`drops` of each."""
        plain = list(self._plain(at))
        return [bool(dropped(packet, plain, self.topology, {}, at)) for packet in packets]

    def _plain(self, at: datetime) -> Iterator[Order]:
        """Orders in force; a list is an order for each of its entries."""
        for order in self.orders.values():
            demand = order.demand
            if not in_force(order, at):
                continue
            if not isinstance(demand, BlockList):
                yield order
                continue
            for prefix in self.lists.get(demand.list_name, ()):
                one = BlockAddress(prefix, demand.direction, exceptions=demand.exceptions)
                yield replace(order, demand=one)
