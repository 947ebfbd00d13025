# SPDX-License-Identifier: GPL-2.0-or-later
"""Each guardrail about BGP stands alone: what is refused for it is placed without its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from enforcer.core.orders import (
    MOST_ROUTES,
    Blackhole,
    Demand,
    Direction,
    DropRoutes,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.topology import ROLE_RTBH, Blackholing, Neighbor, Topology
from enforcer.errors import DeviceUnreachable, OrderRefused
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.routing import FakeTable
from tests.unit.usecases.desks import entries, equip
from tests.unit.usecases.exchange import (
    ACME,
    ALL_LEAKED,
    EXCHANGE,
    LEAKED,
    LEAKY,
    OWN,
    SHUT_ACME,
    TRANSIT,
    Exchange,
    nets,
)
from tests.unit.usecases.office import ANN, ESSENTIALS, router
from tests.unit.usecases.route_codes import ROUTE_CODES

CORE = "10.0.0.9"
VICTIM = Blackhole(ip_network("192.0.2.7"))
UPSTREAM = Sessions(neighbors=(ip_address(TRANSIT),))
Prepare = Callable[[Exchange], object]


def outfitted(**changes: Any) -> Topology:
    """The exchange with a speaker of blackholes, and a session inside the network."""
    edges = {name: replace(device, **changes) for name, device in EXCHANGE.devices.items()}
    inside = Neighbor(ip_address(CORE), 65000, "core")
    edges["edge2"] = replace(edges["edge2"], neighbors=(*edges["edge2"].neighbors, inside))
    speaker = replace(
        router("speaker"),
        roles=frozenset({ROLE_RTBH}),
        blackholing=Blackholing(upstreams={"transit": "65000:1666"}),
    )
    return replace(EXCHANGE, devices={**edges, "speaker": speaker})


def fits(topology: Topology) -> Prepare:
    return lambda exchange: equip(exchange, topology)


def received(*routes: Any) -> Prepare:
    def send(exchange: Exchange) -> None:
        exchange.neighbor(LEAKY).received = routes

    return send


def away(exchange: Exchange) -> None:
    exchange.boxes["edge1"].faults.keep_failing(Point.CONNECT, DeviceUnreachable)


def back(exchange: Exchange) -> None:
    exchange.boxes["edge1"].faults.recover()


def nothing(exchange: Exchange) -> None:
    """All is as it should be."""


@dataclass(frozen=True)
class Case:
    """`demand` is refused after `prepare`; with `mend`, or with `instead` or `more`, it is not."""

    demand: Demand
    prepare: Prepare = nothing
    mend: Prepare = nothing
    instead: Demand | None = None
    more: dict[str, Any] = field(default_factory=dict)


CONFIRMED = {"confirm_routes": True}
MANY = tuple(ip_network((n << 8 | 1 << 31, 24)) for n in range(MOST_ROUTES + 1))
CASES: dict[str, Case] = {
    "nothing-can-be-kept": Case(replace(SHUT_ACME, exceptions=ESSENTIALS), instead=SHUT_ACME),
    "no-rtbh-speaker": Case(VICTIM, prepare=fits(EXCHANGE), mend=fits(outfitted())),
    "unknown-upstream": Case(
        replace(VICTIM, exports=("transitt",)), instead=replace(VICTIM, exports=("transit",))
    ),
    "blackhole-from-only": Case(replace(VICTIM, direction=Direction.FROM), instead=VICTIM),
    "source-blackhole-needs-urpf": Case(
        replace(VICTIM, direction=Direction.BOTH), mend=fits(outfitted(urpf="loose"))
    ),
    "foreign-destination": Case(Blackhole(ip_network("8.8.8.8")), more={"confirm_foreign": True}),
    "sessions-missing": Case(ShutdownSession(Sessions()), more={"scope": Scope(("edge2",))}),
    "no-session": Case(
        DropRoutes(Sessions(asns=(65009,)), nets("8.8.8.0/24")),
        instead=DropRoutes(Sessions(asns=(65001,)), nets("8.8.8.0/24")),
    ),
    "internal-session": Case(
        ShutdownSession(Sessions(neighbors=(ip_address(CORE),))), more=CONFIRMED
    ),
    "upstream-session": Case(ShutdownSession(UPSTREAM), more=CONFIRMED),
    "exceptions-need-routes": Case(SuspendCustomer("acme", ESSENTIALS), more=CONFIRMED),
    "no-routes": Case(DropRoutes(ACME), instead=ALL_LEAKED),
    "too-many-routes": Case(DropRoutes(ACME, MANY), instead=DropRoutes(ACME, MANY[:9])),
    "bad-routes": Case(replace(ALL_LEAKED, longer_than4=-5), instead=ALL_LEAKED),
    "nothing-registered": Case(
        DropRoutes(UPSTREAM, choice="unregistered"),
        instead=DropRoutes(UPSTREAM, choice="every"),
        more=CONFIRMED,
    ),
    "loses-all-routes": Case(ALL_LEAKED, received(*LEAKED), received(OWN, *LEAKED)),
    "loses-default-route": Case(DropRoutes(ACME, nets("0.0.0.0/0")), more=CONFIRMED),
    "loses-protected-route": Case(
        DropRoutes(ACME, nets("203.0.113.0/24")),
        instead=DropRoutes(
            ACME, nets("203.0.0.0/16"), exceptions=Selection(nets("203.0.113.0/24"))
        ),
    ),
    "routes-unread": Case(ALL_LEAKED, away, back),
}


@pytest.mark.parametrize("code", CASES)
def test_without_its_one_reason_the_order_is_placed(exchange: Exchange, code: str) -> None:
    case = CASES[code]
    exchange.boxes["speaker"] = FakeDevice("speaker", exchange.clock)
    exchange.tables["speaker"] = FakeTable()
    equip(exchange, outfitted())
    case.prepare(exchange)
    with pytest.raises(OrderRefused) as refusal:
        exchange.place(case.demand)
    assert refusal.value.code == code
    (refused,) = entries(exchange, "order.refused")
    assert refused.payload["codes"] == [code], "nothing else speaks against it"
    assert exchange.app.orders(ANN, exchange.everything) == []
    case.mend(exchange)
    placed = exchange.place(case.instead or case.demand, **case.more)
    assert exchange.app.order(ANN, placed.id).status != "refused"


def test_every_code_about_bgp_has_a_case() -> None:
    assert CASES.keys() == ROUTE_CODES
