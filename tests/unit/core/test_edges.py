# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters are bound at the edge of the network, and never where we reach the router."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from enforcer.core.edges import carries_management, edge_interfaces
from enforcer.core.topology import Device, Interface

ROUTER = Device(
    "edge1",
    "any",
    transport={"host": "203.0.113.7"},
    addresses=(ip_network("203.0.113.1/32"), ip_network("2001:db8::1/128")),
)


def names(*interfaces: Interface, device: Device = ROUTER) -> list[str]:
    return [i.name for i in edge_interfaces(replace(device, interfaces=interfaces))]


def test_those_with_somebody_outside_behind_them_by_name() -> None:
    assert names(
        Interface("xe3", "upstream"),
        Interface("xe1", "hosting"),
        Interface("xe2", "peer"),
        Interface("xe4", "core"),
        Interface("xe5", "infrastructure"),
        Interface("xe6"),
    ) == ["xe1", "xe2", "xe3"]


@pytest.mark.parametrize(
    ("interface", "ours"),
    [
        (Interface("mgmt0", management=True), True),
        (Interface("ge0", "hosting", management=True), True),
        (Interface("ge0", "hosting"), False),
        (Interface("ge0", "hosting", (ip_interface("203.0.113.7/24"),)), True),
        (Interface("ge0", "hosting", (ip_interface("203.0.113.1/30"),)), True),
        (Interface("ge0", "hosting", (ip_interface("203.0.113.2/30"),)), False),
        (Interface("ge0", "hosting", (ip_interface("2001:db8:0::1/64"),)), True),
        (Interface("ge0", "hosting", (ip_interface("2001:db8::2/64"),)), False),
    ],
)
def test_our_way_to_the_router_is_no_edge(interface: Interface, ours: bool) -> None:
    assert carries_management(ROUTER, interface) is ours
    assert names(interface) == ([] if ours or not interface.behind else ["ge0"])


def test_a_host_may_be_written_another_way_or_be_a_name() -> None:
    written = replace(ROUTER, transport={"host": "2001:DB8:0:0::9"}, addresses=())
    door = Interface("ge0", "hosting", (ip_interface("2001:db8::9/64"),))
    assert names(door, device=written) == []
    named = replace(ROUTER, transport={"host": "edge1.example.net"}, addresses=())
    assert names(door, device=named) == ["ge0"]
    nothing = replace(ROUTER, transport={}, addresses=())
    assert names(door, device=nothing) == ["ge0"]
