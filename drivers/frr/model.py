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
    """One neighbor. `group`: its peer-group, or "". `shut`: why (RFC 9003), None: it is not.

    `asn`: what its ``remote-as`` says, `local` its ``local-as``; "" nothing.
    """

    group: str = ""
    shut: str | None = None
    asn: str = ""
    local: str = ""


class Policy(NamedTuple):
    """What a neighbor's routes meet beside ours. `own`: the route-map that the neighbor itself
    has, "" none. `action` and `call`: how our route-map ends, so that they meet the same."""

    own: str
    action: str
    call: str


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
    numbers. `router`: the line ``router bgp N`` of the default instance, "" none. `strict`:
    ``bgp ebgp-requires-policy`` (RFC 8212). `filtered`: what has a policy that is no route-map.
    """

    router: str = ""
    lists: Mapping[Object, tuple[str, ...]] = field(default_factory=dict)
    maps: Mapping[str, tuple[MapEntry, ...]] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    groups: frozenset[str] = frozenset()
    bound: Mapping[Binding, str] = field(default_factory=dict)
    hold: bool = False
    owner: Owner | None = None
    strict: bool = False
    filtered: frozenset[Binding] = frozenset()

    def policy(self, binding: Binding, own: str) -> Policy:
        """How a route-map of ours must end where the neighbor itself has route-map `own`.

        bgpd denies everything by a route-map that is attached and does not exist, permits it by
        one that is called and does not exist (FRR 8.4), and without any policy of an external
        neighbor everything is denied (RFC 8212), unless ``no bgp ebgp-requires-policy``.
        """
        theirs = own or self.inherited(binding)
        if theirs:
            there = theirs in self.maps
            return Policy(own, "permit" if there else "deny", theirs if there else "")
        closed = self.strict and not self._filtered(binding) and self._external(binding)
        return Policy(own, "deny" if closed else "permit", "")

    def _filtered(self, binding: Binding) -> bool:
        group = self.peers.get(binding.neighbor, Peer()).group
        return binding in self.filtered or binding._replace(neighbor=group) in self.filtered

    def _external(self, binding: Binding) -> bool:
        peer = self.peers.get(binding.neighbor, Peer())
        group = self.peers.get(peer.group, Peer())
        local = peer.local or group.local or self.router.removeprefix("router bgp ")
        return (peer.asn or group.asn) not in ("internal", local)

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
