# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's inventory fits the lab's topology and holds for the orders that it is made for."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from enforcer.core.draft import Draft, Known
from enforcer.core.guardrails import check
from enforcer.core.orders import (
    BlockAddress,
    BlockPort,
    CutFeed,
    Demand,
    PortRange,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import Mode, Topology
from inventory.yaml_files import load

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def topology(repository: Path) -> Topology:
    return load(repository / "lab" / "inventory")


@pytest.fixture(scope="module")
def lab(repository: Path) -> dict[str, Any]:
    content = YAML(typ="safe", pure=True).load(repository / "lab" / "isp.clab.yml")
    assert isinstance(content, dict)
    return content


def addresses(node: dict[str, Any]) -> list[str]:
    commands = [command.split() for command in node["exec"]]
    return [words[3] for words in commands if words[:3] == ["ip", "addr", "add"]]


def test_devices_and_interfaces_are_the_labs(topology: Topology, lab: dict[str, Any]) -> None:
    ends = {end for link in lab["topology"]["links"] for end in link["endpoints"]}
    assert set(topology.devices) == {"edge1", "core1"}
    for device in topology.devices.values():
        assert device.mode is Mode.ENFORCE
        assert device.transport == {"netns": f"clab-{lab['name']}-{device.name}"}
        here = {end.partition(":")[2] for end in ends if end.startswith(f"{device.name}:")}
        assert {interface.name for interface in device.interfaces} == here


def test_customers_own_their_addresses(topology: Topology, lab: dict[str, Any]) -> None:
    links = {frozenset(link["endpoints"]) for link in lab["topology"]["links"]}
    for customer in topology.customers.values():
        (attachment,) = customer.attachments
        here = {f"{customer.name}:eth1", f"{attachment.device}:{attachment.interface}"}
        assert here in links
        found = addresses(lab["topology"]["nodes"][customer.name])
        assert found
        for text in found:
            address = ip_interface(text).ip
            if address not in ip_network("10.0.0.0/8") and address not in ip_network("fd00::/8"):
                assert any(address in prefix for prefix in customer.prefixes)


def test_services_stand_where_they_are_said_to(topology: Topology, lab: dict[str, Any]) -> None:
    nodes = lab["topology"]["nodes"]
    standing = {
        ip_interface(text).ip for name in ("relay", "news") for text in addresses(nodes[name])
    }
    for name in ("relay", "news"):
        entries = topology.service_sets[name].entries
        assert {p[0] for entry in entries for p in entry.prefixes} <= standing
    assert {ip_address("203.0.113.53"), ip_address("203.0.113.80")} <= standing


def test_what_runs_the_network_is_protected(topology: Topology, lab: dict[str, Any]) -> None:
    for name in ("edge1", "core1", "relay", "news"):
        for text in addresses(lab["topology"]["nodes"][name]):
            address = ip_interface(text).ip
            owned = any(address in p for c in topology.customers.values() for p in c.prefixes)
            assert owned or any(address in p.prefix for p in topology.protected)


def test_the_routers_and_the_resolver_are_protected_by_themselves(
    topology: Topology, lab: dict[str, Any]
) -> None:
    own = {str(p.prefix.network_address): p.origin for p in topology.protected}
    for name in topology.devices:
        node = lab["topology"]["nodes"][name]
        loopbacks = [
            text.split("/")[0] for text in addresses(node) if text.endswith(("/32", "/128"))
        ]
        assert loopbacks
        for address in (node["mgmt-ipv4"], *loopbacks):
            assert own[address] == "management"
    assert own["203.0.113.53"] == own["2001:db8:100::53"] == "dns"


ESSENTIALS = Selection(service_sets=("essentials",))


@pytest.mark.parametrize(
    "demand",
    [
        BlockAddress(ip_network("192.0.2.66/32")),
        BlockAddress(ip_network("198.51.100.10/32")),
        BlockPort(
            Selection(customers=("cust1",)),
            (6,),
            (PortRange(25, 25),),
            exceptions=Selection(service_sets=("relay",)),
        ),
        CutFeed("cust2"),
        SuspendCustomer("cust1", ESSENTIALS),
        SuspendCustomer("cust1", ESSENTIALS, "interface"),
    ],
    ids=lambda demand: str(demand.kind),
)
def test_the_demonstrated_orders_may_be_placed(topology: Topology, demand: Demand) -> None:
    draft = Draft(demand, NOW, NOW + timedelta(hours=1))
    assert check(draft, topology, Known(), NOW) == ()


def test_the_relay_may_not_be_blocked(topology: Topology) -> None:
    draft = Draft(BlockAddress(ip_network("203.0.113.25/32")), NOW, NOW + timedelta(hours=1))
    (refusal,) = check(draft, topology, Known(), NOW)
    assert refusal.code == "protected"
    assert "mail relay" in refusal.message
