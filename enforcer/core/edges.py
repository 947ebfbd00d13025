# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a router's filters are bound: the interfaces at the edge of the network.

A packet that enters or leaves the network there meets our filter once on its way in or out, so
that every packet through an edge interface is judged, and none between two core interfaces.
"""

from __future__ import annotations

from ipaddress import ip_address

from enforcer.core.topology import Device, Interface

_INSIDE = frozenset({"", "core", "infrastructure"})


def edge_interfaces(device: Device) -> tuple[Interface, ...]:
    """Those behind which a customer, a peer or an upstream is, management never; by name."""
    found = (
        i
        for i in device.interfaces
        if i.behind not in _INSIDE and not carries_management(device, i)
    )
    return tuple(sorted(found, key=lambda i: i.name))


def carries_management(device: Device, interface: Interface) -> bool:
    """Whether we reach the device through `interface`: it is said, or its address is ours to use.

    An address by which the inventory says that the device is reached (`addresses`, or the
    host of its transport) on the interface's own link counts.
    """
    if interface.management:
        return True
    reached = {str(network.network_address) for network in device.addresses}
    reached.add(device.transport.get("host", ""))
    own = {str(address.ip) for address in interface.addresses}
    return bool(own & {_plain(text) for text in reached})


def _plain(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return text
