# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders about BGP are judged on the routes that there are: when they are shown and placed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.application.views import NeighborPreview, Preview
from enforcer.core.contributions import contributions
from enforcer.core.orders import (
    BlockAddress,
    Demand,
    DropRoutes,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.routes import Route
from enforcer.driver_api import Condition
from enforcer.errors import DeviceUnreachable, OrderRefused
from enforcer.usecases.admission import Admission, Asked
from enforcer.usecases.intake import ask_all
from enforcer.usecases.route_losses import RouteLosses
from inventory.route_lists import exact_routes
from tests.fakes.faults import Point
from tests.fakes.routing import a_route
from tests.unit.usecases.desks import payloads
from tests.unit.usecases.exchange import (
    ACME,
    ALL_LEAKED,
    DEFAULT,
    EXCHANGE,
    LEAKED,
    LEAKY,
    OWN,
    SECOND,
    SHUT_ACME,
    TRANSIT,
    WAY_HOME,
    Exchange,
    nets,
)
from tests.unit.usecases.office import ANN, HOUR

EVERYTHING = DropRoutes(ACME, choice="every")
UPSTREAM = Sessions(neighbors=(ip_address(TRANSIT),))
ON_EDGE1 = Scope(("edge1",))


def command(demand: Demand, **changes: object) -> PlaceOrder:
    asked = PlaceOrder(demand=demand, reason="leak", duration=HOUR)
    return asked.model_copy(update=changes)


def shown(exchange: Exchange, demand: Demand, **changes: object) -> Preview:
    return exchange.app.preview(ANN, command(demand, **changes))


def about(preview: Preview, neighbor: str) -> NeighborPreview:
    (found,) = (one for one in preview.neighbors if one.neighbor == neighbor)
    return found


def code_of(exchange: Exchange, demand: Demand, **changes: object) -> str:
    """The code of the refusal; "" when it is placed."""
    try:
        exchange.app.place(ANN, command(demand, **changes))
    except OrderRefused as error:
        return error.code
    return ""


def test_a_preview_says_what_each_neighbor_would_lose_and_what_remains(exchange: Exchange) -> None:
    preview = shown(exchange, ALL_LEAKED)
    lossy, other = about(preview, LEAKY), about(preview, SECOND)
    assert (lossy.device, lossy.customer, lossy.asn, lossy.direction) == (
        "edge1",
        "acme",
        65001,
        "in",
    )
    assert (lossy.routes, lossy.lost, lossy.remaining) == (3, 2, 1)
    assert lossy.lost_first == [
        "8.8.8.0/24 via 65001 64999 15169",
        "1.1.1.0/24 via 65001 64999 13335",
    ]
    assert lossy.remaining_first == ["192.0.2.0/24 via 65001"]
    assert (other.routes, other.lost, other.remaining) == (1, 0, 1)
    assert preview.customers == ["acme"]


def test_only_the_first_ten_are_named(exchange: Exchange) -> None:
    leaked = [a_route(f"198.18.{n}.0/24", 65001, 64999) for n in range(25)]
    exchange.neighbor(LEAKY).received = [OWN, *leaked]
    found = about(shown(exchange, DropRoutes(ACME, nets("198.18.0.0/16"), or_longer=True)), LEAKY)
    assert found.lost == 25 and len(found.lost_first) == 10


def test_what_already_is_rejected_is_not_lost(exchange: Exchange) -> None:
    exchange.place(replace(ALL_LEAKED, prefixes=nets("8.8.8.0/24")))
    exchange.enforce()
    found = about(shown(exchange, ALL_LEAKED), LEAKY)
    assert (found.routes, found.lost) == (2, 1)


def test_the_way_out_is_judged_on_what_we_send(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).sent = [DEFAULT, OWN]
    demand = DropRoutes(ACME, nets("192.0.2.0/24"), direction="out")
    found = about(shown(exchange, demand), LEAKY)
    assert (found.direction, found.routes, found.lost) == ("out", 2, 1)


def test_both_families_of_a_session_count(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = [OWN, a_route("2001:db8:2::/48", 65001)]
    found = about(shown(exchange, DropRoutes(ACME, choice="unregistered")), LEAKY)
    assert (found.routes, found.lost_first) == (2, ["2001:db8:2::/48 via 65001"])


def test_a_suspension_shows_the_routes_that_go_with_the_session(exchange: Exchange) -> None:
    demand = SuspendCustomer("acme", Selection(), "session")
    found = about(shown(exchange, demand), LEAKY)
    assert (found.lost, found.remaining) == (3, 0)
    assert code_of(exchange, demand) == ""


def test_an_order_about_packets_asks_no_device_for_routes(exchange: Exchange) -> None:
    block = BlockAddress(ip_network("192.0.2.7"))
    shown(exchange, block)
    exchange.place(block)
    assert Point.ROUTES not in exchange.boxes["edge1"].faults.met


@pytest.mark.parametrize(
    ("received", "demand", "code"),
    [
        ([OWN, *LEAKED], ALL_LEAKED, ""),
        (LEAKED, ALL_LEAKED, "loses-all-routes"),
        ([OWN, WAY_HOME], DropRoutes(ACME, choice="unregistered"), "loses-protected-route"),
        ([], ALL_LEAKED, ""),
    ],
)
def test_what_a_neighbor_would_lose_decides_when_it_is_placed(
    exchange: Exchange, received: Sequence[Route], demand: DropRoutes, code: str
) -> None:
    exchange.neighbor(LEAKY).received = received
    assert code_of(exchange, demand) == code
    if code:
        assert code_of(exchange, demand, confirm_routes=True) == ""
        assert payloads(exchange, "order.placed")[-1]["confirmed"] == {"routes": True}


def test_a_default_route_that_is_lost_by_its_path_is_refused(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = [OWN, a_route("0.0.0.0/0", 65001, 64999)]
    through = DropRoutes(ACME, choice="every", path_as=64999)
    assert code_of(exchange, through) == "loses-default-route"
    assert code_of(exchange, through, confirm_routes=True) == ""


def test_a_preview_warns_of_what_would_be_refused(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    warned = [w for w in shown(exchange, ALL_LEAKED).warnings if "[loses-all-routes]" in w]
    assert warned and "--confirm-routes" in warned[0]
    confirmed = shown(exchange, ALL_LEAKED, confirm_routes=True)
    assert not [w for w in confirmed.warnings if "[loses" in w]
    assert about(confirmed, LEAKY).lost == 2


def test_whoever_shuts_a_session_wants_its_routes_gone(exchange: Exchange) -> None:
    assert about(shown(exchange, SHUT_ACME), LEAKY).lost == 3
    assert code_of(exchange, SHUT_ACME) == ""


def test_a_session_that_brings_the_way_to_protected_space_is_not_just_shut(
    exchange: Exchange,
) -> None:
    exchange.neighbor(LEAKY).received = [OWN, WAY_HOME]
    assert code_of(exchange, SHUT_ACME) == "loses-protected-route"
    assert code_of(exchange, SHUT_ACME, confirm_routes=True) == ""


def unreachable(exchange: Exchange) -> None:
    exchange.boxes["edge1"].faults.keep_failing(Point.CONNECT, DeviceUnreachable)


def deaf(exchange: Exchange) -> None:
    exchange.deaf.add("edge1")


def down(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).condition = Condition.DOWN


def unknown_there(exchange: Exchange) -> None:
    del exchange.tables["edge1"].neighbors[LEAKY]


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (unreachable, "armed by the test"),
        (deaf, "does not tell its routes"),
        (down, "the session is down"),
        (unknown_there, "no neighbor"),
    ],
)
def test_what_cannot_be_read_is_said_and_needs_a_confirmation(
    exchange: Exchange, breaks: Callable[[Exchange], None], says: str
) -> None:
    breaks(exchange)
    preview = shown(exchange, ALL_LEAKED)
    found = about(preview, LEAKY)
    assert (found.routes, found.lost, found.remaining) == (None, None, None)
    assert found.problem is not None and says in found.problem
    assert about(preview, SECOND).problem is None
    with pytest.raises(OrderRefused, match="--confirm-routes") as refusal:
        exchange.app.place(ANN, command(ALL_LEAKED))
    assert refusal.value.code == "routes-unread"
    assert LEAKY in str(refusal.value) and says in str(refusal.value)
    assert code_of(exchange, ALL_LEAKED, confirm_routes=True) == ""


def test_a_session_that_is_down_may_be_shut(exchange: Exchange) -> None:
    down(exchange)
    assert code_of(exchange, SHUT_ACME) == ""


def test_a_session_that_cannot_be_read_is_not_just_shut(exchange: Exchange) -> None:
    unreachable(exchange)
    assert code_of(exchange, SHUT_ACME) == "routes-unread"


def test_a_device_that_does_not_answer_is_left_behind(exchange: Exchange) -> None:
    release = exchange.boxes["edge1"].faults.hang(Point.ROUTES)
    admission = Admission(exchange.world)
    (asked,) = ask_all(admission, ANN, [command(ALL_LEAKED)], RouteLosses(admission, 0.05))
    release.set()
    assert isinstance(asked, Asked)
    (refusal,) = asked.refusals
    assert refusal.code == "routes-unread" and "did not answer within 0.05 s" in refusal.message


def test_a_confirmed_order_asks_no_device(exchange: Exchange) -> None:
    exchange.boxes["edge1"].faults.met.clear()
    assert code_of(exchange, EVERYTHING, confirm_routes=True) == ""
    assert exchange.boxes["edge1"].faults.met == []


def test_many_lines_ask_each_neighbor_once_and_are_judged_one_by_one(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    one = replace(ALL_LEAKED, prefixes=nets("8.8.8.0/24"))
    lines = [command(one), command(ALL_LEAKED), command(one)]
    said = [line.code for line in exchange.app.check_many(ANN, lines)]
    assert said == [None, "loses-all-routes", None]
    exchange.boxes["edge1"].faults.met.clear()
    placed = exchange.app.place_many(ANN, lines)
    assert [line.code for line in placed] == said
    assert exchange.boxes["edge1"].faults.met.count(Point.ROUTES) == 1


def test_the_same_key_again_asks_no_device(exchange: Exchange) -> None:
    first = exchange.app.place(ANN, command(ALL_LEAKED, idempotency_key="leak-1"))
    unreachable(exchange)
    again = exchange.app.place(ANN, command(ALL_LEAKED, idempotency_key="leak-1"))
    assert again.id == first.id


def test_a_refusal_is_recorded(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    code_of(exchange, ALL_LEAKED)
    assert payloads(exchange, "order.refused")[-1]["codes"] == ["loses-all-routes"]


def test_only_the_devices_of_the_scope_are_asked(exchange: Exchange) -> None:
    shown(exchange, ShutdownSession(ACME), scope=ON_EDGE1)
    assert Point.ROUTES not in exchange.boxes["edge2"].faults.met


def test_the_inventory_of_these_tests_has_two_sessions_of_one_customer() -> None:
    assert {n.behind for d in EXCHANGE.devices.values() for n in d.neighbors} == {
        "acme",
        "upstream",
    }


def test_an_upstream_is_named_by_its_address(exchange: Exchange) -> None:
    hijack = DropRoutes(UPSTREAM, nets("8.8.8.0/24"))
    found = about(shown(exchange, hijack), TRANSIT)
    assert (found.name, found.customer, found.lost, found.remaining) == ("transit", None, 1, 1)
    assert code_of(exchange, hijack) == ""
    assert code_of(exchange, replace(hijack, choice="every", prefixes=())) != ""


def test_a_real_leak_is_shown_and_placed_whole(exchange: Exchange, corpus: Path) -> None:
    file = corpus / "routes" / "ris_rrc15_2010-02-27_prefixes.tsv"
    leaked = exact_routes(file.read_text(encoding="utf-8"))
    exchange.neighbor(LEAKY).received = [OWN, *(Route(p, (65001, 64999)) for p in leaked)]
    demand = DropRoutes(Sessions(neighbors=(ip_address(LEAKY),)), leaked)
    admission = Admission(exchange.world)
    asked = admission.ask(ANN, command(demand), exchange.clock.now())
    asks = contributions(asked.draft.order(), exchange.world.topology, {})
    (loss,) = RouteLosses(admission).of(asked.draft, asks)
    assert (len(loss.effect.lost), loss.effect.remaining) == (49_048, 1)
    placed = exchange.place(demand)
    assert placed.target.startswith("108.0.0.0/16, 108.1.0.0/18, 108.1.128.0/19 and 49,045 more")
    assert len(placed.demand["prefixes"]) == 49_048


def test_orders_that_leave_nothing_only_together_are_refused(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    google, other = (replace(ALL_LEAKED, prefixes=nets(p)) for p in ("8.8.8.0/24", "1.1.1.0/24"))
    lines = [command(google), command(other)]
    said = [line.code for line in exchange.app.check_many(ANN, lines)]
    assert said == [None, "loses-all-routes"]
    # One after the other, before any router has been told of the first.
    assert code_of(exchange, google) == ""
    found = about(shown(exchange, other), LEAKY)
    assert (found.routes, found.lost, found.remaining, found.remaining_first) == (2, 1, 0, [])
    with pytest.raises(OrderRefused, match="together with what other orders reject") as refusal:
        exchange.app.place(ANN, command(other))
    assert refusal.value.code == "loses-all-routes"
    assert code_of(exchange, google) == ""
    assert code_of(exchange, other, confirm_routes=True) == ""


def test_what_is_over_or_lifted_takes_no_part(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    google, other = (replace(ALL_LEAKED, prefixes=nets(p)) for p in ("8.8.8.0/24", "1.1.1.0/24"))
    placed = exchange.app.place(ANN, command(google))
    later = {"duration": None, "start_after": 2 * HOUR, "end": None, "open_ended": True}
    assert code_of(exchange, other, **later) == ""
    exchange.app.lift(ANN, LiftOrder(order=placed.id, reason="over"))
    assert code_of(exchange, other) == ""


def test_a_confirmed_line_counts_for_those_after_it(exchange: Exchange) -> None:
    exchange.neighbor(LEAKY).received = LEAKED
    google, other = (replace(ALL_LEAKED, prefixes=nets(p)) for p in ("8.8.8.0/24", "1.1.1.0/24"))
    lines = [command(google, confirm_routes=True), command(other)]
    assert [line.code for line in exchange.app.place_many(ANN, lines)] == [
        None,
        "loses-all-routes",
    ]


def test_a_long_list_that_is_refused_is_recorded_as_count_and_digest(exchange: Exchange) -> None:
    leaked = [a_route(f"198.18.{n}.0/24", 65001) for n in range(200)]
    exchange.neighbor(LEAKY).received = leaked
    demand = DropRoutes(ACME, tuple(route.prefix for route in leaked))
    assert code_of(exchange, demand) == "loses-all-routes"
    said = payloads(exchange, "order.refused")[-1]["demand"]
    assert said["prefix_count"] == 200 and len(said["prefixes_sha256"]) == 64
    assert "prefixes" not in said
    code_of(exchange, replace(demand, prefixes=demand.prefixes[1:]))
    code_of(exchange, demand)
    last = [one["demand"].get("prefixes_sha256") for one in payloads(exchange, "order.refused")]
    assert last[-1] == said["prefixes_sha256"]
