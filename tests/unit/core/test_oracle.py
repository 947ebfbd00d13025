# SPDX-License-Identifier: GPL-2.0-or-later
"""The oracle itself, pinned by packets whose fate a person can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
    in_force,
)
from tests.oracle import Packet, dropped, packet
from tests.strategies import NOW
from tests.unit.core.situations import LISTS, RELAY, TOPOLOGY, order

HOST, VICTIM, THIRD, RELAY_HOST = "192.0.2.5", "203.0.113.9", "198.51.100.7", "192.0.2.200"
NEWS, CUSTOMER6 = "192.0.2.210", "2001:db8:5::7"


def fate(demand: Demand, probe: Packet) -> bool:
    return bool(dropped(probe, [order(1, demand)], TOPOLOGY, LISTS, NOW))


both_ways = BlockAddress(ip_network("198.51.100.0/24"))
from_it = replace(both_ways, direction=Direction.FROM)
to_it = replace(both_ways, direction=Direction.TO)
no_mail = BlockPort(Selection(customers=("hosting",)), (6,), (PortRange(25, 25),), exceptions=RELAY)
no_ping = BlockPort(Selection(customers=("hosting",)), (1,), ())
flow = BlockFlow(
    Selection(customers=("hosting",)), Selection(prefixes=(ip_network("203.0.113.0/24"),))
)
to_relay = BlockFlow(Selection(customers=("hosting",)), RELAY)
feed = CutFeed("hosting")
listed = BlockList("botnets")
suspended = SuspendCustomer("hosting", RELAY)
by_interface = SuspendCustomer("hosting", RELAY, by="interface")


@pytest.mark.parametrize(
    "demand, probe, expected",
    [
        (both_ways, packet(THIRD, VICTIM), True),
        (both_ways, packet(VICTIM, THIRD), True),
        (both_ways, packet(VICTIM, "198.51.101.7"), False),
        (from_it, packet(THIRD, VICTIM), True),
        (from_it, packet(VICTIM, THIRD), False),
        (to_it, packet(THIRD, VICTIM), False),
        (to_it, packet(VICTIM, THIRD), True),
        (no_mail, packet(HOST, VICTIM, sport=4000, dport=25), True),
        (no_mail, packet(HOST, VICTIM, sport=25, dport=4000), False),
        (no_mail, packet(HOST, VICTIM, 17, sport=4000, dport=25), False),
        (no_mail, packet(VICTIM, HOST, sport=4000, dport=25), False),
        (no_mail, packet(HOST, VICTIM), False),
        (no_mail, packet(HOST, RELAY_HOST, sport=4000, dport=25), False),
        (replace(no_mail, direction=Direction.TO), packet(VICTIM, HOST, dport=25), True),
        (no_ping, packet(HOST, VICTIM, 1), True),
        (no_ping, packet(CUSTOMER6, "2001:db8:9::1", 58), True),
        (no_ping, packet(CUSTOMER6, "2001:db8:9::1", 1), False),
        (replace(no_ping, protocols=(58,)), packet(HOST, VICTIM, 58), False),
        (flow, packet(HOST, VICTIM, 47), True),
        (flow, packet(VICTIM, HOST, 47), False),
        (flow, packet(HOST, THIRD), False),
        (replace(flow, direction=Direction.TO), packet(VICTIM, HOST), True),
        (to_relay, packet(HOST, RELAY_HOST, sport=4000, dport=25), True),
        (to_relay, packet(HOST, RELAY_HOST, sport=4000, dport=80), False),
        (feed, packet(HOST, NEWS, sport=4000, dport=119), True),
        (feed, packet(NEWS, HOST, sport=119, dport=4000), True),
        (feed, packet(NEWS, HOST, sport=4000, dport=433), True),
        (feed, packet(HOST, NEWS, sport=4000, dport=80), False),
        (feed, packet(HOST, VICTIM, sport=4000, dport=119), False),
        (listed, packet("203.0.113.77", HOST), True),
        (listed, packet(HOST, "203.0.113.79"), True),
        (listed, packet(HOST, "203.0.113.80"), False),
        (suspended, packet(HOST, VICTIM), True),
        (suspended, packet(VICTIM, HOST), True),
        (suspended, packet(HOST, RELAY_HOST, sport=4000, dport=25), False),
        (suspended, packet(RELAY_HOST, HOST, sport=25, dport=4000), False),
        (suspended, packet(RELAY_HOST, HOST, sport=4000, dport=25), True),
        (suspended, packet(HOST, RELAY_HOST, sport=4000, dport=80), True),
        (by_interface, replace(packet(THIRD, VICTIM), iif="eth1"), True),
        (by_interface, replace(packet(THIRD, VICTIM), oif="eth1"), True),
        (by_interface, replace(packet(HOST, VICTIM), iif="eth0"), False),
        (by_interface, replace(packet(HOST, VICTIM), iif="eth1", device="core1"), False),
        (both_ways, packet(HOST, "192.0.2.250"), False),
        (BlockAddress(ip_network("192.0.2.0/24")), packet(VICTIM, "192.0.2.250"), False),
    ],
)
def test_one_order_one_packet(demand: Demand, probe: Packet, expected: bool) -> None:
    assert fate(demand, probe) is expected


@pytest.mark.parametrize(
    "hours, expected", [(-1, False), (0, True), (1, True), (2, False), (3, False)]
)
def test_in_force_from_its_start_until_before_its_end(hours: int, expected: bool) -> None:
    now = NOW + timedelta(hours=hours)
    placed = replace(order(1, both_ways), start=NOW, end=NOW + timedelta(hours=2))
    assert bool(dropped(packet(THIRD, VICTIM), [placed], TOPOLOGY, LISTS, now)) is expected


def test_a_lifted_order_drops_nothing() -> None:
    lifted = replace(order(1, both_ways), lifted=NOW)
    for now in (NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)):
        earlier = replace(lifted, start=NOW - timedelta(hours=2))
        assert not dropped(packet(THIRD, VICTIM), [earlier], TOPOLOGY, LISTS, now)
        assert not in_force(earlier, now), "whatever the clock says"
        assert in_force(replace(earlier, lifted=None), now)


def test_an_exception_frees_nothing_from_another_order() -> None:
    excepting = order(1, replace(suspended, exceptions=RELAY))
    strict = order(2, replace(suspended, exceptions=Selection()))
    mail = packet(HOST, RELAY_HOST, sport=4000, dport=25)
    assert dropped(mail, [excepting, strict], TOPOLOGY, LISTS, NOW) == {2}


@pytest.mark.parametrize(
    "demand, probe, devices",
    [
        (BlockAddress(ip_network("192.0.2.5/32")), packet(HOST, VICTIM), {"access1"}),
        (both_ways, packet(THIRD, VICTIM), {"edge1", "edge2"}),
        (
            BlockAddress(ip_network("192.0.2.129/32")),
            packet("192.0.2.129", VICTIM),
            {"edge1", "edge2"},
        ),
        (
            BlockFlow(Selection(prefixes=(both_ways.prefix,)), Selection(customers=("hosting",))),
            packet(THIRD, HOST),
            {"access1"},
        ),
    ],
)
def test_where_a_packet_meets_the_order(demand: Demand, probe: Packet, devices: set[str]) -> None:
    placed = [order(1, demand)]
    found = {
        name
        for name in TOPOLOGY.devices
        if dropped(replace(probe, device=name), placed, TOPOLOGY, LISTS, NOW)
    }
    assert found == devices
    scoped = [replace(order(1, demand), scope=Scope(devices=("core1",)))]
    assert not dropped(replace(probe, device="edge1"), scoped, TOPOLOGY, LISTS, NOW)
    assert dropped(replace(probe, device="core1"), scoped, TOPOLOGY, LISTS, NOW)
