# SPDX-License-Identifier: GPL-2.0-or-later
"""Device-neutral rules: what may stand on a device.

A `Rule` says which packets it is about beyond one looked-up key; its members say for
which keys (addresses or interfaces). A device holds a mapping Rule -> members. One rule
with its members is an nft set and the rule that names it, an object-group and the ACE
that names it, a prefix-list and the term that names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Addresses = NDArray[np.uint64]
"""Shape (N, 2): column 0 the high 64 bits, column 1 the low 64 bits. IPv4: column 0 is zero."""
Integers = NDArray[np.int64]
"""Shape (N,)."""

HOLD_MARKER = "ENFORCER-HOLD"
"""What a person puts on a device, in the device's own way, to stop all writes to it."""
UNATTRIBUTED = 0
"""`order` of what stands on a device that keeps no orders' numbers."""
NO_END = 2**63 - 1
"""`end` of something without an end; other ends are milliseconds since the Unix epoch, UTC."""


class Key(StrEnum):
    """Which property of a packet is looked up among the members; five are not about packets.

    `INTERFACE`: the members are interfaces that are administratively down; family 0, for it
    concerns every one. `SESSION`: the members are the addresses, as text, of BGP neighbors whose
    sessions are administratively down; family 0. `RECEIVED`, `ANNOUNCED`: the members are
    address space inside which a BGP neighbor's routes must not be; see `RouteMatch`.
    `BLACKHOLE`: the members are prefixes that are announced as blackholes.
    """

    SOURCE = "source"
    DESTINATION = "destination"
    INPUT_INTERFACE = "input-interface"
    OUTPUT_INTERFACE = "output-interface"
    INTERFACE = "interface"
    RECEIVED = "received"
    ANNOUNCED = "announced"
    SESSION = "session"
    BLACKHOLE = "blackhole"


_ALL_PORTS = (0, 65535)


@dataclass(frozen=True, slots=True)
class Service:
    """Protocol number and inclusive port ranges; None: any port, and packets without ports too.

    All ports are any port: to a router's filter they are one and the same.
    """

    protocol: int
    source_ports: tuple[int, int] | None = None
    destination_ports: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("source_ports", "destination_ports"):
            if getattr(self, name) == _ALL_PORTS:
                object.__setattr__(self, name, None)


@dataclass(frozen=True, slots=True)
class Exempt:
    """Addresses `first`..`last` as integers, optionally for one service only.

    Matches a packet whose destination is inside (and, with `ports`, whose destination port
    is), or whose source is inside (and whose source port is). With `protocol` the packet's
    protocol must be it; None means any. A packet without ports (a later fragment, ICMP)
    never matches an entry with `ports`.
    """

    first: int
    last: int
    protocol: int | None = None
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """Which routes inside the members a rule is about; all that is stated must apply.

    `shortest`, `longest`: prefix lengths, both included. `origin`: the AS that the route's path
    ends in (the neighbor itself where the path is the neighbor's alone); `passes`: an AS
    somewhere in the path, the origin included. None: any.
    """

    shortest: int
    longest: int
    origin: int | None = None
    passes: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Drop the packets whose `key` is among the members and that match all the rest.

    `family` is 4 or 6. `peers`: canonical (sorted, disjoint, merged) inclusive integer
    ranges that the OTHER address (destination for key SOURCE, source for DESTINATION) must be
    in; None: any. `exempt`: canonical (sorted, disjoint per service) exceptions of the orders
    behind this rule. Orders with different exceptions never share a rule. `neighbor`: the
    address of the BGP neighbor for keys RECEIVED and ANNOUNCED, else "".

    With these keys the rule rejects a route iff the whole of its prefix is inside the members
    (as one union of addresses), `routes` applies (None: every route), and its prefix is not
    inside the union of `exempt` (which then has neither protocols nor ports). `exports`: for
    key BLACKHOLE, the names of the upstreams that hear of it, sorted; `routes` then holds the
    one length of the prefixes that are announced.
    """

    family: int
    key: Key
    service: Service | None = None
    peers: tuple[tuple[int, int], ...] | None = None
    exempt: tuple[Exempt, ...] = ()
    neighbor: str = ""
    routes: RouteMatch | None = None
    exports: tuple[str, ...] = ()
    _digest: str = field(default="", init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Remembered with the digest: a pass looks rules up a hundred times."""
        return hash(self._digest or self.digest)

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that name this rule on a device; equal rules, equal digests."""
        if not self._digest:
            # Drivers sort and look up by it; a rule never changes.
            object.__setattr__(self, "_digest", self._hashed())
        return self._digest

    def _hashed(self) -> str:
        text = repr((self.family, str(self.key), self.service, self.peers, self.exempt))
        text += self.neighbor
        # What only some rules have is left out where it is absent: names on devices stay.
        text += repr(self.routes) if self.routes is not None else ""
        text += repr(self.exports) if self.exports else ""
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    @property
    def by_interface(self) -> bool:
        """Whether the members are names (of interfaces, of neighbors) rather than addresses."""
        return self.key in (
            Key.INPUT_INTERFACE,
            Key.OUTPUT_INTERFACE,
            Key.INTERFACE,
            Key.SESSION,
        )

    @property
    def by_route(self) -> bool:
        """Whether the members are prefixes of routes rather than addresses of packets."""
        return self.key in (Key.RECEIVED, Key.ANNOUNCED)

    @property
    def plain(self) -> bool:
        """Whether it drops every packet from, or to, its members."""
        packets = self.key in (Key.SOURCE, Key.DESTINATION)
        return packets and self.service is None and self.peers is None and not self.exempt


@dataclass(frozen=True, eq=False, slots=True)
class Members:
    """Disjoint address ranges, sorted by `first`; row i of each column belongs together.

    `first`, `last`: inclusive, shape (N, 2). `end`: int64 milliseconds, `NO_END` without.
    `order`: the number of the order that reaches `end`; -1 on a device: not an id of ours,
    `UNATTRIBUTED` on one that keeps none.
    """

    first: Addresses
    last: Addresses
    end: Integers
    order: Integers

    def __len__(self) -> int:
        return len(self.end)

    @staticmethod
    def none() -> Members:
        """No members at all."""
        return _NO_MEMBERS

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Members:
        """The members at `rows` (mask or indices), in that order; all of them are not copied."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        return Members(self.first[rows], self.last[rows], self.end[rows], self.order[rows])

    def cut(self, low: int, high: int) -> Members:
        """The members `low`..`high` - 1; columns are shared, not copied."""
        rows = slice(low, high)
        return Members(self.first[rows], self.last[rows], self.end[rows], self.order[rows])

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """(first, last, end, order) as Python integers; for small sets and tests."""
        for (fh, fl), (lh, ll), end, order in zip(
            self.first.tolist(),
            self.last.tolist(),
            self.end.tolist(),
            self.order.tolist(),
            strict=True,
        ):
            yield (fh << 64 | fl, lh << 64 | ll, end, order)

    def same_as(self, other: Members) -> bool:
        """Equality of every row."""
        return (
            len(self) == len(other)
            and bool(np.array_equal(self.first, other.first))
            and bool(np.array_equal(self.last, other.last))
            and bool(np.array_equal(self.end, other.end))
            and bool(np.array_equal(self.order, other.order))
        )


_NO_MEMBERS = Members(
    np.zeros((0, 2), np.uint64),
    np.zeros((0, 2), np.uint64),
    np.zeros(0, np.int64),
    np.zeros(0, np.int64),
)


@dataclass(frozen=True, slots=True, order=True)
class InterfaceMember:
    """One interface that a rule covers."""

    name: str
    end: int
    order: int


@dataclass(frozen=True, slots=True)
class Withheld:
    """A part of an order's target that was not compiled because it is protected."""

    order: int
    family: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, eq=False)
class Desired:
    """What must stand on one device. No rule has empty members.

    `mark`: what a plan that adds members leaves on the device, in the same transaction as the
    first of them; None: the mark stays, unless it is missing or of another owner or epoch.
    """

    device: str
    addresses: Mapping[Rule, Members] = field(default_factory=dict)
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]] = field(default_factory=dict)
    withheld: tuple[Withheld, ...] = ()
    mark: Owner | None = None

    def __len__(self) -> int:
        return sum(map(len, self.addresses.values())) + sum(map(len, self.interfaces.values()))

    def rules(self) -> tuple[Rule, ...]:
        """All rules, ordered by digest."""
        return tuple(sorted((*self.addresses, *self.interfaces), key=lambda r: r.digest))

    def same_as(self, other: Desired) -> bool:
        """Equality of content (the device's name aside)."""
        return (
            self.addresses.keys() == other.addresses.keys()
            and all(m.same_as(other.addresses[r]) for r, m in self.addresses.items())
            and self.interfaces == other.interfaces
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose table it is: written into the mark on every device that we write to.

    `position`: how far the audit chain went when the mark was written, at least up to every
    order whose members stood then; `digest`: the first 8 hexadecimal digits of the entry's hash
    there. Both are left out of comparisons. 0 and "": the mark says nothing of it.
    """

    controller: str
    epoch: int
    position: int = field(default=0, compare=False)
    digest: str = field(default="", compare=False)


@dataclass(frozen=True, eq=False)
class Actual:
    """What one device really holds of ours, as read.

    `owner` None: no mark found (a fresh device, or somebody removed ours). `native` is for
    the driver that read it alone (structure, names, generation); None: nothing was read, and
    the device is taken to hold exactly these members, in the structure that its driver would
    make for them. `region` True: only a part was read, and `addresses`/`interfaces` are
    complete for that part alone. `token`: the device's fingerprint token for which the reading
    is true; "" where there is none. `hold`: somebody put the marker `HOLD_MARKER` on the
    device, so that nothing may be written; told by a reading of everything.
    """

    device: str
    read_at: datetime
    owner: Owner | None
    addresses: Mapping[Rule, Members] = field(default_factory=dict)
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]] = field(default_factory=dict)
    native: object = None
    region: bool = False
    token: str = ""
    hold: bool = False
