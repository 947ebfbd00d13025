# SPDX-License-Identifier: GPL-2.0-or-later
"""What `why` says of a direction, against the oracle that says what becomes of a packet.

A packet may be dropped for its source alone: then nothing is said of its destination, and the
other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network

from hypothesis import given

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    Direction,
    Network,
    Order,
    Selection,
    SuspendCustomer,
    in_force,
)
from enforcer.core.placement import ownership
from enforcer.core.rules import Key
from enforcer.core.topology import ROLE_BORDER, Device, Topology
from enforcer.usecases.candidates import candidates, names_around
from enforcer.usecases.touch import attachments_of
from enforcer.usecases.touching import summary, touching
from tests.oracle import Packet, dropped
from tests.space import TINY, prefixes
from tests.strategies import NOW, Case, cases, piles
from tests.unit.usecases.target_index import ALWAYS, Index


def by_address(case: Case) -> list[Order]:
    """Orders in force, but for those about interfaces: a packet has no customer."""
    return [
        order
        for order in case.orders
        if in_force(order, NOW)
        and not (isinstance(order.demand, SuspendCustomer) and order.demand.by != "prefixes")
    ]


def word(case: Case, orders: Sequence[Order], asked: Network, key: Key) -> str:
    owners = ownership(case.topology)
    found = touching(orders, asked, case.topology, owners, case.lists.get)
    return summary(asked, found, key)


def host(family: int, address: int) -> Network:
    return ip_network(IPv4Address(address) if family == 4 else IPv6Address(address))


def anywhere(case: Case) -> set[Packet]:
    """The packets of a case, whatever device and interface they pass."""
    return {replace(packet, device=None, iif="", oif="") for packet in case.packets}


def agree(case: Case, orders: Sequence[Order], packet: Packet) -> None:
    """All: it is dropped. Dropped: each order that does it shows at one end of the packet."""
    drops = dropped(packet, orders, case.topology, case.lists, NOW)
    ends = (
        (host(packet.family, packet.src), Key.SOURCE),
        (host(packet.family, packet.dst), Key.DESTINATION),
    )
    for asked, key in ends:
        assert word(case, orders, asked, key) != "all" or drops, (key, packet)
    for one in orders:
        if one.number in drops:
            said = [word(case, [one], asked, key) for asked, key in ends]
            assert said != ["none", "none"], (one, packet)


@given(case=cases(shut=True))
def test_all_means_every_packet_and_none_means_no_packet(case: Case) -> None:
    orders = by_address(case)
    for packet in anywhere(case):
        agree(case, orders, packet)


@given(case=piles())
def test_orders_upon_one_another_are_one_answer(case: Case) -> None:
    orders = by_address(case)
    for packet in anywhere(case):
        agree(case, orders, packet)


@given(case=cases(shut=True), asked=prefixes(TINY))
def test_all_of_a_prefix_means_every_packet_of_each_of_its_addresses(
    case: Case, asked: Network
) -> None:
    orders = by_address(case)
    low, high = int(asked.network_address), int(asked.broadcast_address)
    for key in (Key.SOURCE, Key.DESTINATION):
        if word(case, orders, asked, key) != "all":
            continue
        for packet in anywhere(case):
            end = packet.src if key is Key.SOURCE else packet.dst
            if packet.family == asked.version and low <= end <= high:
                assert dropped(packet, orders, case.topology, case.lists, NOW), packet


@given(case=cases(shut=True), asked=prefixes(TINY))
def test_the_sieve_lets_every_order_through_that_touches(case: Case, asked: Network) -> None:
    topology = case.topology
    found = touching(case.orders, asked, topology, ownership(topology), case.lists.get)
    names = names_around(topology, asked, attachments_of(topology, asked))
    passed = candidates(Index(case.orders), asked, names, case.lists.get, ALWAYS)
    assert {one.order.number for one in found} <= set(passed)


BORDER = Topology({"edge1": Device("edge1", "nftables", roles=frozenset({ROLE_BORDER}))})
ASKED = ip_network("192.0.2.0/24")


def order(number: int, demand: BlockAddress | BlockFlow) -> Order:
    return Order(number, number, demand, "test", "noc", "test", NOW, NOW, None)


def words(*demands: BlockAddress | BlockFlow, asked: Network = ASKED) -> tuple[str, str]:
    orders = [order(number, demand) for number, demand in enumerate(demands, 1)]
    case = Case(BORDER, {}, tuple(orders))
    return word(case, orders, asked, Key.SOURCE), word(case, orders, asked, Key.DESTINATION)


def half(text: str, direction: Direction = Direction.BOTH) -> BlockAddress:
    return BlockAddress(ip_network(text), direction)


def test_two_halves_are_all() -> None:
    assert words(half("192.0.2.0/25")) == ("some", "some")
    assert words(half("192.0.2.0/25"), half("192.0.2.128/25")) == ("all", "all")
    only_from = half("192.0.2.128/25", Direction.FROM)
    assert words(half("192.0.2.0/25"), only_from) == ("all", "some")


def test_the_other_end_of_a_flow_is_hit_in_the_other_direction() -> None:
    source, other = ip_network("198.51.100.0/24"), ip_network("192.0.2.7/32")
    flow = BlockFlow(Selection((source,)), Selection((other,)), direction=Direction.FROM)
    assert words(flow, asked=source) == ("some", "none")
    assert words(flow, asked=other) == ("none", "some")


def test_an_address_that_an_order_spares_is_not_blocked_by_it() -> None:
    spared = Selection((ip_network("192.0.2.25/32"),))
    block = BlockAddress(ASKED, exceptions=spared)
    assert words(block, asked=ip_network("192.0.2.25/32")) == ("none", "none")
    assert words(block, asked=ip_network("192.0.2.26/32")) == ("some", "some")
