# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes that an inventory would reject, or let through, though no order was changed.

It is a row or two for each session, and may be a customer's whole space or an upstream's whole
table: no count tells a small change from a large one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from enforcer.control.book import Entry, OrderBook
from enforcer.core.contributions import Contributions, same_on
from enforcer.core.intervals import networks_of, subtract
from enforcer.core.orders import DropRoutes, Order, in_force
from enforcer.core.replacement import spares
from enforcer.core.routes import spared
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Topology

_SHOWN = 3


@dataclass(slots=True)
class RouteChanges:
    """Sentences about one device: `held` are reasons for the brake, `told` are not."""

    held: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


class _Place(NamedTuple):
    """Where an order rejects routes."""

    device: str
    neighbor: str
    key: Key
    family: int

    @property
    def words(self) -> str:
        """For people."""
        what = "from" if self.key is Key.RECEIVED else "to"
        return f"IPv{self.family} routes {what} {self.neighbor} on {self.device}"


def route_changes(old: OrderBook, new: OrderBook, now: datetime) -> dict[str, RouteChanges]:
    """By device, what orders in force would reject more than before, or no longer."""
    known = {entry.order.number: entry for entry in old.entries()}
    found: dict[str, RouteChanges] = {}
    for entry in new.entries():
        was = known.get(entry.order.number)
        if was is None or not isinstance(entry.order.demand, DropRoutes):
            continue
        if in_force(entry.order, now) and not same_on(None, was.standing, entry.asks):
            for device, said, held in _changes(was, entry, old.topology, new.topology):
                known_there = found.setdefault(device, RouteChanges())
                (known_there.held if held else known_there.told).append(said)
    return found


_Change = tuple[str, str, bool]
"""The device, the sentence, and whether the brake is to hold it."""


def _changes(was: Entry, entry: Entry, before: Topology, after: Topology) -> Iterator[_Change]:
    stood, wanted = _by_place(was.standing), _by_place(entry.asks)
    for place in sorted(wanted.keys() | stood.keys()):
        if place not in stood:
            yield _new_session(entry.order, place, before)
        elif place not in wanted:
            if _still_there(place, after):
                said = f"{_name(entry.order)} would no longer reject {place.words}"
                yield place.device, _released(said, place), True
        else:
            yield from _narrowed(entry.order, place, stood[place], wanted[place])


def _new_session(order: Order, place: _Place, before: Topology) -> _Change:
    """A device that is new is filtered from its first session on: it has carried nothing yet."""
    said = f"{_name(order)} would reject {place.words} as well"
    if _unbounded(order) and place.device in before.devices:
        return place.device, _released(said, place), True
    return place.device, said, False


def _unbounded(order: Order) -> bool:
    """Whether no prefix, length or AS says which routes are rejected: it may be a full table."""
    demand = order.demand
    if not isinstance(demand, DropRoutes) or demand.choice == "listed":
        return False
    stated = (demand.origin_as, demand.path_as, demand.longer_than4, demand.longer_than6)
    return demand.choice == "unregistered" or all(one is None for one in stated)


def _narrowed(order: Order, place: _Place, old: Rule, new: Rule) -> Iterator[_Change]:
    if spares(new.exempt, old.exempt):
        return
    lost, _ = subtract(spared(old), spared(new))
    networks = [*islice(networks_of(lost, place.family), _SHOWN + 1)]
    names = ", ".join(map(str, networks[:_SHOWN]))
    more = ", ..." if len(networks) > _SHOWN else ""
    said = f"{_name(order)} would reject {place.words} inside {names}{more}, which it lets through"
    yield place.device, _released(said, place), True


def _by_place(asks: Contributions) -> Mapping[_Place, Rule]:
    """Rules of one order at one place share their exceptions: any of them stands for all."""
    return {
        _Place(part.device, part.rule.neighbor, part.rule.key, part.rule.family): part.rule
        for part in asks.parts
        if part.rule.by_route
    }


def _still_there(place: _Place, after: Topology) -> bool:
    device = after.devices.get(place.device)
    return device is not None and any(str(n.address) == place.neighbor for n in device.neighbors)


def _name(order: Order) -> str:
    return f"order {order.id}"


def _released(said: str, place: _Place) -> str:
    return f"{said}: put it back, or let it pass with `enforcer device release {place.device}`"
