# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP as configured: neighbors, the filters bound to them, and which are in force.

A changed list, route-map or binding takes effect with `clear ip bgp NEIGHBOR soft in` (or `out`),
or a new session, not before [DOC].
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network

from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.route_filters import KINDS, Filter, Route, read
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.neighbors import Neighbors
from lab.emulators.packets import RouteFate

Key = tuple[str, int, str]  # neighbor, IP version, direction


@dataclass
class Bgp:
    """BGP's memory: what was in force at the last refresh.

    Attributes:
        in_force: the filters in force, as they were at the last refresh.
        shut: neighbors that are administratively down, themselves or by their peer-group.
    """

    neighbors: Neighbors
    in_force: dict[Key, tuple[Filter, ...]] = field(default_factory=dict)
    shut: set[str] = field(default_factory=set)
    _begun: dict[str, datetime] = field(default_factory=dict)

    def renew(self, configuration: Configuration) -> None:
        """Sessions that came up again since the last look judge their routes anew."""
        for neighbor in self.neighbors:
            address = str(neighbor.address)
            begun = self._begun.setdefault(address, neighbor.since)
            if neighbor.established and neighbor.since != begun:
                self._begun[address] = neighbor.since
                self.refresh(configuration, address, ("in", "out"))

    def follow(self, configuration: Configuration) -> None:
        """The configuration changed: neighbors come, go, and are shut down."""
        self.renew(configuration)
        configured = dict(remote_ases(configuration))
        for address, remote_as in configured.items():
            if address not in self.neighbors:
                self.neighbors.add(address, remote_as)
                self.refresh(configuration, address, ("in", "out"))
        known = [str(neighbor.address) for neighbor in self.neighbors]
        for address in known:
            if address not in configured and any(key[0] == address for key in self.in_force):
                self.neighbors.remove(address)
                self.in_force = {
                    key: entries for key, entries in self.in_force.items() if key[0] != address
                }
        self._shutdowns(configuration)

    def _shutdowns(self, configuration: Configuration) -> None:
        shut = set(shut_down(configuration))
        for address in shut ^ self.shut:
            if address in self.neighbors:
                self.neighbors.set_state(address, established=address not in shut)
                if address not in shut:
                    self.refresh(configuration, address, ("in", "out"))
        self.shut = shut

    def refresh(
        self,
        configuration: Configuration,
        address: str,
        directions: tuple[str, ...],
        versions: tuple[int, ...] = (4, 6),
    ) -> None:
        """The routes of `address` are judged anew in `directions`."""
        for version in versions:
            for direction in directions:
                self.in_force[address, version, direction] = tuple(
                    read(configuration, kind, version, name)
                    for kind in KINDS
                    if (name := bound(configuration, address, version, direction, kind))
                )

    def reset(self, configuration: Configuration, address: str) -> None:
        """`clear ip bgp N` without `soft`: the session goes down and comes up again [DOC]."""
        if self.neighbors[address].established:
            self.neighbors.set_state(address, established=False)
            self.neighbors.set_state(address, established=True)
        self.refresh(configuration, address, ("in", "out"))

    def fate(
        self, prefix: str, address: str, direction: str, path: tuple[int, ...] | None
    ) -> RouteFate:
        """What the filters in force say; `KeyError` for a neighbor that is not configured."""
        network, known = ip_network(prefix), str(ip_address(address))
        filters = self.in_force[known, network.version, direction]
        neighbor = self.neighbors[known]
        if not neighbor.established:
            return "no session"
        if path is None:
            path = (neighbor.remote_as,) if direction == "in" else ()
        route = Route(network, path)
        return "accepted" if all(one.permits(route) for one in filters) else "rejected"


def routers(configuration: Configuration) -> Iterator[tuple[Section, int]]:
    """Every `router bgp` section and its address families, with the IP version."""
    for text, section in configuration.root.lines.items():
        if text.startswith("router bgp "):
            yield section, 4
            for header, family in section.lines.items():
                if header.startswith("address-family "):
                    yield family, 6 if header.startswith("address-family ipv6") else 4


def local_as(configuration: Configuration) -> int:
    """Our AS number; 0: no BGP."""
    for words in configuration.root.words("router bgp "):
        return int(words[2])
    return 0


def remote_ases(configuration: Configuration) -> Iterator[tuple[str, int]]:
    """Neighbors and their AS numbers; through peer-groups too."""
    groups: dict[str, int] = {}
    members: dict[str, str] = {}
    for section, _ in routers(configuration):
        for words in section.words("neighbor "):
            if words[2:3] == ["remote-as"]:
                groups[words[1]] = int(words[3])
            elif words[2:3] == ["peer-group"] and len(words) > 3:
                members[words[1]] = words[3]
    for name, remote_as in groups.items():
        if _is_address(name):
            yield str(ip_address(name)), remote_as
    for address, group in members.items():
        if address not in groups and group in groups and _is_address(address):
            yield str(ip_address(address)), groups[group]


def _group(configuration: Configuration, wanted: object) -> str:
    """The peer-group of a neighbor; empty: none."""
    for section, _ in routers(configuration):
        for words in section.words("neighbor "):
            if words[2:3] == ["peer-group"] and len(words) > 3 and _same(words[1], wanted):
                return words[3]
    return ""


def bound(
    configuration: Configuration,
    address: str,
    version: int,
    direction: str,
    kind: str = "prefix-list",
) -> str | None:
    """The list or route-map bound to the neighbor by itself, else by its peer-group [DOC]."""
    wanted = ip_address(address)
    group, inherited = _group(configuration, wanted), None
    for section, family in routers(configuration):
        for words in section.words("neighbor "):
            if family != version or words[2:3] != [kind] or words[4] != direction:
                continue
            if _same(words[1], wanted):
                return words[3]
            if words[1] == group:
                inherited = words[3]
    return inherited


def shut_down(configuration: Configuration) -> Iterator[str]:
    """The neighbors that are administratively down, by themselves or by their peer-group."""
    named = {
        words[1]
        for section, _ in routers(configuration)
        for words in section.words("neighbor ")
        if words[2:3] == ["shutdown"]
    }
    yield from (str(ip_address(name)) for name in named if _is_address(name))
    for section, _ in routers(configuration):
        for words in section.words("neighbor "):
            if words[2:3] == ["peer-group"] and words[3:4] and words[3] in named:
                yield str(ip_address(words[1]))


def is_known(section: Section, who: str) -> bool:
    """Whether `neighbor WHO remote-as|peer-group` stands in the `router bgp` section or below."""
    inside = [section, *section.lines.values()]
    return any(
        text.startswith((f"neighbor {who} remote-as ", f"neighbor {who} peer-group"))
        for part in inside
        for text in part.lines
    )


def _same(text: str, wanted: object) -> bool:
    return _is_address(text) and ip_address(text) == wanted


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(text)
        return True
    return False
