# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a route: who announces it, where is it rejected, by which orders, is it used?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from enforcer.application.route_views import RouteDevice, RouteOrder, RouteSeen, WhyRouteView
from enforcer.application.views import OrderView
from enforcer.control.book import Entry, OrderBook
from enforcer.control.filling import fill
from enforcer.core.contributions import Contribution
from enforcer.core.intervals import Ranges, inside, rows_of
from enforcer.core.orders import Network, in_force, is_over, order_id
from enforcer.core.prefixes import parse_network
from enforcer.core.rules import Key
from enforcer.core.sessions import CLOSED, WITHOUT_BGP, BgpSession, of_device
from enforcer.core.status import DeviceFacts
from enforcer.driver_api import NeighborRoutes, RoutingSession, Sighting
from enforcer.errors import DeviceError
from enforcer.usecases.lingering import is_rid_of
from enforcer.usecases.present import Presenter
from enforcer.usecases.route_claims import RouteClaim, Where, route_claims_on
from enforcer.usecases.routing import PATIENCE, Unread, ask_each
from enforcer.usecases.surroundings import customer_of, protected_in
from enforcer.usecases.world import World


class _Told(NamedTuple):
    """What a device says: every neighbor's route, whether its table has one, what it sends."""

    sightings: tuple[Sighting, ...]
    in_table: bool
    sent: Mapping[str, NeighborRoutes | None]


def why_route(world: World, prefix: str, patience: float = PATIENCE) -> WhyRouteView:
    """What becomes of the route for exactly `prefix`. Raises InvalidInput.

    The devices are asked, in parallel; one that does not answer is told, and so is the doubt.
    """
    return _Question(world, parse_network(prefix)).answer(patience)


class _Question:
    """One question, under one inventory and one reading of the orders."""

    def __init__(self, world: World, asked: Network) -> None:
        self._world = world
        self._asked = asked
        self._now = world.clock.now()
        self._topology = world.topology
        self._entries = self._standing()
        self._claims = route_claims_on(self._parts(), asked)
        self._shut = self._closed()

    def answer(self, patience: float) -> WhyRouteView:
        """Everything about the route."""
        answers = ask_each(self._world, dict(self._questions()), patience)
        seen = [one for name in sorted(answers) for one in self._on(name, answers[name])]
        blackholes = sorted(self._blackholes())
        named = {one for found in seen for one in (*found.orders, *found.would_reject)}
        return WhyRouteView(
            prefix=str(self._asked),
            at=self._now,
            seen=seen,
            devices=[_device(name, answers[name]) for name in sorted(answers)],
            orders=self._orders(named.union(blackholes)),
            blackholes=blackholes,
            customer=customer_of(self._topology, self._asked),
            protected=protected_in(self._topology, self._asked),
            certainty=_certainty(answers.values()),
        )

    # -- what the orders say -------------------------------------------------------------

    def _standing(self) -> list[tuple[Entry, frozenset[str] | None]]:
        """Entries that count, with the devices on which they do; None: on all of them."""
        world, now = self._world, self._now
        book = OrderBook(self._topology)
        fill(book, world.database, now)
        with world.database.read() as reader:
            facts = reader.devices.all_facts()
        found: list[tuple[Entry, frozenset[str] | None]] = []
        for entry in book.entries():
            if in_force(entry.order, now):
                found.append((entry, None))
            elif is_over(entry.order, now):
                left = frozenset(
                    name
                    for name in entry.devices
                    if not is_rid_of(entry.order, facts.get(name, DeviceFacts()))
                )
                if left:
                    found.append((entry, left))
        return found

    def _parts(self) -> Iterator[Contribution]:
        for entry, devices in self._entries:
            for part in entry.standing.parts:
                if devices is None or part.device in devices:
                    yield part

    def _closed(self) -> dict[tuple[str, str], list[int]]:
        found: dict[tuple[str, str], list[int]] = {}
        for part in self._parts():
            if part.rule == CLOSED:
                for neighbor in part.interfaces:
                    found.setdefault((part.device, neighbor), []).append(part.order)
        return found

    def _blackholes(self) -> set[str]:
        rows = rows_of((self._asked,))
        return {
            order_id(part.order)
            for part in self._parts()
            if part.rule.key is Key.BLACKHOLE
            and part.rule.family == self._asked.version
            and len(inside(rows, Ranges(part.first, part.last)).source)
        }

    def _orders(self, ids: Iterable[str]) -> list[RouteOrder]:
        entries = {entry.order.id: entry for entry, _ in self._entries}
        presenter = Presenter(self._world)
        shown = [presenter.order(entries[one].order, entries[one]) for one in sorted(set(ids))]
        return [_order(view) for view in sorted(shown, key=lambda view: view.start)]

    # -- what the devices say ------------------------------------------------------------

    def _questions(self) -> Iterator[tuple[str, Callable[[RoutingSession], _Told]]]:
        for name, device in self._topology.devices.items():
            concerned = any(where.device == name for where in self._claims)
            speaks = device.bgp and device.platform not in WITHOUT_BGP and device.neighbors
            if speaks or concerned:
                sent = [w.neighbor for w in self._claims if w[::2] == (name, Key.ANNOUNCED)]
                yield name, partial(_asked, asked=self._asked, sent=sent)

    def _on(self, name: str, answer: _Told | Unread) -> Iterator[RouteSeen]:
        """The sessions of one device that matter."""
        sessions = {s.address: s for s in of_device(self._topology.devices[name], self._topology)}
        told = answer if isinstance(answer, _Told) else None
        routes = {str(one.neighbor): one for one in told.sightings} if told else {}
        for neighbor in sorted({*routes, *self._concerned(name, sessions)}):
            where = Where(name, neighbor, Key.RECEIVED)
            session = sessions.get(neighbor)
            yield self._received(where, session, routes.get(neighbor), told is not None)
        for where in sorted(w for w in self._claims if w[::2] == (name, Key.ANNOUNCED)):
            yield self._sent(where, sessions.get(where.neighbor), told)

    def _concerned(self, name: str, sessions: Mapping[str, BgpSession]) -> Iterator[str]:
        """Neighbors from which an order keeps the route, announced or not."""
        for where in self._claims:
            if where.device == name and where.way is Key.RECEIVED:
                yield where.neighbor
        for device, neighbor in self._shut:
            session = sessions.get(neighbor)
            if device == name and (session is None or self._asked.version in session.families):
                yield neighbor

    def _received(
        self, where: Where, session: BgpSession | None, seen: Sighting | None, told: bool
    ) -> RouteSeen:
        claims = self._claims.get(where, [])
        shut = self._shut.get((where.device, where.neighbor), [])
        if seen is not None:
            numbers = [one.order for one in claims if one.rejects(seen.route)] + shut
            state = "accepted" if seen.accepted else "rejected"
            return _seen(where, session, state, numbers, seen.route.path)
        if not told:
            return _seen(where, session, "unknown", would=[*claims, *map(_closing, shut)])
        return _seen(where, session, "shut" if shut else "not-announced", shut, would=claims)

    def _sent(self, where: Where, session: BgpSession | None, told: _Told | None) -> RouteSeen:
        sent = told.sent.get(where.neighbor) if told else None
        claims = self._claims[where]
        if sent is None:
            return _seen(where, session, "unknown", would=claims)
        for state, routes in (("accepted", sent.accepted), ("rejected", sent.rejected or ())):
            for route in routes:
                if route.prefix == self._asked:
                    numbers = [one.order for one in claims if one.rejects(route)]
                    return _seen(where, session, state, numbers, route.path)
        return _seen(where, session, "not-announced", would=claims)


def _certainty(answers: Collection[_Told | Unread]) -> str:
    """Of nobody who could be asked nothing is known; what we send counts like what we get."""
    told = [answer for answer in answers if isinstance(answer, _Told)]
    if not told:
        return "unknown"
    whole = len(told) == len(answers)
    return "verified" if whole and all(None not in one.sent.values() for one in told) else "partial"


def _closing(order: int) -> RouteClaim:
    return RouteClaim(order, CLOSED, Ranges.none())


def _asked(session: RoutingSession, asked: Network, sent: Iterable[str]) -> _Told:
    sightings, in_table = session.sightings(asked)
    found: dict[str, NeighborRoutes | None] = {}
    for neighbor in sent:
        try:
            found[neighbor] = session.routes(neighbor, asked.version, Key.ANNOUNCED)
        except DeviceError:
            found[neighbor] = None
    return _Told(sightings, in_table, found)


def _seen(
    where: Where,
    session: BgpSession | None,
    state: str,
    orders: Iterable[int] = (),
    path: tuple[int, ...] = (),
    *,
    would: Collection[RouteClaim] = (),
) -> RouteSeen:
    return RouteSeen(
        device=where.device,
        neighbor=where.neighbor,
        name=session.neighbor.name if session else "",
        asn=(session.neighbor.asn or None) if session else None,
        customer=(session.customer or None) if session else None,
        direction="in" if where.way is Key.RECEIVED else "out",
        state=state,
        path=list(path),
        orders=_ids(orders),
        would_reject=_ids(one.order for one in would),
        depends_on_path=bool(would) and all(one.anyhow() != one for one in would),
    )


def _ids(numbers: Iterable[int]) -> list[str]:
    return [order_id(number) for number in sorted(set(numbers))]


def _device(name: str, answer: _Told | Unread) -> RouteDevice:
    if isinstance(answer, Unread):
        return RouteDevice(device=name, in_table=None, problem=answer.why)
    return RouteDevice(device=name, in_table=answer.in_table)


def _order(view: OrderView) -> RouteOrder:
    return RouteOrder(
        id=view.id,
        kind=view.kind,
        target=view.target,
        status=view.status,
        reason=view.reason,
        issuer=view.issuer,
        since=view.start,
        until=view.end,
        ticket=view.ticket,
    )
