# SPDX-License-Identifier: GPL-2.0-or-later
"""The sections of a running configuration that we ask for, as a `Box`. Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address, NetmaskValueError, ip_network

from drivers.cisco_xr.model import Box, Group, Line, Port
from drivers.cisco_xr.names import ROUTE_WORD, is_ours, member_text, named_groups
from drivers.cisco_xr.parse_ace import normal, numbered
from drivers.cisco_xr.parse_bgp import peers
from drivers.cisco_xr.parse_port import port_of
from drivers.cisco_xr.parse_spread import spread_of
from drivers.cisco_xr.parse_tree import Block, blocks
from drivers.cisco_xr.route_sets import normal as normal_entry
from enforcer.core.orders import Network
from enforcer.core.rules import HOLD_MARKER
from enforcer.errors import ParseFailed

PROTOCOLS = ("router ospf", "router ospfv3", "router isis", "router rip", "router eigrp")
"""What may redistribute static routes beside BGP; asked for where discard routes are used."""
SECTIONS = (
    "object-group",
    "ipv4 access-list",
    "ipv6 access-list",
    "interface",
    "router static",
    "router bgp",
    "prefix-set",
    "route-policy",
)
"""What ``show running-config`` is asked for."""
_AF = {"ipv4": 4, "ipv6": 6}


def box(device: str, text: str) -> Box:
    """What the sections, one after the other, say. Raises ParseFailed."""
    reader = _Reader(device)
    found = blocks(device, text)
    for block in found:
        reader.take(block)
    made = replace(reader.made(), **peers(device, found))
    _refuse_dangling(device, made)
    return made


def _refuse_dangling(device: str, made: Box) -> None:
    """A line's group always exists: the box refuses to commit it otherwise, and to remove it."""
    for (family, acl), lines in made.acls.items():
        for line in lines:
            lost = [n for n in named_groups(line.text) if (family, n) not in made.groups]
            if lost:
                raise ParseFailed(
                    device,
                    f"access-list {acl} names {lost[0]}, which `show running-config object-group`"
                    " does not show: its output was cut, or read between two commits",
                )


class _Reader:
    """Collects what the blocks say."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._groups: dict[tuple[int, str], Group] = {}
        self._acls: dict[tuple[int, str], tuple[Line, ...]] = {}
        self._ports: dict[str, Port] = {}
        self._routes: dict[tuple[int, str], str] = {}
        self._statics: set[int] = set()
        self._foreign: set[Network] = set()
        self._spread: set[tuple[int, str]] = set()
        self._sets: dict[str, frozenset[str]] = {}
        self._policies: dict[str, tuple[str, ...]] = {}
        self._hold = False

    def made(self) -> Box:
        """All of it."""
        return Box(
            self._groups,
            self._acls,
            self._ports,
            self._routes,
            frozenset(self._statics),
            frozenset(self._foreign),
            frozenset(self._spread),
            self._sets,
            self._policies,
            hold=self._hold,
        )

    def take(self, block: Block) -> None:
        """One block at the top."""
        words = block.words
        match words[:2]:
            case ["object-group", "network"]:
                self._group(_AF[words[2]], words[3], block)
            case ["object-group", _]:
                self._hold |= words[-1] == HOLD_MARKER
            case ["ipv4" | "ipv6" as af, _]:
                self._acl(_AF[af], words[2], block)
            case ["interface", name] if name != "preconfigure":
                self._ports[name] = port_of(self._device, block)
            case ["router", "static"]:
                self._static(block)
            case ["router", _]:
                self._spread |= spread_of(block)
            case ["prefix-set" | "route-policy" as kind, name]:
                self._policy(kind, name.partition("(")[0], block)

    def _policy(self, kind: str, name: str, block: Block) -> None:
        self._hold |= name == HOLD_MARKER
        if not is_ours(name):
            return
        if kind == "prefix-set":
            self._sets[name] = _entries(block)
        else:
            self._policies[name] = tuple(child.line for child in block.children)

    def _group(self, family: int, name: str, block: Block) -> None:
        self._hold |= name == HOLD_MARKER
        if not is_ours(name):
            return
        members, description = set(), ""
        for child in block.children:
            if child.words[0] == "description":
                description = child.line.partition(" ")[2]
            else:
                members.add(self._member(family, child.line, name))
        self._groups[family, name] = Group(frozenset(members), description)

    def _member(self, family: int, line: str, group: str) -> str:
        words = line.split()
        address = IPv4Address if family == 4 else IPv6Address
        try:
            match words:
                case ["host", one]:
                    return f"host {address(one)}"
                case ["range", first, last]:
                    return f"range {address(first)} {address(last)}"
                case ["object-group", _]:
                    return line
                case [network]:
                    return member_text(_network(family, network))
                case [one, mask] if family == 4:
                    return member_text(_network(family, f"{one}/{mask}"))
        except (AddressValueError, NetmaskValueError, ValueError):
            pass
        raise ParseFailed(self._device, f"object-group {group}: member {line!r} is not understood")

    def _acl(self, family: int, name: str, block: Block) -> None:
        self._hold |= name == HOLD_MARKER
        lines = []
        for child in block.children:
            split = numbered(child.line)
            if split is None or child.children:
                raise ParseFailed(
                    self._device, f"access-list {name}: line {child.line!r} is not understood"
                )
            number, text = split
            ours = is_ours(name) or bool(named_groups(text))
            lines.append(Line(number, normal(text) if ours else text, ours))
        if [line.number for line in lines] != sorted({line.number for line in lines}):
            raise ParseFailed(self._device, f"access-list {name}: its numbers do not ascend")
        self._acls[family, name] = tuple(lines)

    def _static(self, block: Block) -> None:
        for child in block.children:
            words = child.words
            if words[0] != "address-family" or words[2:] != ["unicast"] or words[1] not in _AF:
                self._statics.add(0)
                continue
            family = _AF[words[1]]
            for route in child.children:
                if not self._ours(family, route.words):
                    self._statics.add(family)
                    self._foreign |= self._prefix(family, route.words[0])

    def _prefix(self, family: int, word: str) -> set[Network]:
        """What a route of somebody else is for; nothing: the line is no route."""
        if "/" not in word:
            return set()
        try:
            return {_network(family, word)}
        except ValueError:
            raise ParseFailed(
                self._device, f"router static: the prefix {word!r} is not understood"
            ) from None

    def _ours(self, family: int, words: list[str]) -> bool:
        """Remember a discard route of ours; False: it is somebody else's."""
        if "description" not in words or words[1:2] != ["Null0"]:
            return False
        if words[words.index("description") + 1 :][:1] != [ROUTE_WORD]:
            return False
        tag = words[words.index("tag") + 1] if "tag" in words[:-1] else ""
        try:
            prefix = str(_network(family, words[0]))
        except ValueError:
            raise ParseFailed(
                self._device, f"router static: {' '.join(words)!r} is not understood"
            ) from None
        self._routes[family, prefix] = tag
        return True


def _network(family: int, text: str) -> Network:
    network = ip_network(text)
    if network.version != family:
        raise ValueError(text)
    return network


def _entries(block: Block) -> frozenset[str]:
    """Entries in our normal form where they have one; the last has no comma."""
    found = set()
    for child in block.children:
        words = child.line.rstrip(",").split()
        if not words or words[0].startswith("#"):
            continue
        with suppress(ValueError):
            words[0] = str(ip_network(words[0]))
        found.add(normal_entry(" ".join(words)))
    return frozenset(found)
