# SPDX-License-Identifier: GPL-2.0-or-later
"""One small network, for tests that spell out their packets and rules."""

from __future__ import annotations

from ipaddress import ip_network

from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import Demand, Order, PortRange, Selection
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from tests.strategies import NOW

_BORDER = frozenset({ROLE_BORDER})

TOPOLOGY = Topology(
    devices={
        "access1": Device("access1", "nftables", site="north"),
        "core1": Device("core1", "nftables", site="north"),
        "edge1": Device("edge1", "nftables", site="north", roles=_BORDER),
        "edge2": Device("edge2", "nftables", site="south", roles=_BORDER),
    },
    customers={
        "hosting": Customer(
            "hosting",
            (ip_network("192.0.2.0/25"), ip_network("2001:db8:5::/48")),
            (Attachment("access1", "eth1"),),
        ),
        "unplugged": Customer("unplugged", (ip_network("192.0.2.128/30"),)),
    },
    service_sets={
        "relays": ServiceSet(
            "relays", (ServiceEntry((ip_network("192.0.2.200/32"),), 6, (PortRange(25, 25),)),)
        ),
        "news": ServiceSet("news", (ServiceEntry((ip_network("192.0.2.210/32"),)),)),
    },
    protected=(
        ProtectedPrefix(ip_network("192.0.2.240/28"), "the ISP's own servers"),
        ProtectedPrefix(ip_network("192.0.2.250/32"), "the controller"),
    ),
)
"""access1 has the customer `hosting` on eth1; `unplugged` is attached nowhere."""

RELAY = Selection(service_sets=("relays",))


def block_list(version: int, *prefixes: str) -> ListContent:
    """A list of IPv4 prefixes."""
    v4, none = rows_of(ip_network(prefix) for prefix in prefixes), Ranges.none()
    return ListContent(version, v4.first, v4.last, none.first, none.last)


LISTS = {"botnets": block_list(1, "203.0.113.77/32", "203.0.113.78/31")}


def order(number: int, demand: Demand) -> Order:
    """An order in force since `NOW`, without an end."""
    return Order(
        number=number,
        changed=number,
        demand=demand,
        reason="test",
        issuer="noc",
        source="test",
        created=NOW,
        start=NOW,
        end=None,
    )
