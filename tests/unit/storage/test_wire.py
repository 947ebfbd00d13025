# SPDX-License-Identifier: GPL-2.0-or-later
"""The wire form: every order comes back equal, its names are frozen, nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from enforcer.core.orders import BlockAddress, BlockPort, Demand, Order, PortRange, Selection
from enforcer.errors import InvalidInput
from enforcer.wire import (
    JSONValue,
    canonical,
    decode_order,
    demand_from_wire,
    demand_schema,
    demand_to_wire,
    encode_order,
    order_from_wire,
    order_to_wire,
)
from tests.unit.storage.any_orders import demands, orders

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
EMPTY: dict[str, JSONValue] = {"prefixes": [], "customers": [], "service_sets": []}
ORDER = Order(
    number=7,
    changed=9,
    demand=BlockPort(Selection(customers=("hosting",)), (6, 99), (PortRange(25, 25),)),
    reason="spam",
    issuer="ann",
    source="cli",
    created=NOON,
    start=NOON,
    end=None,
)


@given(orders)
def test_an_order_comes_back_equal(order: Order) -> None:
    assert decode_order(encode_order(order)) == order
    assert order_from_wire(json.loads(json.dumps(order_to_wire(order)))) == order


@given(orders)
def test_equal_orders_have_equal_bytes(order: Order) -> None:
    assert encode_order(decode_order(encode_order(order))) == encode_order(order)


@given(demands)
def test_a_demand_comes_back_equal_and_fits_the_schema(demand: Demand) -> None:
    said = demand_to_wire(demand)
    assert demand_from_wire(said) == demand
    jsonschema.validate(json.loads(json.dumps(said)), demand_schema())


def test_the_form_is_frozen() -> None:
    assert order_to_wire(ORDER) == {
        "number": 7,
        "changed": 9,
        "demand": {
            "kind": "block_port",
            "target": EMPTY | {"customers": ["hosting"]},
            "protocols": ["tcp", 99],
            "ports": ["25"],
            "direction": "from",
            "vrf": "default",
            "exceptions": EMPTY,
        },
        "reason": "spam",
        "issuer": "ann",
        "source": "cli",
        "created": "2026-11-21T12:00:00Z",
        "start": "2026-11-21T12:00:00Z",
        "end": None,
        "ticket": None,
        "policy": None,
        "scope": {"devices": [], "roles": [], "sites": []},
        "idempotency_key": None,
        "lifted": None,
        "lift_reason": None,
    }


def test_what_is_absent_gets_the_core_s_default() -> None:
    assert demand_from_wire({"kind": "block_address", "prefix": "192.0.2.1"}) == BlockAddress(
        ip_network("192.0.2.1/32")
    )


def test_names_and_numbers_of_a_protocol_are_the_same() -> None:
    said = demand_to_wire(ORDER.demand)
    assert demand_from_wire({**said, "protocols": [6, 99]}) == ORDER.demand


def test_another_zone_is_the_same_instant() -> None:
    said = {**order_to_wire(ORDER), "start": "2026-11-21T14:00:00+02:00"}
    assert order_from_wire(said).start == NOON
    assert order_from_wire(said).start.utcoffset() == timedelta(0)


FLOW: dict[str, Any] = {"kind": "block_port", "target": {}, "protocols": ["tcp"], "ports": ["25"]}


@pytest.mark.parametrize(
    "said, names",
    [
        ({"kind": "unplug"}, ["unplug", "cut_feed"]),
        ({}, ["kind"]),
        ({"kind": "cut_feed", "customer": "a", "color": "red"}, ["demand.cut_feed.color"]),
        ({"kind": "cut_feed"}, ["demand.cut_feed.customer"]),
        ({"kind": "cut_feed", "customer": 7}, ["demand.cut_feed.customer"]),
        ({"kind": "cut_feed", "customer": "a\0b"}, ["NUL"]),
        ({"kind": "block_list", "list_name": "a", "direction": "up"}, ["direction"]),
        ({"kind": "block_address", "prefix": "192.0.2.1/24"}, ["192.0.2.1", "192.0.2.0/24"]),
        ({"kind": "block_address", "prefix": 3221225985}, ["prefix", "string"]),
        (FLOW | {"ports": [25]}, ["ports.0", "string"]),
        (FLOW | {"ports": ["25,26"]}, ["ports.0", "more than one"]),
        (FLOW | {"ports": ["70000"]}, ["65535"]),
        (FLOW | {"ports": "25"}, ["ports"]),
        (FLOW | {"protocols": ["tpc"]}, ["protocols.0", "tcp"]),
        (FLOW | {"protocols": ["6"]}, ["protocols.0"]),
        (FLOW | {"protocols": [256]}, ["255"]),
        (FLOW | {"protocols": [True]}, ["protocols.0"]),
        (FLOW | {"target": {"color": 1, "size": 2}}, ["target.color", "target.size"]),
        (FLOW | {"ports": ["x"] * 7}, ["and 2 more"]),
    ],
)
def test_what_is_not_understood_is_named(said: Mapping[str, Any], names: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        demand_from_wire(said)
    assert [name for name in names if name not in str(refused.value)] == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"number":1}'])
def test_bytes_that_are_no_order(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="order"):
        decode_order(body)


@pytest.mark.parametrize("text", ["2026-11-21T12:00:00", "noon", "2026-11-21", ""])
def test_an_instant_needs_a_zone(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"order\.start"):
        order_from_wire({**order_to_wire(ORDER), "start": text})


def test_writing_refuses_a_time_without_a_zone() -> None:
    bare = NOON.replace(tzinfo=None)
    with pytest.raises(InvalidInput, match="zone"):
        encode_order(Order(1, 1, ORDER.demand, "", "", "", NOON, bare, None))


def test_canonical_bytes_do_not_depend_on_order_or_container() -> None:
    one: JSONValue = {"b": (1, 2), "a": MappingProxyType({"ü": None})}
    assert canonical(one) == '{"a":{"ü":null},"b":[1,2]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), {"a": b"bytes"}, [object()], "\ud800", {(1,): 2}])
def test_canonical_refuses_what_json_cannot_say(value: Any) -> None:
    with pytest.raises(InvalidInput, match="JSON"):
        canonical(value)


def test_instants_are_written_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    said = order_to_wire(Order(1, 1, ORDER.demand, "", "", "", NOON, east, None))
    assert said["start"] == "2026-11-21T12:00:00Z"
