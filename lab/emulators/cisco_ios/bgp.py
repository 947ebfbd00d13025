# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP as configured: neighbors, the prefix-lists bound to them, and which are in force.

A changed list or binding takes effect with `clear ip bgp NEIGHBOR soft in` (or `out`), or a new
session, not before [DOC]. `route-map`, `distribute-list` and `filter-list` are not evaluated.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.prefix_lists import Entry, accepts
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.neighbors import Neighbors

Key = tuple[str, int, str]  # neighbor, IP version, direction


@dataclass
class Bgp:
    """BGP's memory: what was in force at the last refresh.

    Attributes:
        in_force: the entries of the list in force; None: no list.
        shut: neighbors that are administratively down.
    """

    neighbors: Neighbors
    in_force: dict[Key, list[Entry] | None] = field(default_factory=dict)
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
        shut = {
            words[1]
            for section, _ in routers(configuration)
            for words in section.words("neighbor ")
            if words[2:3] == ["shutdown"]
        }
        for address in shut ^ self.shut:
            if _is_address(address) and address in self.neighbors:
                self.neighbors.set_state(address, established=address not in shut)
                if address not in shut:
                    self.refresh(configuration, address, ("in", "out"))
        self.shut = shut

    def refresh(
        self, configuration: Configuration, address: str, directions: tuple[str, ...]
    ) -> None:
        """The routes of `address` are judged anew in `directions`."""
        for version in (4, 6):
            for direction in directions:
                name = bound(configuration, address, version, direction)
                found = configuration.prefix_lists.get((version, name or ""))
                entries = None if found is None else [entry for _, entry in found.ordered()]
                self.in_force[address, version, direction] = entries

    def would_accept(self, route: str, address: str, direction: str) -> bool:
        """Whether the list in force accepts `route`."""
        version = 6 if ":" in route else 4
        return accepts(self.in_force[str(ip_address(address)), version, direction], route)


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


def bound(configuration: Configuration, address: str, version: int, direction: str) -> str | None:
    """The prefix-list bound to the neighbor, by itself or by its peer-group."""
    wanted = ip_address(address)
    group = ""
    for section, _ in routers(configuration):
        for words in section.words("neighbor "):
            if words[2:3] == ["peer-group"] and len(words) > 3 and _same(words[1], wanted):
                group = words[3]
    for section, family in routers(configuration):
        for words in section.words("neighbor "):
            if family != version or words[2:3] != ["prefix-list"] or words[4] != direction:
                continue
            if _same(words[1], wanted) or words[1] == group:
                return words[3]
    return None


def _same(text: str, wanted: object) -> bool:
    return _is_address(text) and ip_address(text) == wanted


def _is_address(text: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(text)
        return True
    return False
