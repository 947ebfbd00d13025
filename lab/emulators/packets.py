# SPDX-License-Identifier: GPL-2.0-or-later
"""The packets that tests ask an emulated router about, and the answers about routes."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

Address = IPv4Address | IPv6Address
Direction = Literal["in", "out"]
RouteFate = Literal["accepted", "rejected", "no session"]

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58

_NAMES = {"icmp": ICMP, "tcp": TCP, "udp": UDP, "icmpv6": ICMPV6, "ipv6-icmp": ICMPV6}


@dataclass(frozen=True)
class Packet:
    """One packet as a router's filters see it.

    Attributes:
        source: IPv4 or IPv6, the same family as `destination`.
        destination: see `source`.
        protocol: the IP protocol number, 0..255 (IANA), see `protocol_number` for names.
        source_port: 0..65535; None where the protocol has none and in later fragments. For
            ICMP and ICMPv6 the ports are unused; `icmp_type` is the type.
        destination_port: like `source_port`.
        fragment: True for a fragment other than the first: it carries no ports.
        icmp_type: ICMP or ICMPv6 type, None elsewhere.
        established: True for a TCP segment with ACK or RST.
    """

    source: Address
    destination: Address
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    fragment: bool = False
    icmp_type: int | None = None
    established: bool = False

    def __post_init__(self) -> None:
        if self.source.version != self.destination.version:
            raise ValueError("a packet has both addresses of one family")
        if self.fragment and (self.source_port, self.destination_port) != (None, None):
            raise ValueError("a later fragment carries no ports")

    @property
    def version(self) -> int:
        """The IP version, 4 or 6."""
        return self.source.version


def protocol_number(name: str) -> int:
    """The IP protocol number of `icmp`, `tcp`, `udp`, `icmpv6` or of a decimal number."""
    return _NAMES[name] if name in _NAMES else int(name)
