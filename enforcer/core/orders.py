# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders: what somebody asked for, when it starts and when it ends.

The truth about a packet: it is dropped iff some order in force matches it and
that order's own exceptions do not. Directions:

* ``from``: the target is the packet's source; ports are the destination's
  (the target is the client of that service).
* ``to``: the target is the packet's destination; ports are its own
  (the target is the server of that service).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Literal

Network = IPv4Network | IPv6Network

DEFAULT_VRF = "default"
FEED_PORTS = (119, 433, 563)
"""NNTP, NNSP and NNTPS (IANA service names nntp, nnsp, nntps; RFC 3977, RFC 8143)."""


class Direction(StrEnum):
    """Which end of the packet the target is; see the module's text."""

    FROM = "from"
    TO = "to"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports `first`..`last`, both included, 0..65535."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of addresses by prefix and by name; a union of all its parts.

    A customer stands for all of its prefixes, a service set for its entries.
    """

    prefixes: tuple[Network, ...] = ()
    customers: tuple[str, ...] = ()
    service_sets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.prefixes or self.customers or self.service_sets)


@dataclass(frozen=True, slots=True)
class BlockAddress:
    """Drop everything from, to, or from and to one prefix."""

    prefix: Network
    direction: Direction = Direction.BOTH
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["block_address"] = "block_address"


@dataclass(frozen=True, slots=True)
class BlockPort:
    """Drop `protocols` to destination `ports`, for packets from and/or to the target.

    `protocols` are IANA numbers; 1 stands for the ICMP of either family.
    """

    target: Selection
    protocols: tuple[int, ...]
    ports: tuple[PortRange, ...]
    direction: Direction = Direction.FROM
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["block_port"] = "block_port"


@dataclass(frozen=True, slots=True)
class BlockFlow:
    """Drop packets between two sets.

    ``from``: from `source` to `destination` at the destination ports. ``to``: from
    `destination` to `source` at the destination ports. Empty `protocols` means all
    (then `ports` must be empty); a service set in `destination` brings the service of
    each of its entries where the order names neither protocols nor ports.
    """

    source: Selection
    destination: Selection
    protocols: tuple[int, ...] = ()
    ports: tuple[PortRange, ...] = ()
    direction: Direction = Direction.FROM
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["block_flow"] = "block_flow"


LIST_NAME = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
"""What a list may be called: the name stands in audit entries, files and device comments."""


@dataclass(frozen=True, slots=True)
class BlockList:
    """Drop everything from and/or to every entry of a named list's current version."""

    list_name: str
    direction: Direction = Direction.BOTH
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["block_list"] = "block_list"


SuspendBy = Literal["prefixes", "interface", "shutdown", "session"]
"""What a suspension cuts; see `SuspendCustomer`."""


@dataclass(frozen=True, slots=True)
class SuspendCustomer:
    """Drop a customer's traffic both ways, except what `exceptions` keep alive.

    `by` ``prefixes``: all of the customer's prefixes, at the attachments.
    `by` ``interface``: everything that enters or leaves through the attachments'
    interfaces, so that spoofed sources are cut too. `by` ``shutdown``: those interfaces are
    administratively down; nothing can be kept alive, so there are no `exceptions`. `by`
    ``session``: the BGP sessions with him are administratively shut down, and nothing else is.

    The first two shut his BGP sessions down too: who is connected elsewhere besides would
    otherwise be attracted to where his traffic is dropped.
    """

    customer: str
    exceptions: Selection
    by: SuspendBy = "prefixes"
    mode: Literal["traffic"] = "traffic"
    vrf: str = DEFAULT_VRF
    kind: Literal["suspend_customer"] = "suspend_customer"


@dataclass(frozen=True, slots=True)
class CutFeed:
    """Drop TCP `FEED_PORTS`, as source or destination port, between customer and news servers."""

    customer: str
    news_servers: str = "news"
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["cut_feed"] = "cut_feed"


@dataclass(frozen=True, slots=True)
class Sessions:
    """BGP sessions by whom they are with: a union of all its parts.

    `customers`: with those customers; `asns`: with neighbors of those AS numbers; `neighbors`:
    with those addresses. All empty: every session with the outside that a device of the order's
    scope has, which must not be empty then.
    """

    customers: tuple[str, ...] = ()
    asns: tuple[int, ...] = ()
    neighbors: tuple[IPv4Address | IPv6Address, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.customers or self.asns or self.neighbors)


RouteChoice = Literal["listed", "unregistered", "every"]
MOST_ROUTES = 100_000
"""So many prefixes one order may name."""


@dataclass(frozen=True, slots=True)
class DropRoutes:
    """Reject routes on BGP sessions; a route is rejected iff all that is stated applies to it.

    `choice` ``listed``: its prefix is one of `prefixes`, or with `or_longer` inside one.
    ``unregistered``: its prefix is not inside those registered for the session's customer:
    `prefixes` where the order brings its own (derived from an IRR), else the inventory's.
    ``every``: no condition on the prefix. `origin_as`: the last AS of its path is this one;
    `path_as`: its path contains it. `longer_than4`, `longer_than6`: by family, its prefix is
    longer than that; where only one of them is given, the other family is not touched.
    Routes inside `exceptions` are never rejected. `direction` ``in``: what the neighbor sends
    us, ``out``: what we would send it.
    """

    sessions: Sessions
    prefixes: tuple[Network, ...] = ()
    choice: RouteChoice = "listed"
    or_longer: bool = False
    origin_as: int | None = None
    path_as: int | None = None
    longer_than4: int | None = None
    longer_than6: int | None = None
    direction: Literal["in", "out"] = "in"
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["drop_routes"] = "drop_routes"


@dataclass(frozen=True, slots=True)
class Blackhole:
    """Announce `prefix` as a blackhole to our own routers (RFC 5635, RFC 7999).

    Direction ``to`` drops what goes to it; ``both`` also what comes from it, which works only
    where every edge has loose uRPF; ``from`` alone does not exist. `exports`: names of
    upstreams that are asked to drop it too; nobody else outside ever hears of it.
    """

    prefix: Network
    direction: Direction = Direction.TO
    exports: tuple[str, ...] = ()
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["blackhole"] = "blackhole"


@dataclass(frozen=True, slots=True)
class ShutdownSession:
    """Shut BGP sessions down administratively (RFC 9003 tells the neighbor why)."""

    sessions: Sessions
    vrf: str = DEFAULT_VRF
    exceptions: Selection = Selection()
    kind: Literal["shutdown_session"] = "shutdown_session"


Demand = (
    BlockAddress
    | BlockPort
    | BlockFlow
    | BlockList
    | SuspendCustomer
    | CutFeed
    | DropRoutes
    | Blackhole
    | ShutdownSession
)
"""What an order asks for: a union tagged by `kind` (a stable wire name)."""


@dataclass(frozen=True, slots=True)
class PolicyClause:
    """Where the right to do this comes from: policy pack, its version, the clause."""

    pack: str
    version: str
    clause: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which devices; empty means the default of the order's target.

    The default is where the target is attached for a customer's address and every
    device with the role ``border`` for a third party's. A non-empty scope selects
    devices that match every non-empty field.
    """

    devices: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.devices or self.roles or self.sites)


@dataclass(frozen=True, slots=True)
class Order:
    """One order as it stands now.

    `number` is the change sequence at which it was placed; `changed` the sequence of
    its last change. `start` and `end` are aware UTC; `end` None is open-ended, asked
    for explicitly. In force from `start` (included) to `end` (excluded) unless lifted, which is
    final: a clock that steps back does not undo it.
    """

    number: int
    changed: int
    demand: Demand
    reason: str
    issuer: str
    source: str
    created: datetime
    start: datetime
    end: datetime | None
    ticket: str | None = None
    policy: PolicyClause | None = None
    scope: Scope = field(default_factory=Scope)
    idempotency_key: str | None = None
    lifted: datetime | None = None
    lift_reason: str | None = None

    @property
    def id(self) -> str:
        """The order's printed id; see `order_id`."""
        return order_id(self.number)

    @property
    def ends(self) -> datetime | None:
        """The instant from which the order is no longer in force; None: no end in sight."""
        candidates = [t for t in (self.end, self.lifted) if t is not None]
        return min(candidates) if candidates else None


def is_over(order: Order, now: datetime) -> bool:
    """Whether `order` has ended at `now`: it was lifted, whatever `now` is, or its end came."""
    return order.lifted is not None or (order.end is not None and order.end <= now)


def in_force(order: Order, now: datetime) -> bool:
    """Whether `order` is to be enforced at `now`."""
    return order.start <= now and not is_over(order, now)


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {c: v for v, c in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_MIN_DIGITS = 4
MAX_ORDER_NUMBER = 32**8 - 1


def _check_value(values: list[int]) -> int:
    total = 0
    for position, value in enumerate(reversed(values)):
        doubled = value * 2 if position % 2 == 0 else value
        total += doubled // 32 + doubled % 32
    return -total % 32


@lru_cache(maxsize=4096)
def order_id(number: int) -> str:
    """The printed id: Crockford base32 of `number`, a dash, a Luhn mod 32 check character.

    At most 10 characters of ``[A-Z0-9-]``: valid as nft comment, IOS remark, XR label and
    Junos name. Raises ValueError outside 1..`MAX_ORDER_NUMBER`.
    """
    if not 1 <= number <= MAX_ORDER_NUMBER:
        raise ValueError(f"order number {number} outside 1..{MAX_ORDER_NUMBER}")
    values: list[int] = []
    rest = number
    while rest or len(values) < _MIN_DIGITS:
        rest, digit = divmod(rest, 32)
        values.append(digit)
    values.reverse()
    return "".join(_ALPHABET[v] for v in values) + "-" + _ALPHABET[_check_value(values)]


def order_number(text: str) -> int | None:
    """The number behind a printed id, or None when `text` is not one.

    Lenient as Crockford's base32 asks: lower case, O for 0, I and L for 1, dash optional.
    """
    values = [_VALUE.get(c) for c in text.strip().upper().replace("-", "")]
    if not _MIN_DIGITS < len(values) <= 9 or any(v is None for v in values):
        return None
    digits = [v for v in values if v is not None]
    if _check_value(digits[:-1]) != digits[-1]:
        return None
    number = 0
    for digit in digits[:-1]:
        number = number * 32 + digit
    return number or None
