# SPDX-License-Identifier: GPL-2.0-or-later
"""A suspension by interface spares what the provider has on that interface, and nothing more."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from enforcer.core.compile import compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.protection import with_derived
from enforcer.core.rules import Withheld
from enforcer.core.topology import Attachment, Interface, Neighbor, Topology
from tests.oracle import Packet, dropped, rules_drop
from tests.strategies import NOW
from tests.unit.core.situations import TOPOLOGY, order

SUSPENDED = order(1, SuspendCustomer("hosting", Selection(), by="interface"))
ROUTER, CUSTOMER_END, FAR_END = "203.0.113.1", "203.0.113.2", "203.0.113.77"
SERVER, ELSEWHERE = "192.0.2.241", "203.0.113.9"


def linked(*neighbors: Neighbor) -> Topology:
    """A /30 on access1 eth1, to the customer, another link on eth2."""
    access = replace(
        TOPOLOGY.devices["access1"],
        interfaces=(
            Interface("eth1", addresses=(ip_interface(f"{ROUTER}/30"),)),
            Interface("eth2", addresses=(ip_interface(f"{ELSEWHERE}/30"),)),
        ),
        neighbors=neighbors,
    )
    return with_derived(replace(TOPOLOGY, devices={**TOPOLOGY.devices, "access1": access}))


SESSION = linked(Neighbor(ip_address(FAR_END), behind="hosting"))


def asked(topology: Topology) -> Contributions:
    return contributions(SUSPENDED, topology, {})


def through(src: str, dst: str, iif: str = "eth1", oif: str = "") -> Packet:
    return Packet(4, int(ip_address(src)), int(ip_address(dst)), 6, 179, 179, iif, oif, "access1")


@pytest.mark.parametrize(
    ("packet", "passes"),
    [
        (through(CUSTOMER_END, ROUTER), True),
        (through(ROUTER, CUSTOMER_END, "", "eth1"), True),
        (through(FAR_END, "192.0.2.5"), True),
        (through("192.0.2.5", FAR_END, "", "eth1"), True),
        (through("192.0.2.5", "8.8.8.8"), False),
        (through("192.0.2.5", SERVER), False),
        (through("192.0.2.5", ELSEWHERE), False),
    ],
)
def test_the_session_lives_and_the_customer_reaches_nothing_else_that_is_protected(
    packet: Packet, passes: bool
) -> None:
    desired = compile_device("access1", [asked(SESSION)]).desired
    assert rules_drop(packet, desired) is not passes
    assert bool(dropped(packet, [SUSPENDED], SESSION, {}, NOW)) is not passes


def test_what_is_spared_is_said() -> None:
    def row(first: str, last: str, reason: str) -> Withheld:
        return Withheld(1, 4, int(ip_address(first)), int(ip_address(last)), reason)

    assert set(asked(SESSION).withheld) == {
        row("203.0.113.0", "203.0.113.0", "access1's link on eth1"),
        row(ROUTER, ROUTER, "access1's address on eth1"),
        row(CUSTOMER_END, "203.0.113.3", "access1's link on eth1"),
        row(FAR_END, FAR_END, "access1's BGP neighbor"),
    }


def test_a_neighbor_of_somebody_else_is_not_spared() -> None:
    other = linked(Neighbor(ip_address(FAR_END), behind="unplugged"))
    desired = compile_device("access1", [asked(other)]).desired
    assert rules_drop(through("192.0.2.5", FAR_END), desired)


def test_a_neighbor_that_the_attachment_names_is_spared() -> None:
    topology = linked(Neighbor(ip_address(FAR_END)))
    customer = topology.customers["hosting"]
    more = (*customer.attachments, Attachment("access1", neighbor=FAR_END))
    named = {"hosting": replace(customer, attachments=more)}
    topology = replace(topology, customers={**topology.customers, **named})
    desired = compile_device("access1", [asked(topology)]).desired
    assert not rules_drop(through(FAR_END, ROUTER), desired)
    assert not rules_drop(through("192.0.2.5", FAR_END), desired)


def test_a_lan_is_spared_only_where_it_is_protected() -> None:
    """On a link of more than two ends only the router's own address is."""
    access = replace(
        TOPOLOGY.devices["access1"],
        interfaces=(Interface("eth1", addresses=(ip_interface("192.0.2.1/25"),)),),
    )
    lan = with_derived(replace(TOPOLOGY, devices={"access1": access}))
    desired = compile_device("access1", [asked(lan)]).desired
    assert not rules_drop(through("192.0.2.5", "192.0.2.1"), desired)
    assert rules_drop(through("192.0.2.5", "192.0.2.6"), desired)
    assert ip_network("192.0.2.1/32") in {p.prefix for p in lan.protected}
