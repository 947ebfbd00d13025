# SPDX-License-Identifier: GPL-2.0-or-later
"""What a change of the inventory does not reach asks for the same before and after."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.contributions import contributions, same_on
from enforcer.core.inventory_reach import Reach
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    Demand,
    Order,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import (
    Attachment,
    Customer,
    Device,
    Leaving,
    ProtectedPrefix,
    Topology,
)
from tests.strategies import Case, cases, topologies
from tests.unit.core.situations import order

OWN, OTHER = ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")
TOPOLOGY = Topology(
    {
        "edge1": Device("edge1", "nftables", roles=frozenset({"border"})),
        "access1": Device("access1", "nftables", site="south"),
        "access2": Device("access2", "nftables", site="south"),
    },
    {"hosting": Customer("hosting", (OWN,), (Attachment("access1", "eth1"),))},
    protected=(ProtectedPrefix(ip_network("203.0.113.0/28"), "the ISP's own"),),
)


def about(text: str) -> BlockAddress:
    return BlockAddress(ip_network(text))


def scoped(text: str) -> Order:
    return replace(order(1, about(text)), scope=Scope(sites=("south",)))


def alike(each: Order, one: Topology, other: Topology, case: Case) -> bool:
    asks = (contributions(each, topology, case.lists) for topology in (one, other))
    return same_on(None, *asks)


@given(case=cases(shut=True), new=topologies())
def test_what_is_not_reached_asks_for_the_same(case: Case, new: Topology) -> None:
    reach = Reach(case.topology, new)
    for each in case.orders:
        assert reach.reaches(each) or alike(each, case.topology, new, case)


@given(
    case=cases(shut=True),
    new=topologies(),
    part=st.sampled_from(["protected", "customers", "service_sets", "devices"]),
)
def test_nor_where_one_part_alone_differs(case: Case, new: Topology, part: str) -> None:
    changed = replace(case.topology, **{part: getattr(new, part)})
    reach = Reach(case.topology, changed)
    for each in case.orders:
        assert reach.reaches(each) or alike(each, case.topology, changed, case)


@given(case=cases(shut=True))
def test_nor_where_a_device_drains(case: Case) -> None:
    for name, device in case.topology.devices.items():
        leaving = {**case.topology.devices, name: replace(device, leaving=Leaving.DRAINING)}
        changed = replace(case.topology, devices=leaving)
        reach = Reach(case.topology, changed)
        for each in case.orders:
            assert reach.reaches(each) or alike(each, case.topology, changed, case)


MORE = ProtectedPrefix(ip_network("198.51.100.64/26"), "more")
GROWN = replace(TOPOLOGY, protected=(*TOPOLOGY.protected, MORE))
MOVED = replace(
    TOPOLOGY,
    customers={"hosting": Customer("hosting", (OWN,), (Attachment("access2", "eth1"),))},
)


@pytest.mark.parametrize(
    ("changed", "demand", "reached"),
    [
        (GROWN, about("198.51.100.63/32"), False),
        (GROWN, about("198.51.100.64/32"), True),
        (GROWN, about("198.51.100.0/24"), True),
        (GROWN, about("2001:db8::/32"), False),
        (GROWN, BlockPort(Selection((OTHER,)), (6,), ()), True),
        (GROWN, BlockFlow(Selection((OWN,)), Selection((OTHER,))), True),
        (GROWN, BlockList("bogons"), True),
        (GROWN, SuspendCustomer("hosting", Selection()), True),
        (GROWN, BlockAddress(OWN, exceptions=Selection(service_sets=("relay",))), True),
        (GROWN, BlockAddress(OWN, exceptions=Selection((OTHER,))), False),
        (MOVED, about("192.0.2.7/32"), True),
        (MOVED, about("198.51.100.7/32"), False),
    ],
)
def test_what_a_change_reaches(changed: Topology, demand: Demand, reached: bool) -> None:
    assert Reach(TOPOLOGY, changed).reaches(order(1, demand)) is reached


def test_a_device_reaches_what_goes_to_every_border_or_to_a_scope() -> None:
    access3 = Device("access3", "nftables", site="south")
    wider = replace(TOPOLOGY, devices={**TOPOLOGY.devices, "access3": access3})
    reach = Reach(TOPOLOGY, wider)
    assert reach.reaches(scoped("198.51.100.7/32"))
    assert not reach.reaches(order(1, about("198.51.100.7/32")))
    border = replace(access3, roles=frozenset({"border"}))
    wider = replace(TOPOLOGY, devices={**TOPOLOGY.devices, "access3": border})
    assert Reach(TOPOLOGY, wider).reaches(order(1, about("198.51.100.7/32")))
