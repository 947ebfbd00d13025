# SPDX-License-Identifier: GPL-2.0-or-later
"""A small network, and drafts of every kind that nothing speaks against."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from enforcer.core.draft import Draft, Known, Refusal
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
from enforcer.core.plan import Capability
from enforcer.core.rules import Key
from enforcer.core.topology import (
    Attachment,
    Customer,
    Device,
    Interface,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def customer(name: str, *prefixes: str, at: tuple[tuple[str, str], ...] = ()) -> Customer:
    return Customer(
        name, tuple(map(ip_network, prefixes)), tuple(Attachment(*place) for place in at)
    )


def service_set(name: str, *prefixes: str) -> ServiceSet:
    return ServiceSet(name, (ServiceEntry(tuple(map(ip_network, prefixes))),))


CUSTOMERS = (
    customer("cust1", "192.0.2.0/25", "2001:db8:1::/48", at=(("edge1", "eth1"),)),
    customer("cust2", "192.0.2.128/25", at=(("edge1", "eth2"),)),
    customer("cust3", "198.51.100.0/25", at=(("edge1", "eth2"),)),
    customer("loose", "198.51.100.128/25"),
    customer("far", "198.20.128.0/24", at=(("spare", "ge1"),)),
)
TOPOLOGY = Topology(
    devices={
        "edge1": Device("edge1", "nftables", site="north", roles=frozenset({"edge"})),
        "core1": Device("core1", "nftables", site="south", roles=frozenset({"border"})),
        "spare": Device(
            "spare",
            "nftables",
            nat=(ip_network("203.0.113.99/32"),),
            interfaces=(Interface("ge1", "far", management=True),),
        ),
    },
    customers={one.name: one for one in CUSTOMERS},
    service_sets={
        "news": service_set("news", "203.0.113.119", "2001:db8:100::119"),
        "news6": service_set("news6", "2001:db8:100::119"),
        "essentials": service_set("essentials", "203.0.113.53"),
    },
    protected=(ProtectedPrefix(ip_network("203.0.113.0/25"), "our own servers"),),
    documentation_space=True,
)
KNOWN = Known(lists=frozenset({"botnets"}))
EVERYTHING = Capability(frozenset((family, key) for family in (0, 4, 6) for key in Key))
CAPABILITIES = dict.fromkeys(TOPOLOGY.devices, EVERYTHING)

CUST1 = Selection(customers=("cust1",))
NEWS = Selection(service_sets=("news",))
ESSENTIALS = Selection(service_sets=("essentials",))
SMTP = (PortRange(25, 25),)
ADDRESS = BlockAddress(ip_network("198.18.0.1/32"))
PORT = BlockPort(CUST1, (6,), SMTP)
FLOW = BlockFlow(CUST1, NEWS, (6, 17), SMTP, Direction.BOTH)
LIST = BlockList("botnets")
SUSPEND = SuspendCustomer("cust1", ESSENTIALS)
BY_INTERFACE = SuspendCustomer("cust1", ESSENTIALS, "interface")
SHUT = SuspendCustomer("cust1", Selection(), "shutdown")
FEED = CutFeed("cust1")


def draft(demand: Demand, *devices: str) -> Draft:
    return Draft(demand, NOW, NOW + HOUR, Scope(devices))


def block(prefix: str) -> Draft:
    return draft(BlockAddress(ip_network(prefix)))


def wide(prefix: str) -> Draft:
    return replace(block(prefix), confirm_wide=True)


def confirmed(prefix: str) -> Draft:
    return replace(wide(prefix), confirm_collateral=True)


def codes(refusals: tuple[Refusal, ...]) -> list[str]:
    return [refusal.code for refusal in refusals]
