# SPDX-License-Identifier: GPL-2.0-or-later
"""What one bgpd is configured with, as far as it concerns us, and what it was told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from enforcer.core.routes import Route
from enforcer.core.rules import Key, Owner, Rule

WAYS = {Key.RECEIVED: "in", Key.ANNOUNCED: "out"}


class Binding(NamedTuple):
    """One neighbor's (or peer-group's) routes of one family, one way: ``in`` or ``out``."""

    neighbor: str
    family: int
    way: str

    def line(self, name: str) -> str:
        """The line that makes route-map `name` filter them."""
        return f"neighbor {self.neighbor} route-map {name} {self.way}"

    @property
    def text(self) -> str:
        """For messages."""
        return f"neighbor {self.neighbor} ipv{self.family} {self.way}"


def binding_of(rule: Rule) -> Binding:
    """Where a rule about routes is held."""
    return Binding(rule.neighbor, rule.family, WAYS[rule.key])


class MapEntry(NamedTuple):
    """One sequence of a route-map: ``permit`` or ``deny``, its number, its lines as printed."""

    action: str
    number: int
    lines: tuple[str, ...] = ()

    def found(self, start: str) -> str:
        """The rest of the line that begins with `start`; "" none does."""
        return next((line[len(start) :] for line in self.lines if line.startswith(start)), "")


class Peer(NamedTuple):
    """One neighbor. `group`: its peer-group, or "". `shut`: why (RFC 9003), None: it is not."""

    group: str = ""
    shut: str | None = None


class Object(NamedTuple):
    """A named object: `kind` ``ip prefix-list``, ``ipv6 prefix-list``,
    ``bgp as-path access-list``, ``route-map``."""

    kind: str
    name: str

    @property
    def text(self) -> str:
        """As it is removed by."""
        return f"{self.kind} {self.name}"


LISTS = {4: "ip prefix-list", 6: "ipv6 prefix-list"}
PATHS = "bgp as-path access-list"
MAP = "route-map"


@dataclass(frozen=True)
class Config:
    """A running configuration. `lists`: prefix-lists and AS-path lists, entries without their
    numbers. `router`: the line ``router bgp N`` of the default instance, "" none.
    """

    router: str = ""
    lists: Mapping[Object, tuple[str, ...]] = field(default_factory=dict)
    maps: Mapping[str, tuple[MapEntry, ...]] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    bound: Mapping[Binding, str] = field(default_factory=dict)
    hold: bool = False
    owner: Owner | None = None

    def inherited(self, binding: Binding) -> str:
        """The route-map that the neighbor's peer-group has there, or ""."""
        peer = self.peers.get(binding.neighbor)
        if peer is None or not peer.group:
            return ""
        return self.bound.get(binding._replace(neighbor=peer.group), "")


@dataclass(frozen=True)
class Native:
    """What this driver keeps with a reading. `carried`: what really passes, by binding."""

    config: Config
    carried: Mapping[Binding, tuple[Route, ...]] = field(default_factory=dict)
