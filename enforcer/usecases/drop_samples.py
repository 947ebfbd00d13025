# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets dropped over time: every few minutes one look at the devices that count.

One look tells the sum on each device, for `/metrics`, and what each order's own members dropped,
which is kept. Where a device counts each member, every order is asked about by itself; that takes
at most `BUDGET` seconds of a device's time a look, the newest orders first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enforcer.application.actor import Actor
from enforcer.application.drop_views import DroppedView, DropSample
from enforcer.clock import Clock
from enforcer.control.book import OrderBook
from enforcer.control.filling import fill, holds_of, new_lists
from enforcer.core.contributions import Contributions
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Order, in_force
from enforcer.core.rules import Key, Rule
from enforcer.driver_api import Counted, CountingSession
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.dropped import EVERYTHING, Answer, counted_for, on_each, rules_about
from enforcer.usecases.world import World, existing

BUDGET = 2.0
SLOT = timedelta(minutes=1)
"""Samples are kept to the minute."""
_MOST_MEMBERS = 20_000
"""Of an order on a device: larger ones are asked about only when somebody looks."""

Wanted = Mapping[Rule, Ranges]


@dataclass(frozen=True)
class Seen:
    """One look: the packets of all rules that orders in force have on a device that counts and
    answered; and, by the number of the order, what its own members dropped, of those asked."""

    devices: Mapping[str, int] = field(default_factory=dict)
    orders: Mapping[int, int] = field(default_factory=dict)


def look(world: World, patience: float) -> Seen:
    """Ask every device that counts; one that does not answer within `patience` is left out."""
    asks = [one for one in _in_force(world) if one.parts]
    wanted: dict[str, dict[Rule, Ranges]] = {}
    for one in asks:
        for everything in EVERYTHING:
            for device, rules in rules_about(one, everything).items():
                wanted.setdefault(device, {}).update(rules)
    asks.sort(key=lambda one: -one.order)
    own = {one.order: _own(one) for one in asks}

    def ask(name: str, session: CountingSession) -> tuple[Answer, dict[int, Answer]]:
        total = session.counters(wanted[name])
        here = {number: rules[name] for number, rules in own.items() if name in rules}
        return total, _each(session, total, here, world.clock)

    answers = on_each(world, list(wanted), ask, patience)
    return Seen(
        {name: sum(one.packets for one in total.values()) for name, (total, _) in answers.items()},
        _by_order(own, {name: each for name, (_, each) in answers.items()}),
    )


def keep(world: World, seen: Seen) -> None:
    """Store what changed since the last look, and forget what is old. Raises StorageError."""
    now = world.clock.now()
    with world.database.write() as work:
        known = work.dropped.newest()
        changed = {
            number: packets
            for number, packets in seen.orders.items()
            if packets != known.get(number, 0)
        }
        work.dropped.add(changed, slot(now))
        work.dropped.prune(now)


def slot(at: datetime) -> datetime:
    """The beginning of its minute."""
    return at - timedelta(seconds=at.second, microseconds=at.microsecond)


class DropDesk:
    """See `Drops`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def dropped(self, actor: Actor, order_id: str) -> DroppedView:
        """See `Drops.dropped`."""
        world = self._world
        with world.database.read() as reader:
            order = existing(reader, order_id)
            samples = reader.dropped.of(order.number)
            asks = _asked_by(world, reader, order)
        found = None if asks is None else counted_for(world, asks, _own(asks))
        return DroppedView(
            packets=None if found is None else found.packets,
            shared_by=None if found is None else found.shared_by,
            samples=[DropSample(at=at, packets=packets) for at, packets in samples],
        )


def _in_force(world: World) -> list[Contributions]:
    now = world.clock.now()
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    return [entry.standing for entry in book.entries() if in_force(entry.order, now)]


def _asked_by(world: World, reader: Reader, order: Order) -> Contributions | None:
    """What one order asks of the devices now; None where it is not in force."""
    if not in_force(order, world.clock.now()):
        return None
    book = OrderBook(world.topology)
    lists = new_lists(book, reader.lists, [order])
    if holds := holds_of(reader.device_controls.all(), reader.inventories):
        book.reload(book.topology, holds)
    book.advance([order], lists, order.changed)
    return next((entry.standing for entry in book.entries()), None)


def _own(asks: Contributions) -> dict[str, dict[Rule, Ranges]]:
    """By device and rule the members that are the order's; of rules by interface all."""
    found: dict[str, dict[Rule, Ranges]] = {}
    for part in asks.parts:
        rule = part.rule
        if not rule.by_route and rule.key is not Key.BLACKHOLE:
            ranges = Ranges.none() if rule.by_interface else Ranges(part.first, part.last)
            found.setdefault(part.device, {})[rule] = ranges
    return found


def _each(
    session: CountingSession, total: Answer, own: Mapping[int, Wanted], clock: Clock
) -> dict[int, Answer]:
    """By order what its members dropped here; the first that fit into `BUDGET`."""
    found: dict[int, Answer] = {}
    until = clock.monotonic() + BUDGET
    for number, rules in own.items():
        known: dict[Rule, Counted] = {rule: total[rule] for rule in rules if rule in total}
        if any(not one.shared for one in known.values()):
            large = sum(map(len, rules.values())) > _MOST_MEMBERS
            if large or clock.monotonic() >= until:
                continue
            known = dict(session.counters(rules))
        if known:
            found[number] = known
    return found


def _by_order(
    own: Mapping[int, Mapping[str, Wanted]], answers: Mapping[str, Mapping[int, Answer]]
) -> dict[int, int]:
    """Sums over devices; only where every device that answered told of the order."""
    found: dict[int, int] = {}
    for number, rules in own.items():
        told = [answers[name].get(number) for name in rules if name in answers]
        if told and all(one is not None for one in told):
            found[number] = sum(c.packets for one in told if one for c in one.values())
    return found
