# SPDX-License-Identifier: GPL-2.0-or-later
"""What matters to us of a box, and the single facts that it is made of. Pure.

A fact is the smallest thing that one configuration line makes true. What is read, what must be
and what is to be written are sets of facts; a plan is the difference of two such sets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

OWN_ACL = {4: "ENF-V4", 6: "ENF-V6"}
"""Bound where the operator has bound nothing; IPv4 and IPv6 lists share one space of names."""
DIRECTIONS = ("in", "out")
NULL = "Null0"


class Member(NamedTuple):
    """One line of an object-group: ``host 198.51.100.7``, ``198.51.100.64 255.255.255.192``."""

    group: str
    text: str


class Ace(NamedTuple):
    """One deny of ours in a list, for the rule `digest`; several rules may want the same line."""

    family: int
    acl: str
    text: str
    digest: str


class Frame(NamedTuple):
    """A permit that a list of our own begins or ends with."""

    family: int
    acl: str
    text: str


class Stray(NamedTuple):
    """A line that is not where, or what, it must be: foreign in our list, or ours below a permit.

    `ours`: the digests of the rules whose deny it is; empty: it is nobody's, in our own list.
    """

    family: int
    acl: str
    text: str
    ours: tuple[str, ...]


class Bind(NamedTuple):
    """A list of ours bound to an interface."""

    family: int
    interface: str
    direction: str
    acl: str


class Entry(NamedTuple):
    """One line of a prefix-list of ours: ``deny 198.51.100.0/24 le 32``."""

    family: int
    name: str
    text: str


class Route(NamedTuple):
    """A discard route of ours; `prefix` as a network's text."""

    family: int
    prefix: str
    tag: int
    name: str


class Down(NamedTuple):
    """An interface that is administratively down because an order says so."""

    interface: str


class Note(NamedTuple):
    """The record that we shut `interface`; `before`: it was down before, and is to stay so.

    Of a BGP session `interface` is the neighbor's address.
    """

    group: str
    interface: str
    before: bool


class Closed(NamedTuple):
    """A BGP session that is administratively down because an order says so."""

    neighbor: str


class Filter(NamedTuple):
    """A prefix-list of ours bound to a BGP neighbor."""

    family: int
    neighbor: str
    direction: str
    name: str


class Period(NamedTuple):
    """A time-range of ours; `end`: minutes since the epoch, UTC."""

    name: str
    end: int


Fact = Member | Ace | Frame | Stray | Bind | Entry | Route | Down | Closed | Note | Filter | Period


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of an access list with the remarks before it.

    `text`: normalised; `shown`: as the box prints it, without number and counters.
    """

    number: int
    text: str
    shown: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acl:
    """An access list. `kind`: extended, standard or ipv6. `loose`: remarks without an entry of
    their number. `numbered`: the configuration itself shows the numbers, the remarks' too."""

    family: int
    name: str
    kind: str
    lines: tuple[Line, ...] = ()
    loose: tuple[tuple[int, str], ...] = ()
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """An object-group of hosts and networks."""

    name: str
    members: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """An interface; `bound`: by (family, direction) the list's name; `lines`: as printed."""

    name: str
    shutdown: bool = False
    bound: Mapping[tuple[int, str], str] = field(default_factory=lambda: MappingProxyType({}))
    urpf: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Peer:
    """A BGP neighbor in one address family; `bound`: by direction the prefix-list's name.

    `taken`: by direction what else filters its routes, inherited or a ``distribute-list``, which
    a prefix-list of ours would replace or not stand beside.
    """

    section: tuple[str, ...]
    bound: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    taken: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Box:
    """What a running configuration says of all that concerns us.

    `groups`, `routes`, `periods`: ours alone. `acls`: all; `lists`: all prefix-lists, by
    (family, name), entries by number. `elsewhere`: lists that are used for something else than
    packets through an interface, with the line that does. `statics`: (family, prefix) of static
    routes that are not ours. `utc`: minutes that the box's local
    time is ahead of UTC; None: not a fixed number. `hold`: somebody put the marker there.
    `vrfs`: BGP neighbors of VRFs, with its name. `leaks`: where static routes are redistributed
    unseen. `inactive`: entries of ours that the box has but does not apply. `sessions`: by address
    of a BGP neighbor of the default VRF whether its own ``shutdown`` stands; `speaker`: the header
    of their section.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    acls: Mapping[tuple[int, str], Acl] = field(default_factory=dict)
    ports: Mapping[str, Port] = field(default_factory=dict)
    lists: Mapping[tuple[int, str], Mapping[int, str]] = field(default_factory=dict)
    routes: frozenset[Route] = frozenset()
    periods: Mapping[str, int] = field(default_factory=dict)
    peers: Mapping[tuple[int, str], Peer] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    statics: frozenset[tuple[int, str]] = frozenset()
    utc: int | None = 0
    hold: bool = False
    vrfs: Mapping[str, str] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    inactive: frozenset[str] = frozenset()
    sessions: Mapping[str, bool] = field(default_factory=dict)
    speaker: str = ""

    def token(self, edges: frozenset[str]) -> str:
        """Equal for boxes that agree in all that concerns us at the interfaces `edges`."""
        bound = {
            (family, name)
            for port in self.ports.values()
            for (family, _), name in port.bound.items()
            if port.name in edges or name.startswith("ENF-")
        }
        lists = {k: sorted(v.items()) for k, v in self.lists.items() if k[1].startswith("ENF-")}
        peers = self.peers.items()
        said = (
            sorted(self.groups.items()),
            sorted((k, v) for k, v in self.acls.items() if k in bound or has_ours(v)),
            [
                (p.name, p.shutdown, sorted(p.bound.items()), p.lines if p.name in edges else ())
                for p in _sorted(self.ports)
            ],
            sorted(lists.items()),
            sorted(self.routes),
            sorted(self.periods.items()),
            sorted((k, sorted(v.bound.items()), sorted(v.taken.items())) for k, v in peers),
            (self.hold, self.leaks, sorted(self.inactive), sorted(self.sessions.items())),
        )
        return hashlib.blake2b(repr(said).encode(), digest_size=12).hexdigest()


def _sorted(ports: Mapping[str, Port]) -> list[Port]:
    return [ports[name] for name in sorted(ports)]


def has_ours(acl: Acl) -> bool:
    """Whether anything in the list bears our name."""
    if acl.name == OWN_ACL[acl.family]:
        return True
    remarks = [r for line in acl.lines for r in line.remarks] + [r for _, r in acl.loose]
    return any(r.startswith("ENF-") for r in remarks) or any(
        "object-group ENF-" in line.text for line in acl.lines
    )
