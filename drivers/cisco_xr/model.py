# SPDX-License-Identifier: GPL-2.0-or-later
"""A box as its configuration says it is, and the items of it that are ours. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from enforcer.core.orders import Network
from enforcer.core.rules import Owner

Way = Literal["ingress", "egress"]
RouteWay = Literal["in", "out"]
WAYS: tuple[Way, ...] = ("ingress", "egress")


ROUTE_TAG = 4_276_993_775
"""The tag of our discard routes unless the inventory says another: 666 is what many networks
announce as blackholes, so that it would be more than a tag there."""


@dataclass(frozen=True)
class Setup:
    """What the inventory says of one device: where lists are bound, how routes are used.

    `edges`: interfaces, sorted. `named`: every interface of it. `managed`: those that carry
    management. `rtbh`, `loose`: plain blocks are discard routes, and by source too where the box
    has loose uRPF. `route_tag`: theirs. `neighbors`: addresses of BGP neighbors.
    """

    owner: Owner
    edges: tuple[str, ...] = ()
    managed: frozenset[str] = frozenset()
    rtbh: bool = False
    loose: bool = False
    route_tag: int = ROUTE_TAG
    named: frozenset[str] = frozenset()
    neighbors: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """A network object-group: members as ``host A``, ``P/n``, ``range A B`` or as shown."""

    members: frozenset[str] = frozenset()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One numbered line of an access-list. `ours`: it names one of our groups, or all are.

    `text`: in our normal form where it is ours, else as shown.
    """

    number: int
    text: str
    ours: bool

    @property
    def permits(self) -> bool:
        """Whether packets may leave the list here."""
        return self.text.startswith("permit")


@dataclass(frozen=True)
class Port:
    """One interface: down by configuration, the lists bound to it, loose uRPF by family.

    `common`: lists that are judged before those of `acls`. `bundle`: whose member it is, "" none.
    `layer2`: it takes no access-list. `links`: its networks, as text.
    """

    shut: bool = False
    acls: Mapping[tuple[int, Way], str] = field(default_factory=dict)
    loose: frozenset[int] = frozenset()
    common: Mapping[tuple[int, Way], str] = field(default_factory=dict)
    bundle: str = ""
    layer2: bool = False
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Peer:
    """One BGP neighbor of the default VRF: what is bound, and whether to it or to its group.

    `shut`: its own ``shutdown`` stands, whatever its group says.
    """

    asn: str = ""
    policies: Mapping[tuple[int, RouteWay], str] = field(default_factory=dict)
    inherited: Mapping[tuple[int, RouteWay], str] = field(default_factory=dict)
    families: frozenset[int] = frozenset()
    shut: bool = False


@dataclass(frozen=True)
class Box:
    """What we look at of a configuration.

    `groups`, `routes`, `sets`, `policies`: ours alone. `acls`: all, by family and name.
    `statics`: families that have discard or other static routes which are not ours, in the
    default VRF; 0: something else under ``router static``. `foreign`: the prefixes of these routes.
    `spread`: (family, place) where every static route is redistributed.
    """

    groups: Mapping[tuple[int, str], Group] = field(default_factory=dict)
    acls: Mapping[tuple[int, str], tuple[Line, ...]] = field(default_factory=dict)
    ports: Mapping[str, Port] = field(default_factory=dict)
    routes: Mapping[tuple[int, str], str] = field(default_factory=dict)
    statics: frozenset[int] = frozenset()
    foreign: frozenset[Network] = frozenset()
    spread: frozenset[tuple[int, str]] = frozenset()
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    policies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    asn: str = ""
    hold: bool = False


@dataclass(frozen=True)
class Held:
    """What this driver keeps with a reading."""

    box: Box


# -- items of ours ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class GroupKey:
    """Value: Group."""

    family: int
    name: str


@dataclass(frozen=True, slots=True, order=True)
class ListKey:
    """That a list of our own exists. Value: "" always."""

    family: int
    name: str


@dataclass(frozen=True, slots=True, order=True)
class LineKey:
    """A line of ours. Value: its number; 0: there is no free one. `again`: further copies."""

    family: int
    acl: str
    text: str
    again: int = 0


@dataclass(frozen=True, slots=True, order=True)
class BindKey:
    """A list of our own on an interface. Value: its name."""

    interface: str
    family: int
    way: Way


@dataclass(frozen=True, slots=True, order=True)
class RouteKey:
    """A discard route. Value: its tag."""

    family: int
    prefix: str


@dataclass(frozen=True, slots=True, order=True)
class SetKey:
    """A prefix-set. Value: its entries, a frozenset."""

    name: str


@dataclass(frozen=True, slots=True, order=True)
class PolicyKey:
    """A route-policy. Value: its lines, a tuple."""

    name: str


@dataclass(frozen=True, slots=True, order=True)
class PeerKey:
    """Our policy on a BGP neighbor. Value: its name."""

    neighbor: str
    family: int
    way: RouteWay


@dataclass(frozen=True, slots=True, order=True)
class DownKey:
    """An interface that a rule wants down, with our note of it, and that is down. Value: ""."""

    interface: str


@dataclass(frozen=True, slots=True, order=True)
class ClosedKey:
    """A BGP neighbor whose session a rule wants down, likewise. Value: ""."""

    neighbor: str


_Object = GroupKey | ListKey | LineKey | RouteKey | SetKey | PolicyKey
Key = _Object | BindKey | PeerKey | DownKey | ClosedKey
Value = Group | str | int | frozenset[str] | tuple[str, ...]
Items = Mapping[Key, Value]
