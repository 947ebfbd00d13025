# SPDX-License-Identifier: GPL-2.0-or-later
"""What single orders ask for: rules, placement, what is withheld, names that are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network

from enforcer.core.compile import compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.instants import from_ms
from enforcer.core.intervals import Ranges
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
)
from enforcer.core.rules import NO_END, Exempt, Key, Rule, Service, Withheld
from enforcer.core.selection import exempt_of
from enforcer.core.topology import ServiceEntry, ServiceSet
from tests.strategies import NOW
from tests.unit.core.situations import LISTS, RELAY, TOPOLOGY, block_list, order

DEFAULT = Scope()
HOSTING = Selection(customers=("hosting",))


def asked(demand: Demand, scope: Scope = DEFAULT) -> Contributions:
    return contributions(replace(order(1, demand), scope=scope), TOPOLOGY, LISTS)


def rules(demand: Demand) -> set[Rule]:
    return {part.rule for part in asked(demand).parts}


def held(found: Contributions) -> dict[str, set[tuple[str, str]]]:
    """Device -> (first, last) of all its parts, as text."""
    return {
        name: {
            (str(ip_address(first)), str(ip_address(last)))
            for part in found.on(name)
            for first, last in Ranges(part.first, part.last).pairs()
        }
        for name in found.devices
    }


def number(text: str) -> int:
    return int(ip_address(text))


def test_a_target_with_several_owners_is_split_by_owner() -> None:
    found = asked(BlockAddress(ip_network("192.0.2.0/24"), Direction.FROM))
    rest = {("192.0.2.128", "192.0.2.239")}
    assert held(found) == {
        "access1": {("192.0.2.0", "192.0.2.127")},
        "edge1": rest,
        "edge2": rest,
    }


def test_an_explicit_scope_holds_all_parts() -> None:
    found = asked(BlockAddress(ip_network("192.0.2.0/25"), Direction.TO), Scope(sites=("south",)))
    assert held(found) == {"edge2": {("192.0.2.0", "192.0.2.127")}}


def test_a_flow_without_an_owner_follows_the_owners_of_the_other_end() -> None:
    third = Selection(prefixes=(ip_network("198.51.100.0/24"),))
    beyond = Selection(customers=("hosting",), prefixes=(ip_network("203.0.113.1/32"),))
    assert asked(BlockFlow(third, HOSTING)).devices == ("access1",)
    assert asked(BlockFlow(third, beyond)).devices == ("edge1", "edge2")
    unplugged = Selection(customers=("hosting", "unplugged"))
    assert asked(BlockFlow(third, unplugged)).devices == ("access1", "edge1", "edge2")


def test_protected_space_is_withheld_by_its_closest_reason() -> None:
    found = asked(BlockAddress(ip_network("192.0.2.224/27")))
    assert held(found)["edge1"] == {("192.0.2.224", "192.0.2.239")}
    parts = [
        ("192.0.2.240", "192.0.2.249", "the ISP's own servers"),
        ("192.0.2.250", "192.0.2.250", "the controller"),
        ("192.0.2.251", "192.0.2.255", "the ISP's own servers"),
    ]
    expected = tuple(Withheld(1, 4, number(a), number(b), why) for a, b, why in parts)
    assert found.withheld == expected
    assert compile_device("edge1", [found]).desired.withheld == expected
    assert compile_device("access1", [found]).desired.withheld == ()


def test_an_order_that_is_withheld_whole_is_still_placed() -> None:
    found = asked(BlockAddress(ip_network("192.0.2.250/32")))
    assert found.parts == ()
    assert found.devices == ("edge1", "edge2")
    assert len(found.withheld) == 1


def test_ports_are_merged_and_icmp_follows_the_family() -> None:
    ports = (PortRange(25, 25), PortRange(26, 30), PortRange(28, 40), PortRange(80, 80))
    assert rules(BlockPort(HOSTING, (6,), ports)) == {
        Rule(family, Key.SOURCE, Service(6, None, pair))
        for family in (4, 6)
        for pair in ((25, 40), (80, 80))
    }
    assert rules(BlockPort(HOSTING, (1,), (), Direction.TO)) == {
        Rule(4, Key.DESTINATION, Service(1)),
        Rule(6, Key.DESTINATION, Service(58)),
    }
    assert rules(BlockPort(HOSTING, (58,), ())) == {Rule(6, Key.SOURCE, Service(58))}


def test_a_flow_takes_the_services_of_its_destinations_entries() -> None:
    relay = number("192.0.2.200")
    whole = ((number("192.0.2.128"), number("192.0.2.131")),)
    towards = Selection(customers=("unplugged",), service_sets=("relays",))
    assert rules(BlockFlow(HOSTING, towards)) == {
        Rule(4, Key.SOURCE, Service(6, None, (25, 25)), ((relay, relay),)),
        Rule(4, Key.SOURCE, None, whole),
    }
    both = ((whole[0][0], whole[0][1]), (relay, relay))
    assert rules(BlockFlow(HOSTING, towards, (17,), direction=Direction.TO)) == {
        Rule(4, Key.DESTINATION, Service(17), both),
    }


def test_a_feed_is_cut_both_ways_on_both_ports() -> None:
    news = ((number("192.0.2.210"), number("192.0.2.210")),)
    expected = {
        Rule(4, key, service, news)
        for key in (Key.SOURCE, Key.DESTINATION)
        for port in (119, 433, 563)
        for service in (Service(6, (port, port), None), Service(6, None, (port, port)))
    }
    found = asked(CutFeed("hosting"))
    assert {part.rule for part in found.parts} == expected
    assert found.devices == ("access1",)


def test_a_suspension_by_interface_names_the_interfaces_of_both_families() -> None:
    found = asked(SuspendCustomer("hosting", Selection(), by="interface"))
    assert {(p.device, p.rule, p.interfaces) for p in found.parts} == {
        ("access1", Rule(family, key), ("eth1",))
        for family in (4, 6)
        for key in (Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE)
    }
    desired = compile_device("access1", [found]).desired
    assert len(desired) == 4
    scoped = SuspendCustomer("hosting", Selection(), by="interface")
    assert asked(scoped, Scope(devices=("edge1",))).devices == ()


def test_exceptions_are_of_the_rules_family_and_merged_per_service() -> None:
    entries = (
        ServiceEntry((ip_network("192.0.2.2/31"), ip_network("2001:db8::/127")), 17),
        ServiceEntry((ip_network("192.0.2.4/32"),), 17, (PortRange(53, 53),)),
        ServiceEntry((ip_network("192.0.2.4/31"),), 17),
    )
    topology = replace(TOPOLOGY, service_sets={"resolvers": ServiceSet("resolvers", entries)})
    named = Selection(prefixes=(ip_network("10.0.0.0/8"),), service_sets=("resolvers",))
    assert exempt_of(named, topology, 4) == (
        Exempt(number("10.0.0.0"), number("10.255.255.255")),
        Exempt(number("192.0.2.2"), number("192.0.2.5"), 17),
        Exempt(number("192.0.2.4"), number("192.0.2.4"), 17, (53, 53)),
    )
    six = number("2001:db8::")
    assert exempt_of(named, topology, 6) == (Exempt(six, six + 1, 17),)


def test_names_that_nothing_knows_select_nothing_and_are_named() -> None:
    demand = BlockList("botnets-old", exceptions=Selection(customers=("gone",)))
    found = asked(demand)
    assert found.parts == ()
    assert found.unresolved == ("list botnets-old", "customer gone")
    feed = asked(CutFeed("hosting", news_servers="none"))
    assert feed.parts == ()
    assert feed.unresolved == ("service set none",)
    assert asked(BlockAddress(ip_network("192.0.2.1/32"), exceptions=RELAY)).unresolved == ()


def test_the_end_is_the_earlier_of_end_and_lifting() -> None:
    placed = order(1, BlockAddress(ip_network("192.0.2.1/32")))
    assert {p.end for p in contributions(placed, TOPOLOGY, {}).parts} == {NO_END}
    lifted = replace(placed, end=NOW + timedelta(hours=2), lifted=NOW + timedelta(hours=1))
    ends = {p.end for p in contributions(lifted, TOPOLOGY, {}).parts}
    assert {from_ms(end) for end in ends} == {NOW + timedelta(hours=1)}


def test_overlapping_list_entries_are_joined() -> None:
    lists = {"botnets": block_list(2, "203.0.113.1/32", "203.0.113.0/24", "203.0.114.0/24")}
    found = contributions(order(1, BlockList("botnets", Direction.FROM)), TOPOLOGY, lists)
    assert held(found)["edge1"] == {("203.0.113.0", "203.0.114.255")}
