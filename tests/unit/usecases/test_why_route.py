# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a route is not there: which orders reject it, on which sessions, and what devices say."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.commands import LiftOrder
from enforcer.application.route_views import RouteSeen, WhyRouteView
from enforcer.core.orders import DropRoutes
from enforcer.core.rules import Key
from enforcer.driver_api import Condition
from enforcer.errors import DeviceUnreachable, InvalidInput
from enforcer.usecases.why_route import why_route
from tests.fakes.faults import Point
from tests.fakes.routing import a_route
from tests.unit.usecases.exchange import (
    ACME,
    ALL_LEAKED,
    LEAKY,
    OWN,
    SECOND,
    SHUT_ACME,
    TRANSIT,
    Exchange,
    nets,
)
from tests.unit.usecases.office import ANN, HOUR

GOOGLE = "8.8.8.0/24"


def asked(exchange: Exchange, prefix: str = GOOGLE) -> WhyRouteView:
    return exchange.app.why_route(ANN, prefix)


def on(view: WhyRouteView, neighbor: str, direction: str = "in") -> RouteSeen:
    (found,) = (s for s in view.seen if (s.neighbor, s.direction) == (neighbor, direction))
    return found


def test_without_orders_every_announcement_is_shown(exchange: Exchange) -> None:
    view = asked(exchange)
    assert [(s.neighbor, s.state, s.path, s.orders) for s in view.seen] == [
        (LEAKY, "accepted", [65001, 64999, 15169], []),
        (TRANSIT, "accepted", [64999, 15169], []),
    ]
    assert on(view, TRANSIT).name == "transit" and on(view, LEAKY).customer == "acme"
    assert {d.device: d.in_table for d in view.devices} == {"edge1": True, "edge2": False}
    assert (view.certainty, view.orders) == ("verified", [])


def test_a_rejected_route_names_the_orders_that_reject_it(exchange: Exchange) -> None:
    listed = exchange.place(ALL_LEAKED)
    through = exchange.place(DropRoutes(ACME, choice="every", path_as=15169))
    other = exchange.place(replace(ALL_LEAKED, prefixes=nets("1.1.1.0/24")))
    exchange.enforce()
    view = asked(exchange)
    found = on(view, LEAKY)
    assert (found.state, found.orders) == ("rejected", [listed.id, through.id])
    assert other.id not in {one.id for one in view.orders}
    assert on(view, TRANSIT).state == "accepted"
    # The upstream's copy is used.
    assert {d.device: d.in_table for d in view.devices}["edge1"] is True


def test_a_route_that_somebody_else_rejects_is_not_claimed(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).refused = frozenset({ip_network(GOOGLE)})
    found = on(asked(exchange), LEAKY)
    assert (found.state, found.orders) == ("rejected", [])


def test_an_order_that_is_not_effective_is_named_beside_the_accepted_route(
    exchange: Exchange,
) -> None:
    placed = exchange.place(ALL_LEAKED)
    found = on(asked(exchange), LEAKY)
    assert (found.state, found.orders) == ("accepted", [placed.id])


def test_where_it_is_not_announced_the_orders_that_would_reject_it_are_told(
    exchange: Exchange,
) -> None:
    placed = exchange.place(ALL_LEAKED)
    exchange.enforce()
    found = on(asked(exchange), SECOND)
    assert (found.state, found.orders, found.would_reject) == ("not-announced", [], [placed.id])
    assert not found.depends_on_path


def test_a_condition_on_the_path_is_no_certain_rejection_of_what_is_not_there(
    exchange: Exchange,
) -> None:
    placed = exchange.place(DropRoutes(ACME, choice="every", origin_as=15169))
    found = on(asked(exchange), SECOND)
    assert found.would_reject == [placed.id] and found.depends_on_path


def test_an_order_whose_condition_the_path_does_not_meet_is_not_named(exchange: Exchange) -> None:
    exchange.place(DropRoutes(ACME, choice="every", origin_as=13335))
    exchange.enforce()
    found = on(asked(exchange), LEAKY)
    assert (found.state, found.orders) == ("accepted", [])


def test_what_an_order_spares_it_does_not_reject(exchange: Exchange) -> None:
    exchange.place(DropRoutes(ACME, choice="unregistered"))
    exchange.enforce()
    assert on(asked(exchange, "192.0.2.0/24"), LEAKY).orders == []
    assert on(asked(exchange), LEAKY).state == "rejected"


def test_an_ended_order_is_named_until_it_is_proved_gone(exchange: Exchange) -> None:
    placed = exchange.place(ALL_LEAKED)
    exchange.enforce()
    exchange.clock.advance(1)
    exchange.app.lift(ANN, LiftOrder(order=placed.id, reason="over"))
    view = asked(exchange)
    assert (on(view, LEAKY).state, on(view, LEAKY).orders) == ("rejected", [placed.id])
    assert [one.status for one in view.orders] == ["removing"]
    exchange.clock.advance(1)
    exchange.enforce()
    found = on(asked(exchange), LEAKY)
    assert (found.state, found.orders) == ("accepted", [])


def test_a_scheduled_order_rejects_nothing_yet(exchange: Exchange) -> None:
    exchange.place(ALL_LEAKED, start_after=HOUR)
    assert on(asked(exchange), LEAKY).orders == []


def test_a_session_that_an_order_shut_says_so(exchange: Exchange) -> None:
    shut = exchange.place(SHUT_ACME)
    drop = exchange.place(ALL_LEAKED, confirm_routes=True)
    exchange.enforce()
    found = on(asked(exchange), LEAKY)
    assert (found.state, found.orders, found.would_reject) == ("shut", [shut.id], [drop.id])


def test_a_device_that_cannot_be_asked_is_unknown_and_takes_the_certainty(
    exchange: Exchange,
) -> None:
    placed = exchange.place(ALL_LEAKED)
    exchange.boxes["edge1"].faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    view = asked(exchange)
    found = on(view, LEAKY)
    assert (found.state, found.would_reject) == ("unknown", [placed.id])
    told = {d.device: d for d in view.devices}
    assert told["edge1"].in_table is None and "armed by the test" in (told["edge1"].problem or "")
    assert (told["edge2"].in_table, view.certainty) == (False, "partial")
    exchange.deaf = {"edge2"}
    assert asked(exchange).certainty == "unknown"


def test_a_device_that_hangs_is_not_waited_for(exchange: Exchange) -> None:
    release = exchange.boxes["edge1"].faults.hang(Point.ROUTES)
    view = why_route(exchange.world, GOOGLE, patience=0.05)
    release.set()
    assert {d.device: d.problem for d in view.devices}["edge1"] == "did not answer within 0.05 s"


def test_a_session_that_is_down_announces_nothing(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).condition = Condition.DOWN
    assert [s.neighbor for s in asked(exchange).seen] == [TRANSIT]


def test_what_we_do_not_send_is_told_too(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).sent = [OWN, a_route(GOOGLE, 64999, 15169)]
    placed = exchange.place(replace(ALL_LEAKED, direction="out"))
    assert on(asked(exchange), LEAKY, "out").state == "accepted"
    exchange.enforce()
    found = on(asked(exchange), LEAKY, "out")
    assert (found.state, found.orders) == ("rejected", [placed.id])
    exchange.neighbor(LEAKY).sent = [OWN]
    assert on(asked(exchange), LEAKY, "out").would_reject == [placed.id]


def test_only_the_very_prefix_counts(exchange: Exchange) -> None:
    exchange.place(ALL_LEAKED)
    exchange.enforce()
    view = asked(exchange, "8.8.8.0/25")
    assert view.seen == []
    assert asked(exchange, "8.8.8.8").prefix == "8.8.8.8/32"


def test_whose_it_is_and_what_is_protected(exchange: Exchange) -> None:
    assert asked(exchange, "192.0.2.0/24").customer == "acme"
    assert asked(exchange, "203.0.113.0/24").protected == ["203.0.113.0/24: our servers"]


def test_what_is_no_prefix_is_refused(exchange: Exchange) -> None:
    with pytest.raises(InvalidInput, match="host bits"):
        asked(exchange, "8.8.8.8/24")


def test_the_fake_rejects_by_the_rules_that_it_holds(exchange: Exchange) -> None:
    exchange.place(ALL_LEAKED)
    exchange.enforce()
    rules = exchange.boxes["edge1"].table().members
    assert {(rule.key, rule.neighbor) for rule in rules} == {(Key.RECEIVED, LEAKY)}
