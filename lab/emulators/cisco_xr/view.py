# SPDX-License-Identifier: GPL-2.0-or-later
"""What a committed configuration means: its lists, groups, policies and routes by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network

from lab.emulators.cisco_xr.ace import Ace, parse_ace
from lab.emulators.cisco_xr.members import (
    Member,
    Span,
    joined,
    network_member,
    port_member,
    spans_of,
)
from lab.emulators.cisco_xr.rpl import Network, set_members
from lab.emulators.cisco_xr.rpl import Span as PrefixSpan
from lab.emulators.cisco_xr.tree import Node
from lab.emulators.packets import Address


@dataclass(frozen=True)
class Binding:
    """An access list bound to an interface."""

    interface: str
    version: int
    direction: str  # `ingress` or `egress`
    name: str


@dataclass(frozen=True)
class Attachment:
    """A route-policy attached to a neighbor.

    Attributes:
        place: the keys of the path to the address family that names it.
        direction: `in` or `out`.
        policy: its name, without parameters.
    """

    place: tuple[str, ...]
    direction: str
    policy: str


class View:
    """Answers questions about one committed configuration, remembering what it read."""

    def __init__(self, top: Node) -> None:
        self.top = top
        self._lists: dict[tuple[int, str], list[tuple[int, Ace]] | None] = {}
        self._spans: dict[tuple[str, str], list[Span]] = {}
        self._sets: dict[str, list[PrefixSpan] | None] = {}
        self._routes: dict[int, list[tuple[int, int, dict[int, set[str]]]]] = {}

    # ------------------------------------------------------------ packets

    def interface(self, name: str) -> Node | None:
        """The block of an interface by its full name."""
        for child in self.top.under("interface "):
            if child.line.split()[-1 if "transport" not in child.line else 1] == name:
                return child
        return None

    def access_list(self, version: int, name: str) -> list[tuple[int, Ace]] | None:
        """Sequence numbers and entries; None where there is no such list."""
        key = (version, name)
        if key not in self._lists:
            node = self.top.get(f"ipv{version} access-list {name}")
            self._lists[key] = None if node is None else list(_entries(node, version))
        return self._lists[key]

    def spans(self, kind: str, name: str) -> list[Span]:
        """What the object-group `name` stands for; `kind` as `network ipv4` or `port`."""
        if (kind, name) not in self._spans:
            found = spans_of(name, lambda group: self.members(kind, group))
            self._spans[kind, name] = joined(found)
        return self._spans[kind, name]

    def members(self, kind: str, name: str) -> list[Member] | None:
        """The members of an object-group; None where there is no such group."""
        node = self.top.get(f"object-group {kind} {name}")
        if node is None:
            return None
        return [_member(kind, child.line) for child in node.children if child.key != "description"]

    def bindings(self) -> Iterator[Binding]:
        """All access lists bound to interfaces."""
        for interface in self.top.under("interface "):
            for child in interface.children:
                found = re.fullmatch(r"ipv([46]) access-group (\S+) (ingress|egress).*", child.line)
                if found:
                    name = interface.line.split()[-1]
                    yield Binding(name, int(found[1]), found[3], found[2])

    def next_hops(self, address: Address) -> set[str]:
        """Where the best static or connected route to `address` leads; empty: none is known."""
        if address.version not in self._routes:
            self._routes[address.version] = self._read_routes(address.version)
        number = int(address)
        for _, shift, table in self._routes[address.version]:
            hops = table.get(number >> shift)
            if hops is not None:
                return hops
        return set()

    def _read_routes(self, version: int) -> list[tuple[int, int, dict[int, set[str]]]]:
        """Routes by prefix length, longest first, each table by the leading bits."""
        tables: dict[int, dict[int, set[str]]] = {}
        bits = 32 if version == 4 else 128
        for prefix, hop in self._all_routes(version):
            table = tables.setdefault(prefix.prefixlen, {})
            key = int(prefix.network_address) >> (bits - prefix.prefixlen)
            table.setdefault(key, set()).add(hop)
        return [(n, bits - n, tables[n]) for n in sorted(tables, reverse=True)]

    def _all_routes(self, version: int) -> Iterator[tuple[Network, str]]:
        family = self.top.get("router static", f"address-family ipv{version} unicast")
        for child in [] if family is None else family.children:
            prefix, hop, *_ = child.line.split()
            yield ip_network(prefix), hop
        for interface in self.top.under("interface "):
            for child in interface.under(f"ipv{version} address "):
                words = child.line.split()
                address = "/".join(words[2:4]) if version == 4 else words[2]
                if "/" in address:
                    yield ip_interface(address).network, "connected"

    # ------------------------------------------------------------ routes

    def prefix_set(self, name: str) -> list[PrefixSpan] | None:
        """The members of a prefix-set; None where there is no such set."""
        if name not in self._sets:
            node = self.top.get(f"prefix-set {name}")
            self._sets[name] = None if node is None else set_members(node.body)
        return self._sets[name]

    def path_set(self, name: str) -> tuple[str, ...] | None:
        """The body of an as-path-set; None where there is no such set."""
        node = self.top.get(f"as-path-set {name}")
        return None if node is None else node.body

    def policy(self, name: str) -> tuple[str, ...] | None:
        """The body of a route-policy; None where there is no such policy."""
        node = self.top.get(f"route-policy {name}")
        return None if node is None else node.body

    def bgp(self) -> Node | None:
        """The block `router bgp N`."""
        return next(iter(self.top.under("router bgp ")), None)

    def attachments(self) -> Iterator[Attachment]:
        """All route-policies attached below `router bgp`."""
        bgp = self.bgp()
        if bgp is None:
            return
        for peer in bgp.children:
            for family in peer.under("address-family "):
                for child in family.under("route-policy "):
                    words = child.line.split()
                    place = (bgp.key, peer.key, family.key)
                    yield Attachment(place, words[-1], words[1].split("(")[0])


def _entries(node: Node, version: int) -> Iterator[tuple[int, Ace]]:
    for child in node.children:
        words = child.line.split()
        if words[1] != "remark":
            yield int(words[0]), parse_ace(words, version, 1)


def _member(kind: str, line: str) -> Member:
    if kind == "port":
        return port_member(line.split())
    return network_member(line.split(), 6 if kind.endswith("6") else 4)
