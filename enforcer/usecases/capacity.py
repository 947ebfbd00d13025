# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the devices have room for one more order, or for many, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from enforcer.control.book import OrderBook
from enforcer.control.filling import fill, new_lists
from enforcer.core.compile import Compiled, advance, compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.draft import Draft, Refusal
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.core.orders import in_force as is_in_force
from enforcer.core.plan import Capability
from enforcer.usecases.in_force import InForce
from enforcer.usecases.world import World


class Room:
    """What is desired on the devices that have a capacity, and on them alone.

    Costs nothing where none has one. Else the orders are read once, and the desired state of
    each such device is compiled when the first order wants something of it. Orders that
    passed count from then on, under numbers of their own.
    """

    def __init__(
        self, world: World, in_force: InForce, capabilities: Mapping[str, Capability]
    ) -> None:
        self._world = world
        self._in_force = in_force
        self._limits = {n: c.capacity for n, c in capabilities.items() if c.capacity is not None}
        self._book: OrderBook | None = None
        self._boxes: dict[str, _Box] = {}
        self._number = 0

    def over_capacity(self, draft: Draft, now: datetime) -> tuple[Refusal, ...]:
        """Code over-capacity: what is desired and `draft` are more than a device can hold.

        A draft that nothing is said about counts as placed.
        """
        if not self._limits:
            return ()
        book = self._filled(now)
        self._number += 1
        order = replace(draft.order(), number=self._number, changed=self._number)
        known = self._in_force
        asks = contributions(order, known.topology, self._lists(book, order), known.owners)
        boxes = [self._box(name, book, now) for name in asks.devices if name in self._limits]
        refusals = tuple(r for box in boxes for r in box.refusals(asks))
        if not refusals:
            for box in boxes:
                box.add(asks)
        return refusals

    def _filled(self, now: datetime) -> OrderBook:
        if self._book is None:
            self._book = OrderBook(self._in_force.topology)
            self._number = fill(self._book, self._world.database, now)
        return self._book

    def _lists(self, book: OrderBook, order: Order) -> Mapping[str, ListContent]:
        if not isinstance(order.demand, BlockList):
            return {}
        with self._world.database.read() as reader:
            return {**book.lists(), **new_lists(book, reader.lists, [order])}

    def _box(self, name: str, book: OrderBook, now: datetime) -> _Box:
        if name not in self._boxes:
            entries = [e for e in book.entries() if is_in_force(e.order, now)]
            compiled = compile_device(name, (entry.asks_on(name) for entry in entries))
            self._boxes[name] = _Box(name, self._limits[name], compiled)
        return self._boxes[name]


class _Box:
    """One device. What passed is compiled only when the limit is near: a row that is added
    makes at most two more, where it splits one that stands."""

    def __init__(self, name: str, limit: int, compiled: Compiled) -> None:
        self._name = name
        self._limit = limit
        self._compiled = compiled
        self._waiting: list[Contributions] = []
        self._most = len(compiled.desired)

    def refusals(self, asks: Contributions) -> Iterator[Refusal]:
        if self._most + self._rows(asks) <= self._limit:
            return
        self._compiled, _ = advance(self._compiled, self._waiting, ())
        self._waiting.clear()
        before = self._most = len(self._compiled.desired)
        after = len(advance(self._compiled, (asks,), ())[0].desired)
        if after > self._limit and after > before:
            yield Refusal(
                "over-capacity",
                f"{self._name} would have to hold {after} entries (now {before}) and can hold"
                f" {self._limit}: lift or narrow something, name another scope, or state what it"
                " can hold (`capacity` in the inventory, as far as its driver goes)",
            )

    def add(self, asks: Contributions) -> None:
        self._waiting.append(asks)
        self._most += self._rows(asks)

    def _rows(self, asks: Contributions) -> int:
        return 2 * sum(map(len, asks.on(self._name)))
