# SPDX-License-Identifier: GPL-2.0-or-later
"""Routing protocols that announce every static route. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.cisco_xr.parse_tree import Block

_FAMILIES = {"ospf": (4,), "ospfv3": (6,), "rip": (4,), "eigrp": (4, 6), "isis": (4, 6)}
_AF = {"ipv4": 4, "ipv6": 6}


def spread_of(block: Block) -> set[tuple[int, str]]:
    """(family, place) of each ``redistribute static`` of the default VRF without a route-policy."""
    families = _FAMILIES.get(block.words[1], (4, 6))
    return set(_found(block, " ".join(block.words[:3]), families))


def _found(block: Block, place: str, families: tuple[int, ...]) -> Iterator[tuple[int, str]]:
    for child in block.children:
        words = child.words
        if words[:2] == ["redistribute", "static"] and not _policed(child):
            yield from ((family, place) for family in families)
        elif words[0] == "address-family" and words[1:2] and words[1] in _AF:
            yield from _found(child, place, (_AF[words[1]],))
        elif words[0] != "vrf":
            yield from _found(child, place, families)


def _policed(child: Block) -> bool:
    inner = (word for below in child.children for word in below.words)
    return "route-policy" in child.words or "route-policy" in inner
