# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory loads into: devices, customers, service sets, protected prefixes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import Literal

from enforcer.core.orders import DEFAULT_VRF, Network, PortRange, Scope

LinkAddress = IPv4Interface | IPv6Interface
ROLE_BORDER = "border"
ROLE_RTBH = "rtbh"
"""Of a device that announces blackholes to our routers."""
ONLY_ROUTES = frozenset({"frr", "bird", "gobgp", "inn"})
"""Platforms that filter no packets: a daemon, beside whatever forwards them."""


class Mode(StrEnum):
    """`observe`: read and compare, never write. `enforce`: write."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of a device and what is behind it (a customer's name, or a free word).

    `addresses`: the device's own on it, with the length of the link (``192.0.2.1/30``).
    `management`: we reach the device through it: nothing of ours is ever bound there, and it is
    never shut down.
    """

    name: str
    behind: str = ""
    addresses: tuple[LinkAddress, ...] = ()
    management: bool = False


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A BGP neighbor of a device. `behind` as for an interface; `asn` 0: not stated.

    `name`: of an upstream or peer, as blackholes name whom they are exported to. `families`: of
    which address families the session carries routes; empty: of its address's own.
    """

    address: IPv4Address | IPv6Address
    asn: int = 0
    behind: str = ""
    vrf: str = DEFAULT_VRF
    name: str = ""
    families: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Witness:
    """A router that is asked what became of an announced blackhole: how to reach a `device`."""

    device: str
    platform: str
    transport: Mapping[str, str] = field(default_factory=dict)
    credentials: str = ""
    neighbors: tuple[Neighbor, ...] = ()


@dataclass(frozen=True, slots=True)
class Blackholing:
    """How a device with the role ``rtbh`` announces blackholes.

    `communities`: what every announcement carries (``65535:666`` and the network's own, RFC
    7999). `next_hops`: by family ("4", "6"), what the announcements point to. `upstreams`: by
    name the community that asks our edges to export a blackhole to that upstream, as it wants
    it. `canaries`: by family, a host address that is nobody's, announced first to see where it
    goes. `witnesses`: routers that tell where announcements went. `trusted`: addresses of
    neighbors of the speaker that are no witnesses and, a person says, have no session with
    another network.
    """

    communities: tuple[str, ...] = ("65535:666",)
    next_hops: Mapping[str, str] = field(default_factory=dict)
    upstreams: Mapping[str, str] = field(default_factory=dict)
    canaries: Mapping[str, str] = field(default_factory=dict)
    witnesses: tuple[Witness, ...] = ()
    trusted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A weekly window in which the device may be away without an alarm.

    `days`: 0 is Monday; `start`, `end`: minutes after midnight UTC, `end` at most 1440 and
    later than `start`.
    """

    days: frozenset[int]
    start: int
    end: int
    reason: str = ""


class Leaving(StrEnum):
    """Why something is in force that the inventory's files no longer state, or not for long.

    `GONE`: it left the files; it is kept as it was until a person says that it may go.
    `DRAINING`: a person said so; it goes as soon as that is proved to be safe.
    """

    NO = ""
    GONE = "gone"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that can be made to hold rules.

    `transport` is the platform's own business (for nftables: ``netns`` or ``local``);
    `hooks` says whether the box itself is covered too (``input``, ``output``). `credentials`
    is a reference (``file:``, ``env:``), never a secret. `addresses`: by which we reach it,
    and its loopbacks; with `next_hops` and the interfaces' and neighbors' they are protected.
    `vrfs`: beside the default one. `mechanism` ``rtbh``: plain blocks by destination are discard
    routes there, and by source too where `urpf` is ``loose`` (RFC 5635). `options`: how its
    driver works there, beside how to reach it. `bgp`: the BGP sessions with `neighbors` are
    this device's own, to be filtered and shut there; `blackholing`: of one with role ``rtbh``.
    `filters`: whether packets are filtered there; None: as its platform does.
    """

    name: str
    platform: str
    site: str = ""
    roles: frozenset[str] = frozenset()
    mode: Mode = Mode.OBSERVE
    transport: Mapping[str, str] = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    hooks: frozenset[str] = frozenset({"forward"})
    nat: tuple[Network, ...] = ()
    capacity: int | None = None
    credentials: str = ""
    vrfs: frozenset[str] = frozenset()
    addresses: tuple[Network, ...] = ()
    next_hops: tuple[Network, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    maintenance: tuple[MaintenanceWindow, ...] = ()
    leaving: Leaving = Leaving.NO
    mechanism: Literal["filter", "rtbh"] = "filter"
    urpf: Literal["", "strict", "loose"] = ""
    options: Mapping[str, str] = field(default_factory=dict)
    bgp: bool = True
    blackholing: Blackholing | None = None
    filters: bool | None = None

    @property
    def filters_packets(self) -> bool:
        """Whether rules about packets and interfaces are placed there."""
        return self.platform not in ONLY_ROUTES if self.filters is None else self.filters


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where a customer is connected: an interface, a BGP neighbor, or a news site.

    Two attachments are the same place when device, interface, neighbor and news site are.
    """

    device: str
    interface: str = ""
    neighbor: str = ""
    news_site: str = ""
    leaving: Leaving = field(default=Leaving.NO, compare=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach a customer: channel is mail, phone, pager."""

    name: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of a customer, with the part of its addresses that it uses."""

    name: str
    prefixes: tuple[Network, ...]
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with registered prefixes and attachments."""

    name: str
    prefixes: tuple[Network, ...]
    attachments: tuple[Attachment, ...] = ()
    contacts: tuple[Contact, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    leaving: Leaving = Leaving.NO


@dataclass(frozen=True, slots=True)
class SharedSpace:
    """Addresses that several parties share: blocking one hits all `users`.

    `kind`: ``shared`` (a shared host, several sites on one address) or ``cgnat`` (RFC 6598
    translation: `users` may be empty, which means nobody can say who is hit).
    """

    name: str
    prefixes: tuple[Network, ...]
    kind: Literal["shared", "cgnat"] = "shared"
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DynamicPool:
    """Addresses that change hands; `lease`: seconds for which one customer surely has one."""

    name: str
    prefixes: tuple[Network, ...]
    lease: int


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """Addresses offering a service; `protocol` None means any, empty `ports` all of them."""

    prefixes: tuple[Network, ...]
    protocol: int | None = None
    ports: tuple[PortRange, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """A named set of services: resolvers, news servers, the walled garden."""

    name: str
    entries: tuple[ServiceEntry, ...]


@dataclass(frozen=True, slots=True)
class ProtectedPrefix:
    """Space that no order may block.

    `origin`: ``stated``, or what it was derived from (controller, management, link, neighbor,
    next-hop, rtbh, ix, aaa, dns, ntp, syslog, database, identity).
    """

    prefix: Network
    reason: str
    origin: str = "stated"


@dataclass(frozen=True, slots=True)
class Feed:
    """Where the content of a named list comes from by itself.

    `source`: a path or an https URL. `every`, `stale_after`: seconds. `format` and `column`
    as in `enforcer list import`. `widest4`, `widest6`: the shortest prefix that an entry may
    have. `most`: how many entries at most; None: no limit.
    """

    name: str
    source: str
    every: int = 3600
    stale_after: int = 86_400
    format: str = "auto"
    column: str = ""
    widest4: int = 8
    widest6: int = 16
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """What one source of orders (cli, api, a detector's name) may do at most.

    `longest`: seconds; None: no limit, and open ends are allowed. `active`: orders in force or
    to come. `per_minute`: orders placed. `widest4`, `widest6`: the shortest prefix length
    that needs no confirmation. None: no limit.
    """

    name: str
    longest: int | None = None
    active: int | None = None
    per_minute: int | None = None
    widest4: int | None = 24
    widest6: int | None = 48


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """A change of one device that no order explains is held when it moves more than `rows`
    rows, or more than `percent` of what is desired there (and more than `floor` rows)."""

    rows: int = 1000
    percent: float = 20.0
    floor: int = 10


@dataclass(frozen=True)
class Topology:
    """The whole inventory, by name."""

    devices: Mapping[str, Device] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    service_sets: Mapping[str, ServiceSet] = field(default_factory=dict)
    protected: tuple[ProtectedPrefix, ...] = ()
    documentation_space: bool = False
    """True in labs: documentation prefixes (RFC 5737, RFC 3849) count as ordinary space."""
    shared: tuple[SharedSpace, ...] = ()
    pools: tuple[DynamicPool, ...] = ()
    feeds: Mapping[str, Feed] = field(default_factory=dict)
    sources: Mapping[str, SourceLimits] = field(default_factory=dict)
    """By source name; ``*`` stands for every source that is not named."""
    brake: BrakeLimits = field(default_factory=BrakeLimits)
    modes: Mapping[str, Mode] = field(default_factory=dict)
    """Modes that a person set with `enforcer device mode`; they win over the files."""
    retired: frozenset[str] = frozenset()
    """Devices that were retired while the files still state them."""

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits: equal for equal inventories, in every process."""
        return hashlib.blake2b(repr(_plain(self)).encode(), digest_size=8).hexdigest()

    def borders(self) -> tuple[str, ...]:
        """Names of the devices with the role ``border`` that hold what is about packets, sorted.

        Not of those that are draining.
        """
        return tuple(
            sorted(
                name
                for name, device in self.devices.items()
                if ROLE_BORDER in device.roles
                and device.filters_packets
                and device.leaving is not Leaving.DRAINING
            )
        )

    def in_scope(self, scope: Scope) -> tuple[str, ...]:
        """Names of the devices that match every non-empty field of `scope`, sorted.

        A draining device matches nothing.
        """
        return tuple(
            sorted(
                name
                for name, device in self.devices.items()
                if device.leaving is not Leaving.DRAINING
                and (not scope.devices or name in scope.devices)
                and (not scope.roles or device.roles & set(scope.roles))
                and (not scope.sites or device.site in scope.sites)
            )
        )

    def filtering(self, scope: Scope) -> tuple[str, ...]:
        """As `in_scope`, without those where no packets are filtered."""
        return tuple(n for n in self.in_scope(scope) if self.devices[n].filters_packets)

    def only_routes(self) -> frozenset[str]:
        """Names of the devices where no packets are filtered."""
        return frozenset(n for n, d in self.devices.items() if not d.filters_packets)

    def draining(self) -> frozenset[str]:
        """Names of the devices that a person retired and that are not proved empty yet."""
        return frozenset(n for n, d in self.devices.items() if d.leaving is Leaving.DRAINING)


_LATER: Mapping[str, Mapping[str, object]] = {
    "Neighbor": {"name": "", "families": ()},
    "Device": {"bgp": True, "blackholing": None, "filters": None},
}
"""Fields that came after the first installations, and what they are where nothing is stated."""


def _plain(value: object) -> object:
    """`value` in a form whose repr does not depend on the order in which sets iterate."""
    if is_dataclass(value) and not isinstance(value, type):
        # An inventory that says nothing of these keeps the digest that proofs were made under.
        later = _LATER.get(type(value).__name__, {})
        parts = ((f.name, getattr(value, f.name)) for f in fields(value))
        return [(n, _plain(v)) for n, v in parts if n not in later or v != later[n]]
    if isinstance(value, Mapping):
        return sorted((str(key), _plain(item)) for key, item in value.items())
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value)
