# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that are shut down: what goes down with them, and which never are.

Nothing can be spared behind an interface that is down. So it is shut only where nothing but the
customer is behind it: not our own way to the device, nobody else, nothing protected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from enforcer.core.edges import carries_management
from enforcer.core.prefixes import format_network
from enforcer.core.rules import Key, Rule
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import Customer, Device, Interface, ProtectedPrefix, Topology

SHUT = Rule(0, Key.INTERFACE)
"""The rule whose members are the interfaces that are down."""
_OF_LINKS = frozenset({"link", "neighbor", "next-hop"})
"""Protected because a link is there; among a customer's addresses it is the link that is shut."""


@dataclass(frozen=True)
class Shut:
    """`down`: by device the interfaces to shut; `spared`: why others, or all of them, stay up."""

    down: Mapping[str, tuple[str, ...]]
    spared: tuple[str, ...] = ()


def to_shut(customer: Customer, places: Mapping[str, tuple[str, ...]], topology: Topology) -> Shut:
    """Which of a customer's interfaces (`places`, by device) are shut when it is suspended."""
    if places and (never := guarded(customer, topology)):
        return Shut(
            {}, tuple(f"{format_network(o.prefix)} is never cut: {o.reason}" for o in never)
        )
    down: dict[str, tuple[str, ...]] = {}
    spared: list[str] = []
    for name, interfaces in places.items():
        ways = {i: our_way(topology.devices[name], i) for i in interfaces}
        spared += [f"{name} is reached through {way}" for way in ways.values() if way]
        if shut := tuple(i for i in interfaces if not ways[i]):
            down[name] = shut
    return Shut(down, tuple(spared))


def goes_down(name: str, other: str) -> bool:
    """Whether `other` is down when `name` is: the same, or a unit or subinterface of it.

    IOS and XR write ``GigabitEthernet0/0/1.100``, Junos ``ge-0/0/1.100``.
    """
    return other == name or other.startswith(f"{name}.")


def our_way(device: Device, name: str) -> str:
    """The interface that we reach `device` through, if it goes down with `name`; else ""."""
    known = {interface.name: interface for interface in device.interfaces}
    known.setdefault(name, Interface(name))
    for other in sorted(known):
        if goes_down(name, other) and carries_management(device, known[other]):
            return other
    return ""


def others_behind(
    topology: Topology, device: str, name: str, customer: str
) -> Iterator[tuple[str, str]]:
    """(who, interface): everybody but `customer` who is cut when `name` on `device` is shut."""
    found: dict[tuple[str, str], None] = {}
    for other in topology.customers.values():
        for place in other.attachments:
            if place.device == device and place.interface and other.name != customer:
                found[other.name, place.interface] = None
    box = topology.devices.get(device)
    for interface in box.interfaces if box else ():
        if interface.behind not in ("", customer):
            found[interface.behind, interface.name] = None
    yield from ((who, where) for who, where in found if goes_down(name, where))


def guarded(customer: Customer, topology: Topology) -> tuple[ProtectedPrefix, ...]:
    """What is protected and among the customer's prefixes; links aside.

    What is protected is never cut, and no part of an interface can be left up.
    """
    return tuple(
        one
        for one in topology.protected
        if one.origin not in _OF_LINKS
        and any(overlap(one.prefix, prefix) for prefix in customer.prefixes)
    )
