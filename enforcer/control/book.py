# SPDX-License-Identifier: GPL-2.0-or-later
"""The order book: every order that matters now or later, and what each asks of which device.

Advanced by the change sequence, read by all device workers. It answers "which orders may
have begun or ended for you since you last looked" without walking all of them.
"""

from __future__ import annotations

import heapq
import threading
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from enforcer.control.boundaries import Boundaries, Turn, past
from enforcer.core.contributions import Contributions, contributions, same_on
from enforcer.core.demands import Lists
from enforcer.core.device_control import Hold
from enforcer.core.inventory_reach import Reach
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.core.placement import Ownership, ownership
from enforcer.core.topology import Topology

Holds = Mapping[str, tuple[Hold, Topology]]
"""By device: what the brake decided, and the inventory that was in force before."""

KEEP_ENDED = timedelta(hours=1)
"""How long an ended order stays in the book, for workers that look seldom."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order and what it asks for.

    `held`: by device, what it asks for there while the brake holds the device to an older
    inventory; only where that differs from `asks`.
    """

    order: Order
    asks: Contributions
    held: Mapping[str, Contributions] = field(default_factory=dict)

    def asks_on(self, device: str) -> Contributions:
        """What counts on one device."""
        return self.held.get(device, self.asks)

    @property
    def devices(self) -> frozenset[str]:
        """Where it asks for something, now or under an inventory that a hold keeps."""
        return frozenset(self.asks.devices) | frozenset(self.held)

    @property
    def standing(self) -> Contributions:
        """What counts, device by device; `asks` itself where no hold says otherwise."""
        if not self.held:
            return self.asks
        free = [part for part in self.asks.parts if part.device not in self.held]
        kept = [part for name, asks in self.held.items() for part in asks.on(name)]
        names = {name for name in self.asks.devices if name not in self.held}
        names |= {name for name, asks in self.held.items() if name in asks.devices}
        return replace(self.asks, parts=(*free, *kept), devices=tuple(sorted(names)))


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where a worker has seen the book: its revision and the instant looked at.

    `through`: the last start or end that was seen, where not all of its instant were; `now` is
    just before that instant then.
    """

    revision: int
    now: datetime
    through: Turn | None = None

    @property
    def turn(self) -> Turn:
        """The last start or end that may have been seen."""
        return self.through or past(self.now)


@dataclass(frozen=True, slots=True)
class Moves:
    """What may differ since a position. `complete`: `entries` are all there are.

    `head` is the change sequence that the answer includes. `inventory`: digest of the inventory
    in force; `older`: by device, of the one that the brake keeps it to. Where `position` has a
    `through`, more starts and ends have come.
    """

    entries: tuple[Entry, ...]
    complete: bool
    position: Position
    head: int
    inventory: str = ""
    older: Mapping[str, str] = field(default_factory=dict)


class Basis:
    """The inventories by which orders are compiled: the present one, and those of holds.

    `owners` is `ownership(topology)`; pass it where it is known.
    """

    def __init__(self, topology: Topology, holds: Holds, owners: Ownership | None = None) -> None:
        self.topology = topology
        self.inventory = topology.digest
        self._owners = owners or ownership(topology)
        kept = {n: (h, old) for n, (h, old) in holds.items() if not h.all}
        self._holds = {name: hold for name, (hold, _) in kept.items()}
        self._old = {n: old for n, (_, old) in kept.items() if old.digest != self.inventory}
        self.older = {name: old.digest for name, old in self._old.items()}
        self._old_owners: dict[str, Ownership] = {}
        self._reach = {old.digest: Reach(old, topology) for old in self._held_to}

    @property
    def topologies(self) -> Iterator[Topology]:
        """The present one, and those of holds that differ from it."""
        yield self.topology
        yield from self._held_to

    @property
    def _held_to(self) -> Collection[Topology]:
        return {old.digest: old for old in self._old.values()}.values()

    def entry(self, order: Order, lists: Lists, before: Entry | None = None) -> Entry:
        """What `order` asks for; what did not change since `before` is the very same object."""
        asks = contributions(order, self.topology, lists, self._owners)
        if before is not None and same_on(None, before.asks, asks):
            asks = before.asks
        return Entry(order, asks, self._held(order, lists, asks, before))

    def again(self, before: Entry, lists: Lists, reach: Reach) -> Entry:
        """As `entry` of the same order; `reach`: from the inventory of `before` to this one."""
        if reach.reaches(before.order):
            return self.entry(before.order, lists, before)
        return replace(before, held=self._held(before.order, lists, before.asks, before))

    def _held(
        self, order: Order, lists: Lists, asks: Contributions, before: Entry | None
    ) -> dict[str, Contributions]:
        made: dict[str, Contributions] = {}
        held: dict[str, Contributions] = {}
        for name, digest in self.older.items():
            if not self._holds[name].keeps(order) or not self._reach[digest].reaches(order):
                continue
            if digest not in made:
                old = self._old[name]
                made[digest] = contributions(order, old, lists, self._owners_of(old))
            was = made[digest]
            if not same_on(name, was, asks):
                known = before.held.get(name) if before is not None else None
                held[name] = known if known and same_on(None, known, was) else was
        return held

    def _owners_of(self, old: Topology) -> Ownership:
        if old.digest not in self._old_owners:
            self._old_owners[old.digest] = ownership(old)
        return self._old_owners[old.digest]


class OrderBook:
    """Thread-safe; any number of readers, writers one at a time.

    `holds`: devices that the brake keeps to an older inventory, see `reload`.
    """

    def __init__(self, topology: Topology, holds: Holds | None = None) -> None:
        self._basis = Basis(topology, holds or {})
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._lists: dict[str, ListContent] = {}
        self._listed: dict[str, set[int]] = {}
        self._forgotten: datetime | None = None
        self._ends: list[tuple[datetime, int]] = []
        self._log: list[tuple[int, int]] = []
        self._log_floor = 0
        self._bounds = Boundaries()
        self._revision = 0
        self.head = 0

    @property
    def topology(self) -> Topology:
        """The inventory in force."""
        return self._basis.topology

    def named_lists(self) -> set[str]:
        """The lists that orders in the book name."""
        with self._lock:
            return set(self._listed)

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
        with self._writing, self._lock:
            self._lists.update(lists)
            orders = {order.number: order for order in changed}
            for name in lists:
                for number in self._listed.get(name, ()):
                    orders.setdefault(number, self._entries[number].order)
            concerned: set[str] = set()
            self._revision += 1
            for order in orders.values():
                concerned |= self._put(order)
            for order in orders.values():
                if order.ends is not None:
                    heapq.heappush(self._ends, (order.ends, order.number))
            self._bounds.add(orders.values())
            self.head = max(self.head, head)
            return frozenset(concerned)

    def _put(self, order: Order) -> frozenset[str]:
        before = self._entries.get(order.number)
        entry = self._basis.entry(order, self._lists, before)
        self._entries[order.number] = entry
        self._log.append((self._revision, order.number))
        if isinstance(order.demand, BlockList):
            self._listed.setdefault(order.demand.list_name, set()).add(order.number)
        return entry.devices | (before.devices if before else frozenset())

    def reload(self, topology: Topology, holds: Holds) -> None:
        """Compile everything by another inventory; whoever follows the book looks at it all.

        On a device with a hold, an order that `hold` keeps (`Hold.keeps`) asks for what the
        inventory beside the hold says, any other for what `topology` says: so do orders that
        come, or start, while the hold stands. Starts, ends and lifts pass always. A hold
        of everything (`hold.all`) is the reconciler's matter and changes nothing here.
        Readers are kept waiting only while the result is put in place.
        """
        with self._writing:
            basis = Basis(topology, holds)
            with self._lock:
                known, lists = dict(self._entries), dict(self._lists)
            reach = Reach(self._basis.topology, topology)
            fresh = {n: basis.again(e, lists, reach) for n, e in known.items()}
            with self._lock:
                self._basis = basis
                self._entries = fresh
                self._everybody_looks_anew()

    def under(self, topology: Topology) -> OrderBook:
        """Another book with the orders of this one, by another inventory, without holds."""
        other = OrderBook(self.topology)
        with self._lock:
            other._entries, other._lists = dict(self._entries), dict(self._lists)
            other._listed = {name: set(numbers) for name, numbers in self._listed.items()}
            other._bounds, other.head = self._bounds.copy(), self.head
            other._ends = list(self._ends)
        other.reload(topology, {})
        return other

    def _everybody_looks_anew(self) -> None:
        self._log.clear()
        self._revision += 1
        self._log_floor = self._revision

    def moves(self, since: Position | None, now: datetime, most: int | None = None) -> Moves:
        """Entries that changed after `since`, or began or ended between then and `now`.

        `most`: of those that began or ended so many at most, oldest first, with all that changed:
        ask again from the position that they lead to. Without `since` they are all there are.
        """
        with self._lock:
            position = Position(self._revision, now)
            if since is None or now < since.now or not self._remembers(since):
                return self._moves(self._entries.values(), position, complete=True)
            numbers = {n for _, n in self._log[bisect_right(self._log, (since.revision, 2**62)) :]}
            limit = None if most is None else most + 1
            turns = self._bounds.between(since.turn, past(now), limit)
            if most is not None and len(turns) > most:
                turns.pop()
                before = max(since.now, turns[-1][0] - datetime.resolution)
                position = Position(self._revision, before, turns[-1])
            numbers.update(n for _, _, n in turns)
            found = (self._entries.get(n) for n in sorted(numbers))
            return self._moves([e for e in found if e], position, complete=False)

    def _turned(self, after: datetime, until: datetime) -> Iterator[int]:
        """Numbers of orders that start or end in (after, until], some twice."""
        return (n for _, _, n in self._bounds.between(past(after), past(until)))

    def _remembers(self, since: Position) -> bool:
        """Whether all that changed or ended after a look is still here."""
        return since.revision >= self._log_floor and (
            self._forgotten is None or since.now >= self._forgotten
        )

    def _moves(self, entries: Iterable[Entry], position: Position, *, complete: bool) -> Moves:
        basis = self._basis
        return Moves(tuple(entries), complete, position, self.head, basis.inventory, basis.older)

    def moved(self, sequence: int, since: datetime, now: datetime) -> frozenset[int]:
        """Orders last changed after `sequence`, or beginning or ending in (`since`, `now`]."""
        with self._lock:
            found = set(self._turned(since, now))
            found.update(n for n, e in self._entries.items() if e.order.changed > sequence)
            return frozenset(found)

    def next_boundary(self, after: datetime) -> datetime | None:
        """The first start or end later than `after`."""
        with self._lock:
            return self._bounds.next(after)

    def due(self, after: datetime, until: datetime) -> frozenset[str]:
        """Devices on which an order starts or ends in (after, until]."""
        with self._lock:
            names: set[str] = set()
            for number in self._turned(after, until):
                entry = self._entries.get(number)
                if entry:
                    names.update(entry.devices)
            return frozenset(names)

    def prune(self, now: datetime) -> int:
        """Forget orders that ended long ago and old log entries; returns how many orders.

        Who looked since they ended, and since they last changed, notices nothing.
        """
        with self._writing, self._lock:
            old = now - KEEP_ENDED
            gone = set()
            while self._ends and self._ends[0][0] < old:
                ends, number = heapq.heappop(self._ends)
                entry = self._entries.get(number)
                if entry is not None and entry.order.ends == ends:
                    gone.add(number)
            if gone:
                self._forget(gone, old)
            if len(self._bounds) >= 4 * len(self._entries) + 1000:
                self._bounds = Boundaries()
                self._bounds.add(entry.order for entry in self._entries.values())
            if len(self._log) >= 2 * len(self._entries) + 1000:
                self._everybody_looks_anew()
            return len(gone)

    def _forget(self, gone: Collection[int], old: datetime) -> None:
        for number in gone:
            demand = self._entries.pop(number).order.demand
            if isinstance(demand, BlockList):
                self._listed[demand.list_name].discard(number)
        self._listed = {name: numbers for name, numbers in self._listed.items() if numbers}
        self._bounds.forget(gone)
        changed = max((revision for revision, number in self._log if number in gone), default=0)
        self._log_floor = max(self._log_floor, changed)
        self._log = [line for line in self._log if line[0] > changed]
        self._forgotten = max(old, self._forgotten or old)

    def orders(self, numbers: Iterable[int]) -> dict[int, Order]:
        """Those of `numbers` that are in the book."""
        with self._lock:
            return {n: self._entries[n].order for n in numbers if n in self._entries}

    def entries(self) -> Collection[Entry]:
        """All entries now."""
        with self._lock:
            return tuple(self._entries.values())
