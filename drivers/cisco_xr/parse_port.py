# SPDX-License-Identifier: GPL-2.0-or-later
"""One interface of a running configuration. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_interface

from drivers.cisco_xr.model import Port, Way
from drivers.cisco_xr.parse_tree import Block
from enforcer.errors import ParseFailed

_WAYS: Mapping[str, Way] = {"ingress": "ingress", "egress": "egress"}
_AF = {"ipv4": 4, "ipv6": 6}


def port_of(device: str, block: Block) -> Port:
    """What an interface's block says. Raises ParseFailed."""
    acls: dict[tuple[int, Way], str] = {}
    common: dict[tuple[int, Way], str] = {}
    loose = set()
    links: list[str] = []
    bundle = ""
    for child in block.children:
        match child.words:
            case ["ipv4" | "ipv6" as af, "access-group", *rest]:
                first, name, way = _bound(device, block, rest)
                acls |= {(_AF[af], way): name} if name else {}
                common |= {(_AF[af], way): first} if first else {}
            case ["ipv4" | "ipv6" as af, "verify", "unicast", "source", *rest]:
                if "any" in rest:
                    loose.add(_AF[af])
            case ["ipv4" | "ipv6", "address", address, *rest]:
                links += _link(address, rest)
            case ["bundle", "id", number, *_]:
                bundle = f"Bundle-Ether{number}"
    lines = {child.line for child in block.children}
    layer2 = "l2transport" in block.words or "l2transport" in lines
    return Port(
        "shutdown" in lines, acls, frozenset(loose), common, bundle, layer2, tuple(sorted(links))
    )


def _link(address: str, rest: list[str]) -> list[str]:
    """The network of an address; none where it is dhcp, unnumbered or link-local."""
    text = address if "/" in address else "/".join([address, *rest[:1]])
    try:
        return [str(ip_interface(text).network)]
    except ValueError:
        return []


def _bound(device: str, block: Block, words: list[str]) -> tuple[str, str, Way]:
    """(the common list, the interface's own, the way): ``common C NAME ingress`` is two lists.

    ``common C ingress`` has none of its own: "".
    """
    first, names = "", words
    if words[:1] == ["common"] and len(words) > 2:
        first, names = words[1], words[2:]
        if names[0] in _WAYS and names[1:2] != ["ingress"] and names[1:2] != ["egress"]:
            return first, "", _WAYS[names[0]]
    if len(names) < 2 or names[1] not in _WAYS:
        raise ParseFailed(
            device, f"{block.line}: access-group {' '.join(words)!r} is not understood"
        )
    return first, names[0], _WAYS[names[1]]
