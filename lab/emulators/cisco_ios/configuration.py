# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of an emulated IOS-XE router's configuration, and the rules between its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_interface

from lab.emulators.cisco_ios.aces import Ace
from lab.emulators.cisco_ios.acls import Acl
from lab.emulators.cisco_ios.groups import Group
from lab.emulators.cisco_ios.prefix_lists import PrefixList
from lab.emulators.cisco_ios.routes import Route
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.cisco_ios.time_ranges import TimeRange
from lab.emulators.cisco_ios.words import Refusal


@dataclass
class Quirks:
    """Where releases differ or nothing is known: tests may turn each.

    Attributes:
        numbers_shown: `show running-config` prints sequence numbers (IOS-XE 16.12 and newer, as
            in the newer capture); else not, and a reload renumbers 10, 20, ... (older captures).
        number_takes_remarks: `no 10` removes the remarks of 10 with its entry [GUESS].
        v6_groups: `object-group v6-network` exists [corpus; not in the documented release].
        group_in_use: what deleting or emptying a group that is used answers [text GUESS].
        group_missing: what an entry with an unknown or empty group answers [text GUESS].
        tcam_full: what a full table answers [text GUESS].
    """

    numbers_shown: bool = True
    number_takes_remarks: bool = True
    v6_groups: bool = True
    group_in_use: str = "% Object group {name} is in use: it cannot be deleted or emptied\n"
    group_missing: str = "% Object group {name} does not exist or is empty\n"
    tcam_full: str = "% Insufficient TCAM resources: the entry was not added\n"


@dataclass
class Configuration:
    """Everything that `show running-config` shows.

    Attributes:
        root: lines and sections that nothing here has a meaning for, as typed.
        interfaces: by full name.
        acls: by IP version and name; named and numbered, extended and standard share names.
        groups: object groups by name.
        prefix_lists: by IP version and name.
        routes: static routes by identity.
        time_ranges: by name.
        generation: goes up with every change.
        fits: asked before the filter table grows, with its size in entries; None: no limit.
    """

    quirks: Quirks = field(default_factory=Quirks)
    root: Section = field(default_factory=lambda: Section(""))
    interfaces: dict[str, Section] = field(default_factory=dict)
    acls: dict[tuple[int, str], Acl] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    prefix_lists: dict[tuple[int, str], PrefixList] = field(default_factory=dict)
    routes: dict[tuple[str, IPv4Network | IPv6Network, str], Route] = field(default_factory=dict)
    time_ranges: dict[str, TimeRange] = field(default_factory=dict)
    generation: int = 0
    fits: Callable[[int], bool] | None = None

    @property
    def hostname(self) -> str:
        """As configured."""
        return next((words[1] for words in self.root.words("hostname ")), "Router")

    # ------------------------------------------------------------ object groups

    def covers(self, name: str, address: int) -> bool:
        """Whether the group `name`, or one inside it, covers `address`."""
        group = self.groups.get(name)
        if group is None:
            return False
        return group.covers(address) or any(self.covers(inner, address) for inner in group.nested())

    def group_used(self, name: str) -> bool:
        """Whether an entry of an access list or another group names the group."""
        inside = any(name in group.nested() for group in self.groups.values())
        return inside or any(
            slot.ace is not None and name in slot.ace.groups
            for acl in self.acls.values()
            for slot in acl.slots.values()
        )

    def refuse_if_used(self, name: str) -> None:
        """Refuse to delete or empty a group that is used [DOC; the text is GUESS]."""
        if self.group_used(name):
            raise Refusal(self.quirks.group_in_use.format(name=name))

    def require_groups(self, ace: Ace) -> None:
        """Refuse an entry whose groups do not exist, are empty or of the other family [GUESS]."""
        for name in ace.groups:
            group = self.groups.get(name)
            kind = "network" if ace.version == 4 else "v6-network"
            if group is None or not group.members or group.kind != kind:
                raise Refusal(self.quirks.group_missing.format(name=name))

    # ------------------------------------------------------------ interfaces

    def bound(self, interface: str, version: int, direction: str) -> str | None:
        """The name of the access list that is bound there, whether it exists or not."""
        command = "ip access-group " if version == 4 else "ipv6 traffic-filter "
        section = self.interfaces[interface]
        return next((words[2] for words in section.words(command) if words[3] == direction), None)

    def connected(self) -> list[IPv4Network | IPv6Network]:
        """The networks of the interfaces that are up."""
        found: list[IPv4Network | IPv6Network] = []
        for section in self.interfaces.values():
            if "shutdown" in section.lines:
                continue
            found += [
                ip_interface(f"{words[2]}/{words[3]}").network
                for words in section.words("ip address ")
                if words[2][0].isdigit()
            ]
            found += [
                ip_interface(words[2]).network
                for words in section.words("ipv6 address ")
                if "/" in words[2]
            ]
        return found

    # ------------------------------------------------------------ the filter table

    def table_entries(self) -> int:
        """Entries that the bound lists take in hardware: groups multiply [DOC]."""
        total = 0
        for interface in self.interfaces:
            for version in (4, 6):
                for direction in ("in", "out"):
                    acl = self.acls.get((version, self.bound(interface, version, direction) or ""))
                    if acl is not None:
                        total += sum(self._expanded(ace) for _, _, ace in acl.entries())
        return total

    def _expanded(self, ace: Ace) -> int:
        size = 1
        for name in ace.groups:
            size *= max(1, self._size(name))
        return size

    def _size(self, name: str) -> int:
        group = self.groups.get(name)
        if group is None:
            return 0
        nested = group.nested()
        return len(group.members) - len(nested) + sum(self._size(inner) for inner in nested)

    def require_room(self, undo: Callable[[], None]) -> None:
        """Refuse, after `undo`, what made the filter table too large [text GUESS]."""
        if self.fits is not None and not self.fits(self.table_entries()):
            undo()
            raise Refusal(self.quirks.tcam_full)
