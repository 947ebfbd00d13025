# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders about BGP would take of the routes that there are now, as the routers tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np

from enforcer.application.views import NeighborPreview
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.draft import Draft, Refusal
from enforcer.core.intervals import Ranges
from enforcer.core.orders import DropRoutes
from enforcer.core.route_effect import RouteEffect, Rules, asked_of, effect, refusals_of
from enforcer.core.routes import BITS, Route
from enforcer.core.rules import Key, Rule
from enforcer.core.session_checks import wanted_by
from enforcer.core.sessions import CLOSED, BgpSession, sessions_of
from enforcer.core.topology import Topology
from enforcer.driver_api import Condition, NeighborRoutes
from enforcer.usecases.admission import Admission, Asked
from enforcer.usecases.routing import PATIENCE, Line, Readings, Unread
from enforcer.usecases.standing_routes import ABOUT_ROUTES, StandingRoutes

SHOWN = 10
"""Routes of each neighbor that a preview names."""
_NAMED = 3
_DOWN = {
    Condition.DOWN: "the session is down",
    Condition.SHUT: "the session is shut down",
}


@dataclass(frozen=True, slots=True)
class Loss:
    """What one session would lose. `accepted`: what passes all filters now, as far as it was read.

    `unread`: why it, or one family of it, was not; "" where all was. `idle`: all that was not
    read is of a session that is not up. `remaining`: what neither this order nor one that was
    placed before takes. `together`: they leave nothing, while this one by itself would.
    """

    session: BgpSession
    way: Key
    accepted: tuple[Route, ...]
    effect: RouteEffect
    unread: str = ""
    idle: bool = False
    remaining: tuple[Route, ...] = ()
    together: bool = False


@dataclass(frozen=True, slots=True)
class _Concerned:
    """One session of which an order rejects routes one way."""

    session: BgpSession
    way: Key
    rules: Rules

    def lines(self) -> Iterator[Line]:
        for family in sorted({rule.family for rule in self.rules}):
            yield Line(self.session.device, self.session.address, family, self.way)


class RouteLosses:
    """Asks the routers under one inventory; what one order made known serves the next.

    What orders that stand, and those that passed here, take of the same neighbor is gone already.
    Never inside a transaction: an answer may take long. `patience` as in `routing.ask_each`.
    """

    def __init__(self, admission: Admission, patience: float = PATIENCE) -> None:
        world = admission.world
        self._database = world.database
        self._readings = Readings(admission.world, patience)
        self._topology = admission.topology
        self._owners = admission.owners
        self._standing = StandingRoutes(
            world.database, admission.topology, admission.owners, world.clock.now
        )

    def of(self, draft: Draft, asks: Contributions) -> list[Loss]:
        """What an order that asks for `asks` would take, session by session."""
        concerned = list(_concerned(draft, asks, self._topology))
        known = self._readings.get(line for one in concerned for line in one.lines())
        return [self._loss(one, known, draft) for one in concerned]

    def judged(self, asked: Sequence[Asked]) -> list[Asked]:
        """Each with what speaks against it once its routes are read; others as they are."""
        asks = {at: self._asks(one.draft) for at, one in enumerate(asked) if self._to_read(one)}
        # All of them at once, so that the routers are asked in parallel.
        self._readings.get(
            line
            for at, some in asks.items()
            for one in _concerned(asked[at].draft, some, self._topology)
            for line in one.lines()
        )
        return [self._judged(one, asks.get(at)) for at, one in enumerate(asked)]

    def _judged(self, asked: Asked, asks: Contributions | None) -> Asked:
        """What passes counts for those that follow."""
        draft = asked.draft
        if asks is not None:
            refusals = against(draft, self.of(draft, asks))
            asked = replace(asked, refusals=(*asked.refusals, *refusals))
        if not asked.refusals and isinstance(draft.demand, ABOUT_ROUTES):
            self._standing.passed(draft.order(), asks or self._asks(draft))
        return asked

    def _asks(self, draft: Draft) -> Contributions:
        return contributions(draft.order(), self._topology, {}, self._owners)

    def _to_read(self, asked: Asked) -> bool:
        """Whether its routes decide: not of what is refused, confirmed, or placed already."""
        draft, key = asked.draft, asked.command.idempotency_key
        about_routes = isinstance(draft.demand, ABOUT_ROUTES)
        if not about_routes or draft.confirm_routes or asked.refusals:
            return False
        if key is None:
            return True
        with self._database.read() as reader:
            return reader.orders.by_key(key) is None

    def _loss(
        self, one: _Concerned, known: Mapping[Line, NeighborRoutes | Unread], draft: Draft
    ) -> Loss:
        session, accepted, left = one.session, list[Route](), list[Route]()
        problems: dict[str, bool] = {}
        for line in one.lines():
            answer = known[line]
            if isinstance(answer, Unread):
                problems[answer.why] = False
            elif answer.condition is not Condition.UP:
                problems[_DOWN[answer.condition]] = True
            else:
                accepted += answer.accepted
                taken = self._standing.taken(line, answer.accepted, draft.start, draft.end)
                left += compress(answer.accepted, np.logical_not(taken).tolist())
        protected = self._topology.protected
        lost = effect(session.device, session.address, accepted, one.rules, protected, one.way)
        rest = effect(session.device, session.address, left, one.rules, (), one.way)
        gone = set(rest.lost)
        idle = bool(problems) and all(problems.values())
        return Loss(
            session,
            one.way,
            tuple(accepted),
            lost,
            "; ".join(problems),
            idle,
            tuple(route for route in left if route not in gone),
            rest.loses_all and not lost.loses_all,
        )


def against(draft: Draft, losses: Sequence[Loss]) -> tuple[Refusal, ...]:
    """Codes loses-all-routes, loses-default-route, loses-protected-route, routes-unread.

    Whoever shuts a session down, also by suspending the customer, wants all of its routes gone,
    and one that is down loses none.
    """
    if draft.confirm_routes or not isinstance(draft.demand, ABOUT_ROUTES):
        return ()
    effects = [loss.effect for loss in losses]
    unread = [loss for loss in losses if loss.unread]
    together = [loss for loss in losses if loss.together]
    if not isinstance(draft.demand, DropRoutes):
        effects = [replace(one, loses_all=False) for one in effects]
        unread = [loss for loss in unread if not loss.idle]
        together = []
    found = (*refusals_of(effects, confirmed=False), *map(_together, together))
    return (*found, _unread(unread)) if unread else found


def views(losses: Iterable[Loss]) -> list[NeighborPreview]:
    """The losses for people and programs."""
    return [_view(loss) for loss in losses]


def _view(loss: Loss) -> NeighborPreview:
    unknown = bool(loss.unread) and not loss.accepted
    return NeighborPreview(
        device=loss.session.device,
        neighbor=loss.session.address,
        name=loss.session.neighbor.name,
        asn=loss.session.neighbor.asn or None,
        customer=loss.session.customer or None,
        direction="in" if loss.way is Key.RECEIVED else "out",
        routes=None if unknown else len(loss.accepted),
        lost=None if unknown else len(loss.effect.lost),
        remaining=None if unknown else len(loss.remaining),
        lost_first=[route_text(route) for route in loss.effect.lost[:SHOWN]],
        remaining_first=[route_text(route) for route in loss.remaining[:SHOWN]],
        problem=loss.unread or None,
    )


def route_text(route: Route) -> str:
    """``192.0.2.0/24 via 64500 64501``."""
    path = " ".join(map(str, route.path))
    return f"{route.prefix} via {path}" if path else str(route.prefix)


def _together(loss: Loss) -> Refusal:
    way = "received from" if loss.way is Key.RECEIVED else "announced to"
    return Refusal(
        "loses-all-routes",
        f"of the routes {way} {_who(loss.session)} none would remain, together with what other"
        " orders reject: name fewer routes, except what must stay, or confirm it"
        " (--confirm-routes)",
        confirmable=True,
    )


def _unread(losses: Sequence[Loss]) -> Refusal:
    said = [f"{_who(loss.session)}: {loss.unread}" for loss in losses[:_NAMED]]
    more = len(losses) - len(said)
    named = "; ".join(said) + (f"; and {more} more" if more > 0 else "")
    return Refusal(
        "routes-unread",
        f"what would be lost cannot be read ({named}): mend that, or confirm that it does not"
        " matter (--confirm-routes)",
        confirmable=True,
    )


def _who(session: BgpSession) -> str:
    return f"{session.address} on {session.device}"


def _concerned(draft: Draft, asks: Contributions, topology: Topology) -> Iterator[_Concerned]:
    """Of a session that is shut down everything that the neighbor sends."""
    wanted = wanted_by(draft)
    if wanted is None:
        return
    ways = {name: asked_of(asks, name) for name in asks.devices}
    closed = {(p.device, name) for p in asks.parts if p.rule == CLOSED for name in p.interfaces}
    for session in sessions_of(wanted, draft.scope, topology):
        address = session.address
        if (session.device, address) in closed:
            rules = {_everything(f, address): _whole(f) for f in session.families}
            yield _Concerned(session, Key.RECEIVED, rules)
            continue
        for way in (Key.RECEIVED, Key.ANNOUNCED):
            asked = ways.get(session.device, {}).get((address, way))
            if asked:
                yield _Concerned(session, way, asked)


def _everything(family: int, neighbor: str) -> Rule:
    return Rule(family, Key.RECEIVED, neighbor=neighbor)


def _whole(family: int) -> Ranges:
    return Ranges.of([(0, (1 << BITS[family]) - 1)])
