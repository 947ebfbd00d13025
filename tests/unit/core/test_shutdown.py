# SPDX-License-Identifier: GPL-2.0-or-later
"""A suspension by shutdown: the customer's interfaces go down, and nothing else with them."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from enforcer.core.collateral import hit_by
from enforcer.core.compile import compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.draft import Ground
from enforcer.core.guardrails import check
from enforcer.core.orders import Scope, Selection, SuspendCustomer
from enforcer.core.protection import with_derived
from enforcer.core.rules import NO_END, InterfaceMember, Key, Rule
from enforcer.core.shutdown import SHUT, goes_down, our_way
from enforcer.core.topology import (
    Attachment,
    Customer,
    Device,
    Interface,
    Neighbor,
    ProtectedPrefix,
    Topology,
)
from tests.oracle import Packet, dropped, rules_drop
from tests.strategies import NOW
from tests.unit.core.drafts import CAPABILITIES, KNOWN, SUSPEND, codes, draft
from tests.unit.core.drafts import NOW as THEN
from tests.unit.core.drafts import SHUT as BY_SHUTDOWN
from tests.unit.core.drafts import TOPOLOGY as NETWORK
from tests.unit.core.situations import TOPOLOGY, order

SUSPENDED = order(1, SuspendCustomer("hosting", Selection(), by="shutdown"))
OWN = ip_network("192.0.2.0/25")


def world(*interfaces: Interface, **changes: object) -> Topology:
    """access1 with these interfaces; `changes` of that device."""
    access = replace(TOPOLOGY.devices["access1"], interfaces=interfaces, **changes)  # type: ignore[arg-type]  # by name
    return with_derived(replace(TOPOLOGY, devices={**TOPOLOGY.devices, "access1": access}))


def asked(topology: Topology = TOPOLOGY) -> Contributions:
    return contributions(SUSPENDED, topology, {})


def reasons(topology: Topology) -> set[str]:
    return {row.reason for row in asked(topology).withheld}


def test_the_interface_is_the_member_of_one_rule_for_every_family() -> None:
    (part,) = asked().parts
    assert (part.device, part.rule, part.interfaces) == ("access1", SHUT, ("eth1",))
    assert Rule(0, Key.INTERFACE) == SHUT and SHUT.by_interface and not SHUT.plain
    desired = compile_device("access1", [asked()]).desired
    assert desired.interfaces == {SHUT: (InterfaceMember("eth1", NO_END, 1),)}
    assert not desired.addresses and not asked().withheld


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(("iif", "oif"), [("eth1", ""), ("eth2", "eth1"), ("eth2", "eth3")])
def test_nothing_passes_it_in_either_family(family: int, iif: str, oif: str) -> None:
    desired = compile_device("access1", [asked()]).desired
    packet = Packet(family, 1, 2, 17, 53, 53, iif, oif, "access1")
    shut = "eth1" in (iif, oif)
    assert rules_drop(packet, desired) is shut
    assert bool(dropped(packet, [SUSPENDED], TOPOLOGY, {}, NOW)) is shut


def test_a_scope_elsewhere_shuts_nothing() -> None:
    away = replace(SUSPENDED, scope=Scope(devices=("edge1",)))
    assert contributions(away, TOPOLOGY, {}).parts == ()


@pytest.mark.parametrize(
    ("name", "other", "too"),
    [
        ("ge-0/0/1", "ge-0/0/1", True),
        ("ge-0/0/1", "ge-0/0/1.100", True),
        ("GigabitEthernet0/0/1", "GigabitEthernet0/0/1.4", True),
        ("ge-0/0/1.100", "ge-0/0/1", False),
        ("ge-0/0/1", "ge-0/0/10", False),
        ("ge-0/0/1.1", "ge-0/0/1.10", False),
    ],
)
def test_units_go_down_with_their_interface(name: str, other: str, too: bool) -> None:
    assert goes_down(name, other) is too


MANAGEMENT = [
    (Interface("eth1", management=True), {}),
    (Interface("eth1.7", management=True), {}),
    (
        Interface("eth1", addresses=(ip_interface("203.0.113.1/30"),)),
        {"transport": {"host": "203.0.113.1"}},
    ),
    (
        Interface("eth1.7", addresses=(ip_interface("203.0.113.1/30"),)),
        {"addresses": (ip_network("203.0.113.1/32"),)},
    ),
]


@pytest.mark.parametrize(("interface", "changes"), MANAGEMENT)
def test_what_we_reach_the_device_through_is_never_shut(
    interface: Interface, changes: dict[str, object]
) -> None:
    """Whenever the inventory says so; the order is said to be withheld then."""
    topology = world(interface, **changes)
    assert our_way(topology.devices["access1"], "eth1") == interface.name
    assert asked(topology).parts == ()
    assert reasons(topology) == {f"access1 is reached through {interface.name}"}
    assert {(w.family, w.first) for w in asked(topology).withheld} == {
        (4, int(OWN.network_address)),
        (6, int(ip_address("2001:db8:5::"))),
    }
    assert asked(topology).devices == ("access1",)
    packet = Packet(4, 1, 2, 17, 53, 53, "eth1", "", "access1")
    assert not dropped(packet, [SUSPENDED], topology, {}, NOW)


def test_of_two_interfaces_the_other_one_is_shut() -> None:
    topology = world(Interface("eth1", management=True), Interface("eth2"))
    both = replace(
        topology.customers["hosting"],
        attachments=(Attachment("access1", "eth1"), Attachment("access1", "eth2")),
    )
    found = asked(replace(topology, customers={"hosting": both}))
    (part,) = found.parts
    assert part.interfaces == ("eth2",) and found.withheld


def test_what_is_protected_behind_it_keeps_it_up() -> None:
    server = ProtectedPrefix(ip_network("192.0.2.9/32"), "the monitor")
    topology = replace(TOPOLOGY, protected=(server,))
    assert asked(topology).parts == ()
    assert reasons(topology) == {"192.0.2.9 is never cut: the monitor"}


def test_the_link_that_is_shut_and_its_neighbor_do_not_keep_it_up() -> None:
    topology = world(
        Interface("eth1", "hosting", (ip_interface("192.0.2.1/30"),)),
        neighbors=(Neighbor(ip_address("192.0.2.2"), behind="hosting"),),
        next_hops=(ip_network("192.0.2.2/32"),),
    )
    assert {p.origin for p in topology.protected} >= {"link", "neighbor"}
    assert [part.interfaces for part in asked(topology).parts] == [("eth1",)]


# -- refused when placed ------------------------------------------------------------------------


def network(*interfaces: Interface, customers: tuple[Customer, ...] = ()) -> Topology:
    edge = Device("edge1", "nftables", interfaces=interfaces)
    return replace(
        NETWORK,
        devices={**NETWORK.devices, "edge1": edge},
        customers={**NETWORK.customers, **{one.name: one for one in customers}},
    )


def refused(topology: Topology) -> list[tuple[str, str]]:
    found = check(draft(BY_SHUTDOWN), topology, KNOWN, THEN, CAPABILITIES)
    assert "suspend" in " ".join(r.message for r in found) or not found
    by_prefixes = check(draft(SUSPEND), topology, KNOWN, THEN, CAPABILITIES)
    assert "carries-management" not in codes(by_prefixes)
    return [(r.code, r.message) for r in found]


def test_a_plain_attachment_is_shut() -> None:
    assert refused(network(Interface("eth1"), Interface("eth10", management=True))) == []


def test_management_below_the_interface_is_named() -> None:
    ((code, message),) = refused(network(Interface("eth1"), Interface("eth1.9", management=True)))
    assert code == "carries-management"
    assert message == (
        "edge1 is reached through eth1.9, which goes down with eth1, and would be lost:"
        " suspend cust1 by prefixes"
    )


@pytest.mark.parametrize("where", ["eth1", "eth1.20"])
def test_another_customer_there_or_below_is_not_cut(where: str) -> None:
    neighbor = Customer("next", (ip_network("198.18.0.0/24"),), (Attachment("edge1", where),))
    ((code, message),) = refused(network(customers=(neighbor,)))
    assert code == "shared-interface" and message.startswith(f"next is behind edge1 {where}")


def test_an_upstream_below_the_interface_is_not_cut() -> None:
    ((code, message),) = refused(network(Interface("eth1.1", "upstream")))
    assert code == "shared-interface" and "upstream is behind edge1 eth1.1" in message


def test_protected_space_behind_it_is_not_cut() -> None:
    server = ProtectedPrefix(ip_network("192.0.2.9/32"), "the monitor")
    topology = replace(NETWORK, protected=(*NETWORK.protected, server))
    ((code, message),) = refused(topology)
    assert code == "protected"
    assert message == (
        "192.0.2.9 is protected (the monitor) and would be cut: suspend cust1 by prefixes"
    )


def test_it_is_said_that_nothing_is_kept_alive() -> None:
    ground = Ground.of(NETWORK)
    hit = hit_by(BY_SHUTDOWN, NETWORK, ground.parties, ground.owners)
    assert hit.needs == () and hit.names == ("cust1",)
    assert hit.knowingly == ("nothing of cust1 passes any more, calls for help neither",)
