# SPDX-License-Identifier: GPL-2.0-or-later
"""The links of a topology file: the brief form and ``type: veth``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lab.errors import TopologyRefused
from lab.topology_values import Where, known_keys, mapping, mtu, text

BRIEF_KEYS = frozenset({"endpoints", "mtu"})
VETH_KEYS = frozenset({"type", "endpoints", "mtu"})
ENDPOINT_KEYS = frozenset({"node", "interface", "mac"})
DEFAULT_MTU = 9500  # containerlab's default for veth links
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,14}")
_MAC = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


@dataclass(frozen=True)
class Endpoint:
    """One end of a link; an empty ``mac`` leaves the choice to the kernel."""

    node: str
    interface: str
    mac: str = ""


@dataclass(frozen=True)
class LinkSpec:
    """A point-to-point Ethernet link; ``mtu`` in bytes."""

    a: Endpoint
    z: Endpoint
    mtu: int = DEFAULT_MTU


def read_links(raw: object, where: Where, nodes: Iterable[str]) -> tuple[LinkSpec, ...]:
    """Reads the list of links.

    Raises:
        TopologyRefused: an unknown key, type or node, a link without two ends, or an interface
            used twice.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list):
        raise TopologyRefused(str(where), "must be a list")
    links = tuple(_link(item, where / index) for index, item in enumerate(raw))
    _check_ends(links, where, frozenset(nodes))
    return links


def _link(raw: object, where: Where) -> LinkSpec:
    values = mapping(raw, where)
    extended = "type" in values
    if extended and values["type"] != "veth":
        raise TopologyRefused(str(where / "type"), f"{values['type']!r}; supported: veth")
    known_keys(values, VETH_KEYS if extended else BRIEF_KEYS, where)
    ends = values.get("endpoints")
    here = where / "endpoints"
    if not isinstance(ends, list) or len(ends) != 2:
        raise TopologyRefused(str(here), "a link has exactly two ends")
    read = _extended_end if extended else _brief_end
    size = mtu(values.get("mtu", DEFAULT_MTU), where / "mtu")
    return LinkSpec(read(ends[0], here / 0), read(ends[1], here / 1), size)


def _brief_end(raw: object, where: Where) -> Endpoint:
    node, colon, interface = text(raw, where).partition(":")
    if not colon:
        raise TopologyRefused(str(where), f"{raw!r} is not NODE:INTERFACE")
    return Endpoint(node, _interface(interface, where))


def _extended_end(raw: object, where: Where) -> Endpoint:
    values = mapping(raw, where)
    known_keys(values, ENDPOINT_KEYS, where)
    mac = values.get("mac", "")
    if mac and not _MAC.fullmatch(text(mac, where / "mac")):
        raise TopologyRefused(str(where / "mac"), f"{mac!r} is not a MAC address")
    node = text(values.get("node"), where / "node")
    return Endpoint(node, _interface(values.get("interface"), where / "interface"), mac)


def _interface(raw: object, where: Where) -> str:
    name = text(raw, where)
    if not _INTERFACE.fullmatch(name) or name in ("eth0", "lo"):
        raise TopologyRefused(
            str(where), f"{name!r} cannot be used: up to 15 characters, and eth0 is management"
        )
    return name


def _check_ends(links: tuple[LinkSpec, ...], where: Where, nodes: frozenset[str]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, link in enumerate(links):
        for end in (link.a, link.z):
            if end.node not in nodes:
                raise TopologyRefused(str(where / index), f"no node {end.node!r} in this topology")
            if (end.node, end.interface) in seen:
                raise TopologyRefused(
                    str(where / index), f"{end.node}:{end.interface} already ends another link"
                )
            seen.add((end.node, end.interface))
