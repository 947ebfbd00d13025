# SPDX-License-Identifier: GPL-2.0-or-later
"""How sure the answer about a route is, and which orders it names of those on one device."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from enforcer.application.route_views import WhyRouteView
from enforcer.core.contributions import Contribution
from enforcer.core.intervals import rows_of
from enforcer.core.orders import DropRoutes
from enforcer.core.routes import Route
from enforcer.core.rules import NO_END, Key, RouteMatch, Rule
from enforcer.core.topology import Device, Neighbor, Topology
from enforcer.usecases.route_claims import route_claims_on
from tests.fakes.routing import a_route
from tests.unit.usecases.exchange import ACME, ALL_LEAKED, EXCHANGE, LEAKY, OWN, Exchange, nets
from tests.unit.usecases.office import ANN

GOOGLE = "8.8.8.0/24"
RULE = Rule(4, Key.RECEIVED, neighbor=LEAKY)


def asked(exchange: Exchange, topology: Topology = EXCHANGE) -> WhyRouteView:
    exchange.world = replace(exchange.world, load_topology=lambda: topology)
    exchange.app = type(exchange.app)(exchange.world)
    return exchange.app.why_route(ANN, GOOGLE)


def without_bgp(device: Device) -> Device:
    return replace(device, bgp=False)


def test_without_a_router_nothing_is_known(exchange: Exchange) -> None:
    none = {name: without_bgp(device) for name, device in EXCHANGE.devices.items()}
    view = asked(exchange, replace(EXCHANGE, devices=none))
    assert (view.devices, view.certainty) == ([], "unknown")


def test_a_device_that_speaks_no_bgp_is_not_asked(exchange: Exchange) -> None:
    filters = Device("filter1", "nftables", neighbors=(Neighbor(ip_address("10.0.3.2"), 65033),))
    devices = {**EXCHANGE.devices, "filter1": filters}
    view = asked(exchange, replace(EXCHANGE, devices=devices))
    assert [one.device for one in view.devices] == ["edge1", "edge2"]
    assert view.certainty == "verified"


def test_where_it_cannot_be_read_what_we_send_the_answer_is_partial(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).sent = [OWN, a_route(GOOGLE, 64999, 15169)]
    exchange.place(replace(ALL_LEAKED, direction="out"))
    assert asked(exchange).certainty == "verified"
    del exchange.tables["edge1"].neighbors[LEAKY]
    view = asked(exchange)
    (sent,) = (one for one in view.seen if (one.neighbor, one.direction) == (LEAKY, "out"))
    assert (sent.state, view.certainty) == ("unknown", "partial")


def part(order: int, rule: Rule, *prefixes: str) -> Contribution:
    rows = rows_of(nets(*prefixes))
    return Contribution("edge1", rule, rows.first, rows.last, (), NO_END, order)


def named(*parts: Contribution, path: tuple[int, ...] = ()) -> list[int]:
    network = ip_network(GOOGLE)
    claims = route_claims_on(parts, network)
    route = Route(network, path)
    return [one.order for some in claims.values() for one in some if one.rejects(route)]


def test_orders_that_only_together_reject_a_route_are_named_together() -> None:
    halves = part(1, RULE, "8.8.8.0/25"), part(2, RULE, "8.8.8.128/25")
    assert named(*halves, part(3, RULE, "9.9.9.0/24")) == [1, 2]
    assert named(halves[0]) == []
    # Another rule is another filter on the device.
    assert named(halves[0], part(2, replace(RULE, neighbor="10.9.9.9"), "8.8.8.128/25")) == []
    assert named(*halves, part(3, RULE, "8.8.0.0/16")) == [3]


def test_a_condition_on_the_path_holds_for_orders_together_too() -> None:
    through = replace(RULE, routes=RouteMatch(0, 32, passes=64999))
    halves = part(1, through, "8.8.8.0/25"), part(2, through, "8.8.8.128/25")
    assert named(*halves) == []
    assert named(*halves, path=(65001, 64999)) == [1, 2]


def test_halves_that_are_longer_do_not_reject_what_is_around_them(exchange: Exchange) -> None:
    for half in ("8.8.8.0/25", "8.8.8.128/25"):
        exchange.place(DropRoutes(ACME, nets(half), or_longer=True))
    exchange.enforce()
    view = asked(exchange)
    (seen,) = (one for one in view.seen if one.neighbor == LEAKY)
    assert (seen.state == "rejected") is bool(seen.orders)
