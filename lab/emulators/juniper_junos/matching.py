# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the `from` of one term of an emulated Junos filter matches a packet.

Within one condition the values are alternatives, between conditions all must hold; `except`
entries take part in a longest match [Juniper: firewall filter match conditions based on address
prefixes]. A later fragment has no ports, so no port condition (an `-except` one neither) holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.values import (
    ICMP_TYPES,
    PORTS,
    PROTOCOLS,
    Network,
    network,
    numbers,
)
from lab.emulators.packets import TCP, Address, Packet

_ADDRESSES = {
    "address": ("source", "destination"),
    "source-address": ("source",),
    "destination-address": ("destination",),
    "prefix-list": ("source", "destination"),
    "source-prefix-list": ("source",),
    "destination-prefix-list": ("destination",),
}
_PORT_ENDS = {
    "port": ("source_port", "destination_port"),
    "source-port": ("source_port",),
    "destination-port": ("destination_port",),
}
_PROTOCOL_NAMES = ("protocol", "next-header", "payload-protocol")


def term_matches(
    root: Node, conditions: Node | None, packet: Packet, *, empty_list_matches: bool
) -> bool:
    """Whether every condition holds for `packet`; no conditions: always.

    Args:
        root: the configuration, for its prefix-lists.
        conditions: the active `from` of the term.
        packet: of the filter's family.
        empty_list_matches: see `JunosOptions`.
    """
    if conditions is None:
        return True
    return (
        _addresses_match(root, conditions, packet, empty_list_matches)
        and _numbers_match(conditions, packet)
        and _ports_match(conditions, packet)
        and _flags_match(conditions, packet)
    )


def _addresses_match(root: Node, conditions: Node, packet: Packet, empty: bool) -> bool:
    for name, ends in _ADDRESSES.items():
        group = conditions.get(name)
        if group is None:
            continue
        entries = list(_entries(root, group, packet.version, lists="prefix-list" in name))
        if not entries:
            if empty and "prefix-list" in name:
                continue
            return False
        if not any(_longest(entries, _end(packet, end)) for end in ends):
            return False
    return True


def _end(packet: Packet, end: str) -> Address:
    return packet.source if end == "source" else packet.destination


def _entries(
    root: Node, group: Node, version: int, *, lists: bool
) -> Iterator[tuple[Network, bool]]:
    """Prefixes of the family with whether they are exceptions. GUESS: others are ignored."""
    for entry in group.listed(""):
        excepted = ("except",) in entry.children
        if not lists:
            texts = [entry.key[0]]
        else:
            found = root.get("policy-options", ("prefix-list", entry.key[0]))
            texts = [member.key[0] for member in found.listed("")] if found else []
        for text in texts:
            member = network(text)
            if member.version == version:
                yield member, excepted


def _longest(entries: list[tuple[Network, bool]], address: Address) -> bool:
    """Whether the longest prefix around `address` is there and no exception."""
    covering = [(net.prefixlen, excepted) for net, excepted in entries if address in net]
    if not covering:
        return False
    length = max(length for length, _excepted in covering)
    return not any(excepted for found, excepted in covering if found == length)


def _within(values: list[str], number: int | None, names: dict[str, int]) -> bool:
    ranges = [found for value in values if (found := numbers(value, names))]
    return number is not None and any(low <= number <= high for low, high in ranges)


def _numbers_match(conditions: Node, packet: Packet) -> bool:
    fragment_offset = None if packet.fragment else 0
    facts: list[tuple[str, int | None, dict[str, int]]] = [
        *((name, packet.protocol, PROTOCOLS) for name in _PROTOCOL_NAMES),
        ("icmp-type", packet.icmp_type, ICMP_TYPES),
        ("icmp-code", None, {}),
    ]
    for name, number, names in facts:
        wanted, unwanted = conditions.several(name), conditions.several(f"{name}-except")
        if wanted and not _within(wanted, number, names):
            return False
        if unwanted and (number is None or _within(unwanted, number, names)):
            return False
    return _offset_matches(conditions, fragment_offset)


def _offset_matches(conditions: Node, offset: int | None) -> bool:
    """A packet does not say its offset: a later fragment counts as any offset but 0."""
    for name, wanted in (("fragment-offset", True), ("fragment-offset-except", False)):
        values = conditions.several(name)
        if not values:
            continue
        ranges = [found for value in values if (found := numbers(value, {}))]
        low_high = (0, 0) if offset == 0 else (1, 8191)
        covered = any(low <= low_high[0] and low_high[1] <= high for low, high in ranges)
        if covered is not wanted:
            return False
    return True


def _ports_match(conditions: Node, packet: Packet) -> bool:
    for name, ends in _PORT_ENDS.items():
        ports = [getattr(packet, end) for end in ends]
        wanted, unwanted = conditions.several(name), conditions.several(f"{name}-except")
        if wanted and not any(_within(wanted, port, PORTS) for port in ports):
            return False
        if unwanted and any(port is None or _within(unwanted, port, PORTS) for port in ports):
            return False
    return True


def _flags_match(conditions: Node, packet: Packet) -> bool:
    """A packet that is whole counts as no fragment: `Packet` knows no first fragments."""
    checks = {
        "is-fragment": packet.fragment,
        "first-fragment": False,
        "tcp-established": packet.protocol == TCP and packet.established,
        "tcp-initial": packet.protocol == TCP and not packet.established,
    }
    return all(holds for name, holds in checks.items() if conditions.get(name))
