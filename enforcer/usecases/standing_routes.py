# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders that were placed already take of the routes that a new one is judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from enforcer.core.addresses import Flags
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.intervals import Ranges
from enforcer.core.orders import DropRoutes, Order, ShutdownSession, SuspendCustomer
from enforcer.core.placement import Ownership
from enforcer.core.route_effect import rejected
from enforcer.core.routes import Route
from enforcer.core.rules import Key, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Topology
from enforcer.storage.database import Database
from enforcer.usecases.routing import Line

ABOUT_ROUTES = (DropRoutes, ShutdownSession, SuspendCustomer)
"""Demands that may take routes."""


@dataclass(frozen=True, slots=True)
class _Taker:
    """One order: from when to when it takes what. `closed`: device and neighbor."""

    start: datetime
    end: datetime | None
    rules: Mapping[tuple[str, str, Key], Mapping[Rule, Ranges]]
    closed: frozenset[tuple[str, str]]

    def meets(self, start: datetime, end: datetime | None) -> bool:
        """Whether it is in force at some time from `start` to `end` (None: for ever)."""
        return (self.end is None or start < self.end) and (end is None or self.start < end)

    def flags(self, line: Line, routes: Sequence[Route]) -> Flags:
        """Which of `routes` of `line` it takes."""
        if (line.device, line.neighbor) in self.closed:
            return np.ones(len(routes), np.bool_)
        return rejected(routes, self.rules.get((line.device, line.neighbor, line.way), {}))


class StandingRoutes:
    """Orders in force and to come, and those that passed since; read when first asked for.

    Routers may not have been told of them yet, so that what they say is no sign of them. Orders
    that other programs place in the same moment are not known.
    """

    def __init__(
        self,
        database: Database,
        topology: Topology,
        owners: Ownership,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._topology = topology
        self._owners = owners
        self._now = now
        self._takers: list[_Taker] | None = None
        self._flags: dict[tuple[int, Line], Flags] = {}

    def passed(self, order: Order, asks: Contributions) -> None:
        """`order`, which asks for `asks`, is taken for placed from now on."""
        if isinstance(order.demand, ABOUT_ROUTES):
            self._known().append(_taker(order, asks))

    def taken(
        self, line: Line, routes: Sequence[Route], start: datetime, end: datetime | None
    ) -> Flags:
        """Which of `routes` (of `line`, always the same) they take while a new one is in force."""
        found = np.zeros(len(routes), np.bool_)
        for number, taker in enumerate(self._known()):
            if taker.meets(start, end):
                place = (number, line)
                if place not in self._flags:
                    self._flags[place] = taker.flags(line, routes)
                found |= self._flags[place]
        return found

    def _known(self) -> list[_Taker]:
        if self._takers is None:
            self._takers = list(self._stored())
        return self._takers

    def _stored(self) -> Iterator[_Taker]:
        with self._database.read() as reader:
            orders = reader.orders.unfinished(self._now(), timedelta(0))
        for order in orders:
            if order.lifted is None and isinstance(order.demand, ABOUT_ROUTES):
                yield _taker(order, contributions(order, self._topology, {}, self._owners))


def _taker(order: Order, asks: Contributions) -> _Taker:
    rules: dict[tuple[str, str, Key], dict[Rule, Ranges]] = {}
    closed: set[tuple[str, str]] = set()
    for part in asks.parts:
        if part.rule == CLOSED:
            closed.update((part.device, name) for name in part.interfaces)
        elif part.rule.by_route:
            place = (part.device, part.rule.neighbor, part.rule.key)
            rules.setdefault(place, {})[part.rule] = Ranges(part.first, part.last)
    return _Taker(order.start, order.ends, rules, frozenset(closed))
