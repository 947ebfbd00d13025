# SPDX-License-Identifier: GPL-2.0-or-later
"""What the speaker is told and what it says, without its words. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from enforcer.core.orders import Network
from enforcer.core.rules import HOLD_MARKER, Owner

MARK = 4_204_542_022
"""Global administrator of the large communities that are ours (RFC 8092): a private AS number
(RFC 6996), so that it is nobody's."""
IDENTIFIER = 4_542_022
"""Path identifier of ours (RFC 7911): with it a path of somebody else's for the same prefix stands
beside ours, and is not replaced by it."""
NO_EXPORT = 0xFFFFFF01
"""RFC 1997: not advertised outside the AS."""
WIDEST = {4: 8, 6: 16}
"""No prefix shorter than this is ever sent, whatever asks for it."""


class Large(NamedTuple):
    """A large community (RFC 8092)."""

    admin: int
    first: int
    second: int


@dataclass(frozen=True)
class Announcement:
    """One path of ours."""

    prefix: Network
    next_hop: str
    communities: frozenset[int]
    large: frozenset[Large]

    @cached_property
    def text(self) -> str:
        """One line; equal announcements, equal lines."""
        communities = " ".join(f"{c >> 16}:{c & 0xFFFF}" for c in sorted(self.communities))
        large = " ".join(f"{c.admin}:{c.first}:{c.second}" for c in sorted(self.large))
        return f"{self.prefix} next-hop {self.next_hop} communities {communities} large {large}"


@dataclass(frozen=True, slots=True)
class Peering:
    """A BGP session of the speaker. `external`: with another AS."""

    address: str
    asn: int
    external: bool
    up: bool


@dataclass(frozen=True, slots=True)
class Outside:
    """A blackhole of ours that a router advertises to a neighbor that must not have it."""

    witness: str
    neighbor: str
    prefix: Network


@dataclass(frozen=True, slots=True)
class Seen:
    """What the witnesses say. `absent`: what one of them has no blackhole for, with its name.

    `silent`: who cannot be asked, and why. `forwarded`: what one of them has and does not discard.
    `unwatched`: neighbors of the speaker that nobody tells of.
    """

    silent: tuple[tuple[str, str], ...] = ()
    absent: tuple[tuple[str, Network], ...] = ()
    outside: tuple[Outside, ...] = ()
    forwarded: tuple[tuple[str, Network], ...] = ()
    unwatched: tuple[Peering, ...] = ()


@dataclass(frozen=True)
class Box:
    """The speaker as read. `ours`: the paths that carry our mark. `marks`: every mark there.

    `leaked`: prefixes that were seen outside and stay withdrawn until a person says otherwise.
    """

    ours: Mapping[Network, Announcement]
    marks: tuple[str, ...]
    hold: bool
    peerings: tuple[Peering, ...]
    seen: Seen = field(default_factory=Seen)
    leaked: frozenset[Network] = frozenset()

    @property
    def owner(self) -> Owner | None:
        """The newest of the marks."""
        found = [o for o in map(read_owner, self.marks) if o is not None]
        return max(found, key=lambda o: (o.epoch, o.position), default=None)

    @cached_property
    def token(self) -> str:
        """A digest of all that concerns us; what is not ours and who is up is not in it."""
        return token_of(self.ours.values(), self.sets, self.hold)

    @property
    def sets(self) -> tuple[str, ...]:
        """The names of all sets of ours."""
        return (*self.marks, *sorted(map(leak_text, self.leaked)))


def token_of(ours: Iterable[Announcement], marks: Iterable[str], hold: bool) -> str:
    """The token of such a state."""
    digest = hashlib.blake2b(digest_size=12)
    for line in (*sorted(a.text for a in ours), *sorted(marks), HOLD_MARKER if hold else ""):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()


# -- the mark --------------------------------------------------------------------------------

OWNER = "ENF-OWNER"
LEAKED = "ENF-LEAKED-"


def leak_text(prefix: Network) -> str:
    """The name of the set that keeps a prefix withdrawn."""
    return f"{LEAKED}{prefix}"


def read_leak(text: str) -> Network | None:
    """The prefix of such a name; None: it is another's."""
    address, _, length = text.removeprefix(LEAKED).partition("/")
    if not text.startswith(LEAKED) or not length.isdecimal():
        return None
    return network_of(address, int(length))


def owner_text(owner: Owner) -> str:
    """The name of the set that is the mark."""
    text = f"{OWNER} controller {owner.controller} epoch {owner.epoch}"
    if owner.position:
        text += f" position {owner.position} digest {owner.digest or '-'}"
    return text


def read_owner(text: str) -> Owner | None:
    """The mark of a set's name; None: it is none."""
    words = text.split(" ")
    keys = ("controller", "epoch", "position", "digest")
    if (
        words[0] != OWNER
        or len(words) not in (5, 9)
        or tuple(words[1::2]) != keys[: len(words) // 2]
    ):
        return None
    values = words[2::2]
    if not all(v.isdecimal() for v in values[1:3]):
        return None
    position, digest = (int(values[2]), values[3].replace("-", "")) if len(values) == 4 else (0, "")
    return Owner(values[0], int(values[1]), position, digest)


# -- what is sent ----------------------------------------------------------------------------


def sendable(prefix: Network) -> str:
    """Why `prefix` must never be announced; "": it may.

    GoBGP reads what is no address as 0.0.0.0 and announces that: nothing reaches it but the
    canonical text of a network that is looked at here.
    """
    if prefix.prefixlen < WIDEST[prefix.version]:
        return f"is wider than /{WIDEST[prefix.version]}, which is never announced as a blackhole"
    if prefix.network_address.is_unspecified or prefix.is_multicast or prefix.is_loopback:
        return "is no space that packets are forwarded to"
    return ""


def network_of(address: str, length: int) -> Network | None:
    """The network of an answer; None: it is none, or not written canonically."""
    try:
        network = ip_network(f"{address}/{length}")
        return network if str(ip_address(address)) == address else None
    except ValueError:
        return None
