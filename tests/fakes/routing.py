# SPDX-License-Identifier: GPL-2.0-or-later
"""A fake device that speaks BGP: what its neighbors send, and what its filters leave of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import ClassVar

from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.routes import Route, rejects
from enforcer.core.rules import Key, Owner
from enforcer.core.sessions import CLOSED
from enforcer.driver_api import Condition, NeighborRoutes, RoutingSession, Sighting
from enforcer.errors import CommandRejected
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver, FakeSession
from tests.fakes.faults import Point


def a_route(prefix: str, *path: int) -> Route:
    """The route for `prefix` with that AS path."""
    return Route(ip_network(prefix), path)


@dataclass
class FakeNeighbor:
    """`received`: what it sends; `sent`: what it is sent; `refused`: what the operator's own filter
    rejects of both. `keeps` False: rejected routes are forgotten."""

    received: Sequence[Route] = ()
    sent: Sequence[Route] = ()
    refused: frozenset[Network] = frozenset()
    condition: Condition = Condition.UP
    keeps: bool = True


@dataclass
class FakeTable:
    """The BGP side of one box: neighbors by address, and routes that come from elsewhere."""

    neighbors: dict[str, FakeNeighbor] = field(default_factory=dict)
    static: frozenset[Network] = frozenset()


class FakeRoutingDriver(FakeDriver):
    """Bound to a box whose filters are the rules that it holds."""

    platform: ClassVar[str] = "fake"

    def __init__(self, box: FakeDevice, owner: Owner, bgp: FakeTable) -> None:
        super().__init__(box, owner)
        self.bgp = bgp

    def session(self) -> FakeSession:
        """One that tells routes."""
        return FakeRoutingSession(self)


class FakeRoutingSession(FakeSession):
    """Tells what the rules on the box leave of the routes, by their definition."""

    def __init__(self, driver: FakeRoutingDriver) -> None:
        super().__init__(driver)
        self._bgp = driver.bgp

    def routes(self, neighbor: str, family: int, way: Key) -> NeighborRoutes:
        """See `RoutingSession.routes`."""
        self._box.faults.meet(Point.ROUTES)
        known = self._known(neighbor)
        condition = self._condition(neighbor)
        if condition is not Condition.UP:
            return NeighborRoutes(neighbor, family, condition, (), None)
        every = known.received if way is Key.RECEIVED else known.sent
        mine = [route for route in every if route.prefix.version == family]
        passed = tuple(route for route in mine if self._passes(neighbor, route, way))
        kept = set(passed)
        rest = tuple(route for route in mine if route not in kept)
        return NeighborRoutes(neighbor, family, condition, passed, rest if known.keeps else None)

    def sightings(self, prefix: Network) -> tuple[tuple[Sighting, ...], bool]:
        """See `RoutingSession.sightings`."""
        self._box.faults.meet(Point.ROUTES)
        found = [
            Sighting(name, route, self._passes(name, route, Key.RECEIVED))
            for name, known in self._bgp.neighbors.items()
            if self._condition(name) is Condition.UP
            for route in known.received
            if route.prefix == prefix
        ]
        used = prefix in self._bgp.static or any(one.accepted for one in found)
        return tuple(found), used

    def _known(self, neighbor: str) -> FakeNeighbor:
        if neighbor not in self._bgp.neighbors:
            raise CommandRejected(self._box.name, f"no neighbor {neighbor}: see its configuration")
        return self._bgp.neighbors[neighbor]

    def _condition(self, neighbor: str) -> Condition:
        shut = self._box.table().members.get(CLOSED, {})
        return Condition.SHUT if neighbor in shut else self._known(neighbor).condition

    def _passes(self, neighbor: str, route: Route, way: Key) -> bool:
        if route.prefix in self._known(neighbor).refused:
            return False
        ours = self._box.table().members
        return not any(
            rejects(rule, _ranges(some), route)
            for rule, some in ours.items()
            if (rule.key, rule.neighbor) == (way, neighbor)
        )


def _ranges(some: Iterable[object]) -> Ranges:
    return Ranges.of(sorted(place for place in some if isinstance(place, tuple)))


_session: type[RoutingSession] = FakeRoutingSession
