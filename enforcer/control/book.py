# SPDX-License-Identifier: GPL-2.0-or-later
"""The order book: every order that matters now or later, and what each asks of which device.

Advanced by the change sequence, read by all device workers. It answers "which orders may
have begun or ended for you since you last looked" without walking all of them.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.core.contributions import Contributions, contributions
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.core.placement import ownership
from enforcer.core.topology import Topology

KEEP_ENDED = timedelta(hours=1)
"""How long an ended order stays in the book, for workers that look seldom."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order and what it asks for."""

    order: Order
    asks: Contributions


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a worker has seen the book: its revision and the instant looked at."""

    revision: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Moves:
    """What may differ since a position. `complete`: `entries` are all there are.

    `head` is the change sequence that the answer includes.
    """

    entries: tuple[Entry, ...]
    complete: bool
    position: Position
    head: int


class OrderBook:
    """Thread-safe; one writer (the controller's book thread), many readers."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._owners = ownership(topology)
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._lists: dict[str, ListContent] = {}
        self._log: list[tuple[int, int]] = []
        self._log_floor = 0
        self._bounds: list[tuple[datetime, int]] = []
        self._revision = 0
        self.head = 0

    def named_lists(self) -> set[str]:
        """The lists that orders in the book name."""
        with self._lock:
            return {
                e.order.demand.list_name
                for e in self._entries.values()
                if isinstance(e.order.demand, BlockList)
            }

    def list_versions(self) -> dict[str, int]:
        """The version of each list that the book holds."""
        with self._lock:
            return {name: content.version for name, content in self._lists.items()}

    def lists(self) -> dict[str, ListContent]:
        """The lists that the book holds."""
        with self._lock:
            return dict(self._lists)

    def advance(
        self, changed: Iterable[Order], lists: Mapping[str, ListContent], head: int
    ) -> frozenset[str]:
        """Take in changed orders and new list versions; returns the devices concerned."""
        with self._lock:
            self._lists.update(lists)
            orders = {order.number: order for order in changed}
            for entry in self._entries.values():
                demand = entry.order.demand
                if isinstance(demand, BlockList) and demand.list_name in lists:
                    orders.setdefault(entry.order.number, entry.order)
            concerned: set[str] = set()
            self._revision += 1
            for order in orders.values():
                concerned |= self._put(order)
            self.head = max(self.head, head)
            return frozenset(concerned)

    def _put(self, order: Order) -> frozenset[str]:
        before = self._entries.get(order.number)
        asks = contributions(order, self.topology, self._lists, self._owners)
        self._entries[order.number] = Entry(order, asks)
        self._log.append((self._revision, order.number))
        for instant in (order.start, order.ends):
            if instant is not None:
                insort(self._bounds, (instant, order.number))
        return frozenset(asks.devices) | (frozenset(before.asks.devices) if before else frozenset())

    def moves(self, since: Position | None, now: datetime) -> Moves:
        """Entries that changed after `since`, or began or ended between then and `now`."""
        with self._lock:
            position = Position(self._revision, now)
            if since is None or since.revision < self._log_floor or now < since.now:
                return Moves(tuple(self._entries.values()), True, position, self.head)
            numbers = {n for _, n in self._log[bisect_right(self._log, (since.revision, 2**62)) :]}
            low = bisect_right(self._bounds, (since.now, 2**62))
            high = bisect_right(self._bounds, (now, 2**62))
            numbers.update(n for _, n in self._bounds[low:high])
            found = (self._entries.get(n) for n in sorted(numbers))
            return Moves(tuple(e for e in found if e), False, position, self.head)

    def next_boundary(self, after: datetime) -> datetime | None:
        """The first start or end later than `after`."""
        with self._lock:
            index = bisect_right(self._bounds, (after, 2**62))
            return self._bounds[index][0] if index < len(self._bounds) else None

    def due(self, after: datetime, until: datetime) -> frozenset[str]:
        """Devices on which an order starts or ends in (after, until]."""
        with self._lock:
            low = bisect_right(self._bounds, (after, 2**62))
            high = bisect_right(self._bounds, (until, 2**62))
            names: set[str] = set()
            for _, number in self._bounds[low:high]:
                entry = self._entries.get(number)
                if entry:
                    names.update(entry.asks.devices)
            return frozenset(names)

    def prune(self, now: datetime) -> int:
        """Forget orders that ended long ago and old log entries; returns how many orders."""
        with self._lock:
            old = now - KEEP_ENDED
            gone = [
                n
                for n, e in self._entries.items()
                if e.order.ends is not None and e.order.ends < old
            ]
            if not gone and len(self._log) < 2 * len(self._entries) + 1000:
                return 0
            for number in gone:
                del self._entries[number]
            self._bounds = sorted(
                {
                    (t, e.order.number)
                    for e in self._entries.values()
                    for t in (e.order.start, e.order.ends)
                    if t is not None
                }
            )
            self._log.clear()
            self._revision += 1
            self._log_floor = self._revision
            return len(gone)

    def entries(self) -> Collection[Entry]:
        """All entries now."""
        with self._lock:
            return tuple(self._entries.values())
