# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders about BGP as they are stored: what they are found by, and what they must not be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from enforcer.core.orders import (
    MOST_ROUTES,
    Blackhole,
    Demand,
    Direction,
    DropRoutes,
    Order,
    Sessions,
    ShutdownSession,
)
from enforcer.errors import InvalidInput
from enforcer.storage.order_rows import customers_of, order_of, row_of
from enforcer.wire import demand_from_wire, demand_to_wire
from tests.unit.core.bgp_drafts import sessions

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LEAK = tuple(ip_network((8 << 24 | n << 8, 24)) for n in range(5000))


def stored(demand: Demand) -> Order:
    return Order(7, 9, demand, "Leak", "ann", "cli", NOON, NOON, None)


def lines(demand: Demand) -> list[str]:
    found: str = row_of(stored(demand))["search"]
    return found.split("\n")


def test_thousands_of_prefixes_make_no_line_each() -> None:
    order = stored(DropRoutes(sessions("Leaky", 65001, "2001:db8::1"), LEAK))
    named = ["leaky", "as65001", "2001:db8::1"]
    assert lines(order.demand) == [order.id.casefold(), *named, "leak", "ann"]
    assert order_of(row_of(order)["body"]) == order


def test_a_blackhole_is_found_by_its_prefix_and_whom_it_is_exported_to() -> None:
    hole = Blackhole(ip_network("192.0.2.7/32"), Direction.BOTH, ("Transit1",))
    assert lines(hole)[1:3] == ["192.0.2.7/32", "transit1"]


def test_orders_about_a_customers_sessions_are_the_customers() -> None:
    for demand in (DropRoutes(sessions("leaky"), LEAK[:1]), ShutdownSession(sessions("leaky", 7))):
        assert customers_of(demand) == {"leaky"}
    assert customers_of(ShutdownSession(sessions(65001))) == frozenset()
    assert customers_of(Blackhole(ip_network("192.0.2.7/32"))) == frozenset()


WRONG = [
    ({"kind": "drop_routes"}, "sessions"),
    ({"kind": "drop_routes", "sessions": {"asns": [0]}}, "asns"),
    ({"kind": "drop_routes", "sessions": {"asns": ["65001"]}}, "asns"),
    ({"kind": "drop_routes", "sessions": {"neighbors": ["192.0.2.0/24"]}}, "not an address"),
    ({"kind": "drop_routes", "sessions": {"neighbors": ["fe80::1%eth0"]}}, "the address alone"),
    ({"kind": "drop_routes", "sessions": {}, "longer_than4": 32}, "longer_than4"),
    ({"kind": "drop_routes", "sessions": {}, "longer_than6": 128}, "longer_than6"),
    ({"kind": "drop_routes", "sessions": {}, "direction": "both"}, "direction"),
    ({"kind": "drop_routes", "sessions": {}, "or_longer": 1}, "or_longer"),
    ({"kind": "blackhole", "prefix": "192.0.2.7", "direction": "up"}, "direction"),
    ({"kind": "shutdown_session", "sessions": {}, "prefix": "192.0.2.7"}, "prefix"),
]


@pytest.mark.parametrize(("said", "named"), WRONG)
def test_what_cannot_be_read_is_refused(said: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        demand_from_wire(said)


def test_more_prefixes_than_one_order_may_name_are_refused() -> None:
    said = demand_to_wire(DropRoutes(Sessions(asns=(1,)), LEAK[:1]))
    with pytest.raises(InvalidInput, match="prefixes"):
        demand_from_wire({**said, "prefixes": ["8.8.8.0/24"] * (MOST_ROUTES + 1)})


def test_what_is_not_said_is_the_default() -> None:
    said: dict[str, object] = {"kind": "drop_routes", "sessions": {"asns": [65001]}}
    assert demand_from_wire(said) == DropRoutes(Sessions(asns=(65001,)))
    assert replace(DropRoutes(Sessions()), direction="in") == DropRoutes(Sessions())
