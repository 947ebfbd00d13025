# SPDX-License-Identifier: GPL-2.0-or-later
"""A small network with BGP: an upstream, customers, a speaker of blackholes, and the inside."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

from enforcer.core.orders import Network, Scope, Sessions
from enforcer.core.topology import (
    Attachment,
    Blackholing,
    Customer,
    Device,
    Interface,
    Neighbor,
    ProtectedPrefix,
    Topology,
)
from tests.unit.core.drafts import service_set

EDGE = Device(
    "edge1",
    "frr",
    site="north",
    roles=frozenset({"border"}),
    interfaces=(
        Interface("eth1", "leaky", (ip_interface("10.0.1.1/30"),)),
        Interface("mgmt0", "", (ip_interface("10.9.0.1/24"),), management=True),
    ),
    neighbors=(
        Neighbor(ip_address("10.0.1.2"), 65001, "leaky", families=(4, 6)),
        Neighbor(ip_address("10.0.0.1"), 64500, "upstream", name="transit1"),
        Neighbor(ip_address("2001:db8:ffff::1"), 64500, "upstream"),
        Neighbor(ip_address("10.0.9.9"), 65000, "core"),
        Neighbor(ip_address("10.9.0.7"), 65003, "bare"),
        Neighbor(ip_address("10.0.5.5"), 65005, "bare", vrf="red"),
    ),
    vrfs=frozenset({"red"}),
)
SECOND = Device(
    "edge2",
    "bird",
    site="south",
    roles=frozenset({"border"}),
    neighbors=(Neighbor(ip_address("10.0.2.2"), 65001), Neighbor(ip_address("10.0.2.6"), 65002)),
)
PASSIVE = Device("filter1", "nftables", neighbors=(Neighbor(ip_address("10.0.3.2"), 65033),))
SPEAKER = Device(
    "speaker",
    "gobgp",
    roles=frozenset({"rtbh"}),
    blackholing=Blackholing(
        ("65535:666",),
        {"4": "192.0.2.254", "6": "100::1"},
        {"transit1": "64500:666"},
        {"4": "192.0.2.253"},
    ),
)
LEAKY = Customer(
    "leaky",
    (ip_network("192.0.2.0/25"), ip_network("2001:db8:1::/48")),
    (
        Attachment("edge1", "eth1"),
        Attachment("edge2", neighbor="10.0.2.2"),
        Attachment("filter1", "eth7"),
    ),
)
BARE = Customer("bare", ())
UNCONNECTED = Customer("unconnected", (ip_network("198.51.100.0/25"),))
NETWORK = Topology(
    devices={one.name: one for one in (EDGE, SECOND, PASSIVE, SPEAKER)},
    customers={one.name: one for one in (LEAKY, BARE, UNCONNECTED)},
    service_sets={"essentials": service_set("essentials", "203.0.113.53")},
    protected=(ProtectedPrefix(ip_network("203.0.113.0/25"), "our own servers"),),
    documentation_space=True,
)

OF_LEAKY = Sessions(customers=("leaky",))
EDGE2 = Scope(("edge2",))


def nets(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


def sessions(*words: str | int) -> Sessions:
    """Numbers are of ASes, what has a dot or colon is a neighbor, the rest are customers."""
    texts = [w for w in words if isinstance(w, str)]
    return Sessions(
        tuple(w for w in texts if "." not in w and ":" not in w),
        tuple(w for w in words if isinstance(w, int)),
        tuple(ip_address(w) for w in texts if "." in w or ":" in w),
    )


def with_device(device: Device, topology: Topology = NETWORK) -> Topology:
    return replace(topology, devices={**topology.devices, device.name: device})


LOOSE = with_device(replace(EDGE, urpf="loose"), with_device(replace(SECOND, urpf="loose")))
