# SPDX-License-Identifier: GPL-2.0-or-later
"""Space that is protected because the network itself stands on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from enforcer.core.orders import Network
from enforcer.core.special_purpose import special_purpose
from enforcer.core.topology import (
    Blackholing,
    Device,
    Interface,
    ProtectedPrefix,
    Topology,
)

STATED = "stated"
INFRASTRUCTURE = ("controller", "ix", "aaa", "dns", "ntp", "syslog", "database", "identity")
"""Origins of what the inventory's section `infrastructure` states."""
DERIVED = ("management", "link", "neighbor", "next-hop", "rtbh")
"""Origins of what `derived` finds."""
POINT_TO_POINT = {4: 30, 6: 126}
"""The shortest link of two ends: /30 and /31 (RFC 3021), /126 and /127 (RFC 6164)."""


def derived(topology: Topology) -> tuple[ProtectedPrefix, ...]:
    """What the devices of `topology` stand on, each prefix once, device by device.

    Management addresses and loopbacks, the address that a transport names, the devices'
    addresses on their interfaces (with the whole link where it has two ends), BGP neighbors,
    next-hops, and of blackholes the canaries and what discards. Special-purpose space is left
    out: no order may name it anyway.
    """
    found = (one for device in topology.devices.values() for one in _of_device(device))
    return merged(one for one in found if is_protectable(one.prefix))


def with_derived(topology: Topology) -> Topology:
    """`topology` with the derived part of its protected space made anew from its devices."""
    kept = (one for one in topology.protected if one.origin not in DERIVED)
    return replace(topology, protected=merged([*kept, *derived(topology)]))


def merged(found: Iterable[ProtectedPrefix]) -> tuple[ProtectedPrefix, ...]:
    """Each prefix once, with the reason and origin that came first."""
    first: dict[Network, ProtectedPrefix] = {}
    for one in found:
        first.setdefault(one.prefix, one)
    return tuple(first.values())


def is_protectable(network: Network) -> bool:
    """Whether it touches no special-purpose space; documentation space is ordinary (labs)."""
    return special_purpose(network, documentation_space=True) is None


def _of_device(device: Device) -> Iterator[ProtectedPrefix]:
    for address in device.addresses:
        reason = f"{device.name}'s management address or loopback"
        yield ProtectedPrefix(address, reason, "management")
    host = _parsed(device.transport.get("host", ""))
    if host is not None:
        reason = f"{device.name} is reached there"
        yield ProtectedPrefix(_host(host), reason, "management")
    for interface in device.interfaces:
        yield from _of_interface(device.name, interface)
    for neighbor in device.neighbors:
        asn = f" (AS{neighbor.asn})" if neighbor.asn else ""
        reason = f"{device.name}'s BGP neighbor{asn}"
        yield ProtectedPrefix(_host(neighbor.address), reason, "neighbor")
    for address in device.next_hops:
        yield ProtectedPrefix(address, f"{device.name}'s next-hop", "next-hop")
    if device.blackholing is not None:
        yield from _of_blackholing(device.name, device.blackholing)


def _of_blackholing(device: str, found: Blackholing) -> Iterator[ProtectedPrefix]:
    """A blackhole of these would take what all others, and the proof of them, stand on."""
    for addresses, what in (
        (found.next_hops, "discard next-hop of blackholes"),
        (found.canaries, "canary of blackholes"),
    ):
        for text in addresses.values():
            if (address := _parsed(text)) is not None:
                yield ProtectedPrefix(_host(address), f"{device}'s {what}", "rtbh")


def _of_interface(device: str, interface: Interface) -> Iterator[ProtectedPrefix]:
    for address in interface.addresses:
        reason = f"{device}'s address on {interface.name}"
        yield ProtectedPrefix(_host(address.ip), reason, "link")
        link = address.network
        if POINT_TO_POINT[link.version] <= link.prefixlen < link.max_prefixlen:
            yield ProtectedPrefix(link, f"{device}'s link on {interface.name}", "link")


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _host(address: IPv4Address | IPv6Address) -> Network:
    return IPv4Network(address) if isinstance(address, IPv4Address) else IPv6Network(address)
