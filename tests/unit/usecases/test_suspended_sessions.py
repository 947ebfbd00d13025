# SPDX-License-Identifier: GPL-2.0-or-later
"""A suspension shuts BGP sessions, so that it is judged and shown as whoever shuts them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_interface

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import (
    Demand,
    DropRoutes,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendBy,
    SuspendCustomer,
)
from enforcer.core.topology import Attachment, Customer, Interface, Topology
from enforcer.errors import DeviceUnreachable, OrderRefused
from enforcer.usecases.session_warnings import session_warnings
from tests.fakes.faults import Point
from tests.unit.core.bgp_drafts import BARE, EDGE, NETWORK, with_device
from tests.unit.core.drafts import draft
from tests.unit.usecases.exchange import (
    ACME,
    DEFAULT,
    EXCHANGE,
    LEAKY,
    OWN,
    SECOND,
    WAY_HOME,
    Exchange,
    nets,
)
from tests.unit.usecases.office import ANN, HOUR

KEPT = Selection(nets("203.0.113.53/32", "2001:db8:9::53/128"))
BY: Sequence[SuspendBy] = ("prefixes", "interface", "session")


def suspended(by: SuspendBy) -> SuspendCustomer:
    return SuspendCustomer("acme", Selection() if by == "session" else KEPT, by)


def attached(topology: Topology, *more: Attachment) -> Topology:
    """The customer is attached by interface too, so that exceptions find a way back."""
    acme = topology.customers["acme"]
    places = (*acme.attachments, *more)
    return replace(topology, customers={"acme": replace(acme, attachments=places)})


BESIDE = attached(EXCHANGE, Attachment("edge1", "eth7"), Attachment("edge2", "eth7"))


@pytest.fixture
def exchange(exchange: Exchange) -> Exchange:
    exchange.world = replace(exchange.world, load_topology=lambda: BESIDE)
    exchange.app = type(exchange.app)(exchange.world)
    return exchange


def refused(exchange: Exchange, demand: Demand, **changes: object) -> set[str]:
    """The codes in the preview; placing is refused for the first of them."""
    command = PlaceOrder(demand=demand, reason="abuse", duration=HOUR)
    command = command.model_copy(update=changes)
    warned = exchange.app.preview(ANN, command).warnings
    found = {w.split("[")[1].split("]")[0] for w in warned if w.startswith("would be refused")}
    if not found:
        exchange.app.place(ANN, command)
        return found
    with pytest.raises(OrderRefused) as error:
        exchange.app.place(ANN, command)
    assert error.value.code in found
    return found


@pytest.mark.parametrize("by", BY)
def test_a_session_that_matters_is_not_shut_by_suspending(
    exchange: Exchange, by: SuspendBy
) -> None:
    demand = suspended(by)
    exchange.neighbor(LEAKY).received = [OWN, DEFAULT, WAY_HOME]
    assert refused(exchange, demand) == {"loses-default-route", "loses-protected-route"}
    assert refused(exchange, demand, confirm_routes=True) == set()


@pytest.mark.parametrize("by", BY)
def test_a_session_that_cannot_be_read_is_not_shut_by_suspending(
    exchange: Exchange, by: SuspendBy
) -> None:
    exchange.boxes["edge1"].faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    assert refused(exchange, suspended(by)) == {"routes-unread"}


@pytest.mark.parametrize("by", BY)
def test_all_routes_of_the_customer_may_go(exchange: Exchange, by: SuspendBy) -> None:
    assert refused(exchange, suspended(by)) == set()


@pytest.mark.parametrize("by", BY)
def test_the_way_to_the_device_is_not_cut_by_suspending(exchange: Exchange, by: SuspendBy) -> None:
    link = Interface("eth7", "acme", (ip_interface("10.0.1.1/30"),))
    edge = replace(EXCHANGE.devices["edge1"], interfaces=(link,), addresses=nets("10.0.1.1/32"))
    devices = {**BESIDE.devices, "edge1": edge}
    exchange.world = replace(exchange.world, load_topology=lambda: replace(BESIDE, devices=devices))
    exchange.app = type(exchange.app)(exchange.world)
    assert "carries-management" in refused(exchange, suspended(by))


def test_a_customer_without_sessions_is_suspended_without_asking_a_device(
    exchange: Exchange,
) -> None:
    bare = {name: replace(device, neighbors=()) for name, device in EXCHANGE.devices.items()}
    plain = replace(
        BESIDE,
        devices=bare,
        customers={"acme": Customer("acme", nets("192.0.2.0/24"), (Attachment("edge1", "eth7"),))},
    )
    exchange.world = replace(exchange.world, load_topology=lambda: plain)
    exchange.app = type(exchange.app)(exchange.world)
    assert refused(exchange, suspended("prefixes")) == set()
    assert Point.ROUTES not in exchange.boxes["edge1"].faults.met


def test_exceptions_without_a_route_back_need_a_confirmation(exchange: Exchange) -> None:
    exchange.world = replace(exchange.world, load_topology=lambda: EXCHANGE)
    exchange.app = type(exchange.app)(exchange.world)
    demand = suspended("prefixes")
    assert refused(exchange, demand) == {"exceptions-need-routes"}
    assert refused(exchange, demand, confirm_routes=True) == set()


def warned(demand: Demand, topology: Topology, scope: Scope | None = None) -> list[str]:
    return list(session_warnings(replace(draft(demand), scope=scope or Scope()), topology))


@pytest.mark.parametrize("topology", [EXCHANGE, BESIDE])
def test_the_lost_way_back_is_told_whether_or_not_it_is_confirmed(topology: Topology) -> None:
    (said,) = warned(suspended("prefixes"), topology)
    assert f"{LEAKY} on edge1 and {SECOND} on edge2 shut down" in said and "walled garden" in said
    assert warned(suspended("session"), topology) == []


OUT_OF_REACH = [
    (with_device(replace(EDGE, bgp=False)), "leaky", "10.0.1.2 on edge1", "bgp: false"),
    (NETWORK, "bare", "10.0.5.5 on edge1", "VRF red"),
    (with_device(replace(EDGE, platform="nftables")), "leaky", "10.0.1.2 on edge1", "no BGP"),
]


@pytest.mark.parametrize(("topology", "customer", "session", "why"), OUT_OF_REACH)
def test_each_session_that_nothing_of_ours_reaches_is_told(
    topology: Topology, customer: str, session: str, why: str
) -> None:
    with_him = Sessions(customers=(customer,))
    for demand, done in (
        (SuspendCustomer(customer, Selection(), "session"), "shut down"),
        (SuspendCustomer(customer, KEPT), "shut down"),
        (ShutdownSession(with_him), "shut down"),
        (DropRoutes(with_him, nets("8.8.8.0/24")), "filtered"),
    ):
        found = [w for w in warned(demand, topology) if session in w]
        assert len(found) == 1 and why in found[0] and f"not {done}" in found[0]
        elsewhere = warned(demand, topology, Scope(("edge2",)))
        assert not [w for w in elsewhere if session in w]


def test_a_suspension_by_shutdown_says_nothing_of_sessions() -> None:
    assert warned(SuspendCustomer(BARE.name, Selection(), "shutdown"), NETWORK) == []


def test_prefixes_that_no_session_carries_are_counted() -> None:
    both = nets("8.8.8.0/24", "2001:4860::/32", "2001:4861::/32")
    (some,) = warned(DropRoutes(ACME, both), EXCHANGE)
    assert some.startswith(f"{SECOND} carries no IPv6") and "2 IPv6 prefixes" in some
    on_edge2 = Scope(("edge2",))
    (none,) = warned(DropRoutes(ACME, both), EXCHANGE, on_edge2)
    assert none.startswith("no session of this order carries IPv6") and "2 IPv6 prefixes" in none
    assert warned(DropRoutes(ACME, nets("8.8.8.0/24")), EXCHANGE) == []


def test_a_placed_order_says_what_it_cannot_reach_or_keep(exchange: Exchange) -> None:
    placed = exchange.place(suspended("prefixes"))
    assert [warning for warning in placed.warnings if "walled garden" in warning]
    assert exchange.place(suspended("session")).warnings == []
