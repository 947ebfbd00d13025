# SPDX-License-Identifier: GPL-2.0-or-later
"""What an export writes, row by row: exact blocks, never widened, never all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from socket import AF_INET6, inet_ntoa, inet_ntop

from enforcer.core.instants import from_ms
from enforcer.core.intervals import Ranges, networks_of
from enforcer.core.naming import order_text, ranges_text, routes_text, rule_text, service_text
from enforcer.core.prefixes import format_network
from enforcer.core.rules import NO_END, Exempt, InterfaceMember, Key, Members, Rule

CHUNK = 4096
DIRECTIONS = {
    Key.SOURCE: "from",
    Key.DESTINATION: "to",
    Key.INPUT_INTERFACE: "from",
    Key.OUTPUT_INTERFACE: "to",
    Key.INTERFACE: "both",
    Key.RECEIVED: "received",
    Key.ANNOUNCED: "announced",
    Key.SESSION: "both",
    Key.BLACKHOLE: "to",
}
"""Of packets from where they come or to where they go; of routes from or to whom they are told."""


@dataclass(frozen=True, eq=False)
class Enforced:
    """One rule with its members on one device; `interfaces` where it goes by interface."""

    device: str
    rule: Rule
    members: Members
    interfaces: tuple[InterfaceMember, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it drops every packet of its addresses in its direction."""
        rule = self.rule
        return rule.plain


@dataclass(frozen=True, slots=True)
class Row:
    """One block or interface of an `Enforced`."""

    prefix: str
    interface: str
    end: int
    order: int

    @property
    def ends(self) -> str:
        """ISO 8601; empty where there is no end."""
        if self.end == NO_END:
            return ""
        return from_ms(self.end).isoformat().replace("+00:00", "Z")

    @property
    def order_id(self) -> str:
        """The order that reaches the latest end here."""
        return order_text(self.order)


def rows(part: Enforced) -> Iterator[Row]:
    """The members as the fewest CIDR blocks of each, and the interfaces."""
    for interface in part.interfaces:
        yield Row("", interface.name, interface.end, interface.order)
    members, family = part.members, part.rule.family
    for start in range(0, len(members), CHUNK):
        for first, last, end, order in _piece(members, start).rows():
            for block in blocks(family, first, last):
                yield Row(block, "", end, order)


def _piece(members: Members, start: int) -> Members:
    stop = start + CHUNK
    return Members(
        members.first[start:stop],
        members.last[start:stop],
        members.end[start:stop],
        members.order[start:stop],
    )


def pairs(ranges: Ranges) -> Iterator[list[tuple[int, int]]]:
    """(first, last) as integers, some thousands at a time."""
    for start in range(0, len(ranges), CHUNK):
        stop = start + CHUNK
        yield list(Ranges(ranges.first[start:stop], ranges.last[start:stop]).pairs())


def blocks(family: int, first: int, last: int) -> Iterator[str]:
    """The fewest CIDR blocks that are exactly `first`..`last`; one address without its length."""
    host = first ^ last
    if host & (host + 1) or first & host:
        for network in networks_of(Ranges.of([(first, last)]), family):
            yield format_network(network)
        return
    yield address(family, first) + (f"/{_BITS[family] - host.bit_length()}" if host else "")


_BITS = {4: 32, 6: 128}


def address(family: int, number: int) -> str:
    """As `ipaddress` writes it, in a fraction of the time."""
    if family == 4:
        return inet_ntoa(number.to_bytes(4))
    text = inet_ntop(AF_INET6, number.to_bytes(16))
    # The C library shows an IPv4 address within some; `ipaddress` does not.
    return str(IPv6Address(number)) if "." in text else text


def service_words(rule: Rule) -> str:
    """The protocol and ports; ``all`` where the rule has none, for routes which of them.

    ``session`` where a BGP session is shut down, ``blackhole`` with whom it is exported to.
    """
    if rule.by_route:
        return f"routes{routes_text(rule)}"
    if rule.key is Key.SESSION:
        return "session"
    if rule.key is Key.BLACKHOLE:
        return rule_text(rule)
    return service_text(rule.service) if rule.service else "all"


def peers_words(rule: Rule) -> str:
    """The other ends, separated by spaces; empty: any. Of routes the BGP neighbor."""
    if rule.by_route:
        return rule.neighbor
    if rule.peers is None:
        return ""
    return " ".join(ranges_text(rule.family, first, last) for first, last in rule.peers)


def except_words(rule: Rule) -> str:
    """What the orders behind the rule let pass, separated by spaces."""
    return " ".join(_exempt_text(rule.family, exempt) for exempt in rule.exempt)


def _exempt_text(family: int, exempt: Exempt) -> str:
    text = ranges_text(family, exempt.first, exempt.last)
    if exempt.protocol is None and exempt.ports is None:
        return text
    protocol = "*" if exempt.protocol is None else str(exempt.protocol)
    ports = "" if exempt.ports is None else f"/{exempt.ports[0]}-{exempt.ports[1]}"
    return f"{text}@{protocol}{ports}"
