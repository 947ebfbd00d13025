# SPDX-License-Identifier: GPL-2.0-or-later
"""The decisions in force, and what of them each bouncer was not told yet.

One book for all bouncers: a value stands in it once, whatever orders ask for it, and goes when the
last of them does. Every change gets the next position; of a bouncer only the position is kept up to
which it was told. After a restart that is not known, and it is told everything: what stands, and
what went within `REMEMBERED`; adding or deleting again changes nothing for a bouncer.
"""

from __future__ import annotations

import heapq
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from enforcer.core.orders import BlockList, Order, in_force, is_over
from enforcer.intake.lapi_history import REMEMBERED, left_behind
from enforcer.intake.lapi_values import Values, is_told
from enforcer.storage.times import to_us
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.in_force import InForce
from enforcer.usecases.world import World

log = structlog.get_logger()

FOR_EVER = timedelta(days=3650)
"""What is told of an order without an end."""
_MOST_GONE = 2_000_000
_MOST_BOUNCERS = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """One order, as its decisions name it."""

    number: int
    kind: str
    source: str
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One value with the orders that ask for it. `at`: its position; `id`: for bouncers."""

    id: int
    at: int
    orders: tuple[Told, ...]

    @property
    def order(self) -> Told:
        """The one with the latest end, as which it is told."""
        return max(self.orders, key=lambda one: (one.end is None, one.end or _NEVER, one.number))


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Standing:
    order: Order
    told: Told
    values: tuple[str, ...]
    version: int | None


@dataclass(frozen=True, slots=True)
class Pull:
    """What a bouncer is told: it holds `position` once it has all of it."""

    new: list[tuple[str, Decision]]
    deleted: list[str]
    position: int
    now: datetime


class DecisionBook:
    """May be used by several threads. `most_gone`: so much of what went is kept at most."""

    def __init__(self, world: World, most_gone: int = _MOST_GONE) -> None:
        self._world = world
        self._most_gone = most_gone
        self._lock = threading.Lock()
        self._by_value: dict[str, Decision] = {}
        self._gone: dict[str, int] = {}
        self._forgotten = 0
        self._standing: dict[int, _Standing] = {}
        self._later: list[tuple[int, int]] = []
        self._head: int | None = None
        self._inventory = ""
        self._at = 0
        self._ids = 0
        self._bouncers: dict[str, int] = {}

    def pull(self, bouncer: str, startup: bool) -> Pull:
        """What `bouncer` is to be told now. Raises StorageError, ConfigurationInvalid."""
        with self._lock:
            now = self._refresh()
            known = self._bouncers.get(bouncer)
            if startup:
                return Pull(list(self._by_value.items()), [], self._at, now)
            since = known if known is not None and known >= self._forgotten else 0
            if known is not None and since != known:
                log.warning("too much went since a bouncer asked: restart it", bouncer=bouncer)
            gone = [value for value, at in self._gone.items() if at > since]
            new = [(value, one) for value, one in self._by_value.items() if one.at > since]
            return Pull(new, gone, self._at, now)

    def told(self, bouncer: str, pull: Pull) -> None:
        """`bouncer` was sent all of `pull`."""
        with self._lock:
            self._bouncers.pop(bouncer, None)
            self._bouncers[bouncer] = pull.position
            while len(self._bouncers) > _MOST_BOUNCERS:
                del self._bouncers[next(iter(self._bouncers))]

    def look(self) -> tuple[dict[str, Decision], datetime]:
        """Everything that stands now, by value: a copy of the book's own."""
        with self._lock:
            now = self._refresh()
            return dict(self._by_value), now

    # -- what stands, under the lock -------------------------------------------------------

    def _refresh(self) -> datetime:
        now = self._world.clock.now()
        present = self._world.in_force()
        with self._world.database.read() as reader:
            head = reader.audit.head()[0]
            values = Values(reader, present)
            if self._head is None:
                self._begin(reader, present, values, now)
                self._inventory = present.topology.digest
            elif head != self._head:
                for order in reader.orders.changed_since(self._head):
                    self._enter(order, reader, values, now)
                self._follow_lists(reader, values)
            self._clock(reader, values, now)
            if present.topology.digest != self._inventory:
                self._follow_inventory(values)
            self._head = head
        self._inventory = present.topology.digest
        return now

    def _begin(self, reader: Reader, present: InForce, values: Values, now: datetime) -> None:
        """Everything anew; what went lately is remembered for bouncers that were here before."""
        orders = reader.orders.unfinished(now, REMEMBERED)
        for order in orders:
            if not is_over(order, now):
                self._enter(order, reader, values, now)
        self._at += 1
        for value in left_behind(reader, present, orders, now):
            if value not in self._by_value:
                self._gone[value] = self._at

    def _enter(self, order: Order, reader: Reader, values: Values, now: datetime) -> None:
        old = self._standing.pop(order.number, None)
        if is_told(order) and in_force(order, now):
            told = Told(order.number, order.demand.kind, order.source, order.ends)
            found = values.of(order)
            self._standing[order.number] = _Standing(order, told, found, _version(order, reader))
            self._move(order.number, old, told, found)
        elif old is not None:
            self._move(order.number, old, None, ())
        if not is_over(order, now) and is_told(order):
            for instant in (order.start, order.ends):
                if instant is not None and instant > now:
                    heapq.heappush(self._later, (to_us(instant), order.number))

    def _clock(self, reader: Reader, values: Values, now: datetime) -> None:
        """What began or ended meanwhile, though nothing was changed."""
        while self._later and self._later[0][0] <= to_us(now):
            _, number = heapq.heappop(self._later)
            order = reader.orders.get(number)
            if order is not None:
                self._enter(order, reader, values, now)

    def _follow_lists(self, reader: Reader, values: Values) -> None:
        for number, one in self._standing.items():
            newest = _version(one.order, reader)
            if newest != one.version:
                found = values.of(one.order)
                self._move(number, one, one.told, found)
                one.values, one.version = found, newest

    def _follow_inventory(self, values: Values) -> None:
        """Customers got or lost prefixes, or space is protected now."""
        for number, one in self._standing.items():
            found = values.of(one.order)
            if found != one.values:
                self._move(number, one, one.told, found)
                one.values = found

    def _move(
        self, number: int, old: _Standing | None, told: Told | None, values: tuple[str, ...]
    ) -> None:
        """Replace what an order gave by what it gives now."""
        self._at += 1
        kept = set(values)
        for value in old.values if old is not None else ():
            if value not in kept:
                self._take(value, number)
        if told is not None:
            for value in values:
                self._give(value, told)

    def _take(self, value: str, number: int) -> None:
        decision = self._by_value[value]
        rest = tuple(one for one in decision.orders if one.number != number)
        if rest:
            self._change(value, decision, rest)
            return
        del self._by_value[value]
        self._gone.pop(value, None)
        self._gone[value] = self._at
        while len(self._gone) > self._most_gone:
            oldest = next(iter(self._gone))
            self._forgotten = max(self._forgotten, self._gone.pop(oldest))

    def _give(self, value: str, told: Told) -> None:
        decision = self._by_value.get(value)
        if decision is None:
            self._ids += 1
            # Who was not told yet that it went is told both, for the old end's sake.
            self._by_value[value] = Decision(self._ids, self._at, (told,))
            return
        rest = tuple(one for one in decision.orders if one.number != told.number)
        self._change(value, decision, (*rest, told))

    def _change(self, value: str, decision: Decision, orders: tuple[Told, ...]) -> None:
        """Where its end moved, bouncers are told to delete and to add it: adding alone leaves
        the old end."""
        changed = Decision(decision.id, decision.at, orders)
        if changed.order.end != decision.order.end:
            changed = Decision(decision.id, self._at, orders)
            self._gone.pop(value, None)
            self._gone[value] = self._at
        self._by_value[value] = changed


def _version(order: Order, reader: Reader) -> int | None:
    if not isinstance(order.demand, BlockList):
        return None
    return reader.lists.current_version(order.demand.list_name)
