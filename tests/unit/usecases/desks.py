# SPDX-License-Identifier: GPL-2.0-or-later
"""The office with another inventory, and what its audit says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from enforcer.core.topology import (
    Attachment,
    Customer,
    DynamicPool,
    Interface,
    ProtectedPrefix,
    SharedSpace,
    SourceLimits,
    Tenant,
    Topology,
)
from enforcer.storage.records import AuditEntry
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import TOPOLOGY, Office

HOST = Customer(
    "host",
    (ip_network("198.18.0.0/24"),),
    tenants=(
        Tenant("shop", (ip_network("198.18.0.0/25"),)),
        Tenant("blog", (ip_network("198.18.0.128/25"),)),
    ),
)
DOOR = (Attachment("edge2", "eth9"),)
FLATMATES = {
    name: Customer(name, (ip_network(prefix),), DOOR)
    for name, prefix in (("anna", "198.18.1.0/25"), ("bert", "198.18.1.128/25"))
}
CONSOLE = Customer("console", (ip_network("198.19.0.0/24"),), (Attachment("edge2", "me0"),))
GUARDED = replace(
    TOPOLOGY,
    devices={
        "edge1": replace(TOPOLOGY.devices["edge1"], nat=(ip_network("198.18.9.9"),)),
        "edge2": replace(
            TOPOLOGY.devices["edge2"],
            site="south",
            interfaces=(*TOPOLOGY.devices["edge2"].interfaces, Interface("me0", management=True)),
        ),
    },
    customers={**TOPOLOGY.customers, "host": HOST, **FLATMATES, "console": CONSOLE},
    protected=(
        ProtectedPrefix(ip_network("203.0.113.0/25"), "our servers"),
        ProtectedPrefix(ip_network("2001:db8:100::/64"), "management", "management"),
    ),
    shared=(SharedSpace("farm", (ip_network("198.18.7.0/28"),), users=("cust1", "twice")),),
    pools=(DynamicPool("dial", (ip_network("198.18.8.0/24"),), 3600),),
)
"""Something of all that guardrails look at, but limits of sources."""


def equip(office: Office, topology: Topology) -> None:
    """Let the office work with another inventory from now on."""
    office.world = replace(office.world, load_topology=lambda: topology)
    office.app = LocalApplication(office.world)


def limit(office: Office, **limits: Any) -> None:
    """Limits for orders from the command line, under the guarded inventory."""
    equip(office, replace(GUARDED, sources={"cli": SourceLimits("cli", **limits)}))


def entries(office: Office, kind: str) -> list[AuditEntry]:
    """Audit entries of one kind, oldest first."""
    with office.database.read() as reader:
        return reader.audit.entries(kinds=(kind,))


def payloads(office: Office, kind: str) -> list[Mapping[str, Any]]:
    """What the entries of one kind say."""
    return [entry.payload for entry in entries(office, kind)]
