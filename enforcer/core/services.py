# SPDX-License-Identifier: GPL-2.0-or-later
"""Protocols and ports as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from enforcer.core.orders import PortRange
from enforcer.core.prefixes import shown
from enforcer.errors import InvalidInput

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "dccp": 33,
    "ipv6": 41,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "icmpv6": 58,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "l2tp": 115,
    "sctp": 132,
    "udplite": 136,
}
"""Names for IANA's "Assigned Internet Protocol Numbers"; every other one goes by its number."""

WITH_PORTS = frozenset({6, 17, 33, 132, 136})
"""TCP (RFC 9293), UDP (768), DCCP (4340), SCTP (9260), UDP-Lite (3828): ports come first."""

MAX_PORT = 65535
MAX_PROTOCOL = 255

_ALIASES = {"ipv6-icmp": 58, "icmp6": 58, "ipencap": 4, "udp-lite": 136, "ipsec-esp": 50}
_NAMES = {number: name for name, number in PROTOCOLS.items()}
_PORTS = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")


def parse_protocols(text: str) -> tuple[int, ...]:
    """Numbers for ``tcp,udp,47``: sorted, each once. Raises InvalidInput."""
    return tuple(sorted({_protocol(part.strip()) for part in text.split(",")}))


def format_protocol(number: int) -> str:
    """The protocol's name, or its number where it has none here."""
    return _NAMES.get(number, str(number))


def format_protocols(numbers: Iterable[int]) -> str:
    """As `parse_protocols` reads it."""
    return ",".join(map(format_protocol, numbers))


def parse_ports(text: str) -> tuple[PortRange, ...]:
    """Ranges for ``25,465-587``: sorted, overlapping and adjoining ones joined.

    Raises InvalidInput: not a number, above 65535, or a range that runs backwards.
    """
    return join_ports(_port_range(part.strip()) for part in text.split(","))


def format_ports(ranges: Iterable[PortRange]) -> str:
    """As `parse_ports` reads it."""
    return ",".join(str(r.first) if r.first == r.last else f"{r.first}-{r.last}" for r in ranges)


def join_ports(ranges: Iterable[PortRange]) -> tuple[PortRange, ...]:
    """The same ports in the fewest ranges, sorted."""
    joined: list[PortRange] = []
    for one in sorted(ranges, key=lambda r: (r.first, r.last)):
        if joined and one.first <= joined[-1].last + 1:
            joined[-1] = PortRange(joined[-1].first, max(joined[-1].last, one.last))
        else:
            joined.append(one)
    return tuple(joined)


def _protocol(text: str) -> int:
    name = text.lower()
    known = PROTOCOLS | _ALIASES
    if name in known:
        return known[name]
    if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= MAX_PROTOCOL:
        return int(text)
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise InvalidInput(
        f"'{shown(text)}' is not a protocol: write a name ({', '.join(PROTOCOLS)})"
        f" or a number from 0 to {MAX_PROTOCOL}{hint}"
    )


def _port_range(text: str) -> PortRange:
    found = _PORTS.fullmatch(text)
    if found is None:
        raise InvalidInput(
            f"'{shown(text)}' is not a port: write numbers and ranges such as 25,465-587"
        )
    first = int(found[1])
    last = int(found[2]) if found[2] else first
    if max(first, last) > MAX_PORT:
        raise InvalidInput(f"'{text}' is not a port: the highest one is {MAX_PORT}")
    if first > last:
        raise InvalidInput(f"'{text}' runs backwards: write {last}-{first}")
    return PortRange(first, last)
