# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys by which an address finds its orders: those that overlap it, and no others."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    Network,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.storage.target_keys import keys_of, wanted
from tests.space import TINY, prefixes
from tests.unit.storage.any_orders import networks

ANY = networks() | prefixes(TINY)


def overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


@given(asked=ANY, stored=ANY)
@example(ip_network("10.0.0.0/16"), ip_network("10.0.0.0/8"))
@example(ip_network("10.0.0.0/8"), ip_network("10.0.0.0/16"))
@example(ip_network("255.255.255.255"), ip_network("0.0.0.0/0"))
@example(ip_network("ffff::/16"), ip_network("::/0"))
@example(ip_network("0.0.0.0/0"), ip_network("255.255.255.255"))
@example(ip_network("0.0.0.0/0"), ip_network("::/0"))
def test_a_prefix_finds_what_overlaps_it_and_nothing_else(asked: Network, stored: Network) -> None:
    (key,) = keys_of(BlockAddress(stored))
    assert wanted(asked, ()).has(key) == overlap(asked, stored)


@given(asked=ANY, names=st.sets(st.text(max_size=3), max_size=2), name=st.text(max_size=3))
def test_a_name_finds_itself_alone(asked: Network, names: set[str], name: str) -> None:
    (key,) = keys_of(SuspendCustomer(name, Selection()))
    assert wanted(asked, names).has(key) == (name in names)


A, B = ip_network("192.0.2.1"), ip_network("2001:db8::/32")


@pytest.mark.parametrize(
    ("demand", "found"),
    [
        (Blackhole(A), (A,)),
        (BlockPort(Selection((A, B), ("cust",), ("relay",)), (6,), ()), (A, B, "cust", "relay")),
        (BlockFlow(Selection((A,)), Selection((B,), ("cust",))), (A, B, "cust")),
        (CutFeed("cust"), ("cust", "news")),
        (BlockAddress(A, exceptions=Selection((B,), ("cust",))), (A,)),
        (BlockList("cust"), ()),
        (DropRoutes(Sessions(("cust",)), (A,)), ()),
        (ShutdownSession(Sessions(("cust",))), ()),
    ],
)
def test_an_order_is_found_by_each_thing_that_it_is_about(
    demand: Demand, found: tuple[Network | str, ...]
) -> None:
    keys = keys_of(demand)
    for one in (A, B, "cust", "relay", "news"):
        looked = (
            wanted(ip_network("198.51.100.1"), (one,))
            if isinstance(one, str)
            else (wanted(one, ()))
        )
        assert any(map(looked.has, keys)) == (one in found), one
