# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules as the text of entries, members and prefixes as IOS takes them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from drivers._router.names import SENTINELS, group_name
from drivers._router.target import prefixes
from enforcer.core.clauses import Clause, Span, Spans, clauses, common
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.rules import Key, Rule

SENTINEL = f"host {SENTINELS[4]}"
PORTS_OF = frozenset({6, 17})
"""TCP and UDP: the protocols whose ports every release can match."""
NEIGHBOR_DISCOVERY = tuple(
    f"permit icmp any any {name}"
    for name in ("router-solicitation", "router-advertisement", "nd-ns", "nd-na")
)
"""ICMPv6 133 to 136 (RFC 4861 section 4): an explicit last line ends what IOS permits of itself."""
LAST = {4: "permit ip any any", 6: "permit ipv6 any any"}
ND_SAFE: Spans = (
    (0, (1 << 127) - 1),
    (0xFC << 120, (0xFE << 120) - 1),
)
"""``::/1`` and ``fc00::/7``: all that is in use (IANA IPv6 address space) but link-local and
multicast, so that no deny of ours on an operator's list ever meets neighbor discovery."""
_NAMES = {6: "tcp", 17: "udp"}
_MAX_PORT = 65535


class Part(NamedTuple):
    """One deny of a rule: the group of its members, and the rest of the line.

    `place`, `peer`: numbers of the groups of its members and of the other end; -1: any.
    """

    clause: Clause
    place: int
    peer: int


class Shape(NamedTuple):
    """A rule taken apart: its parts, the distinct `within`s and `peers` that their numbers mean."""

    parts: tuple[Part, ...]
    withins: tuple[Spans | None, ...]
    peers: tuple[Spans, ...]


@lru_cache(maxsize=4096)
def shape(rule: Rule) -> Shape:
    """The denies of a rule by address, and the groups that they need."""
    found = clauses(rule)
    withins = tuple(dict.fromkeys(c.within for c in found))
    peers = tuple(dict.fromkeys(c.peers for c in found if c.peers is not None))
    parts = tuple(
        Part(c, withins.index(c.within), -1 if c.peers is None else peers.index(c.peers))
        for c in found
    )
    return Shape(parts, withins, peers)


def refusal(rule: Rule) -> str:
    """Why IOS cannot say `rule`, as the end of a sentence; "" it can."""
    for part in shape(rule).parts:
        clause = part.clause
        if clause.but:
            return (
                "cannot except a service from a block of every protocol: except the address as a"
                " whole, or block by protocol and port"
            )
        ported = clause.member_ports is not None or clause.peer_ports is not None
        if ported and clause.protocol not in PORTS_OF:
            return "cannot match ports of other protocols than tcp and udp: block the protocol"
    return ""


@lru_cache(maxsize=4096)
def lines6(rule: Rule) -> int:
    """How many lines one address of an IPv6 rule takes in a list, where it is in no exception."""
    if rule.family == 4:
        return 0
    made = shape(rule)
    counts = [0] * len(made.withins)
    for part in made.parts:
        peers = part.clause.peers
        counts[part.place] += 1 if peers is None else len(prefixes(6, Ranges.of(peers)))
    return max(counts, default=0)


def member_text(network: Network) -> str:
    """A line of an object-group."""
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    if network.prefixlen == 0:
        return "any"
    return f"{network.network_address} {network.netmask}"


def member_ranges(texts: Iterable[str]) -> Ranges:
    """The addresses of lines of an object-group, the sentinel left out; not merged.

    Lines that name other groups are nobody's addresses.
    """
    return Ranges.of(span for text in texts if text != SENTINEL for span in _span(text))


def _span(text: str) -> Iterator[Span]:
    words = text.split()
    if words[0] == "group-object":
        return
    if words[0] == "any":
        yield 0, (1 << 32) - 1
    elif words[0] == "range":
        low, high = (int(IPv4Network(word).network_address) for word in words[1:])
        yield low, high
    else:
        mask = "32" if words[0] == "host" else words[1]
        network = IPv4Network(f"{words[1] if words[0] == 'host' else words[0]}/{mask}")
        yield int(network.network_address), int(network.broadcast_address)


def group_lines(ranges: Ranges) -> Iterator[str]:
    """The lines of a group that holds `ranges`, the sentinel first."""
    yield SENTINEL
    for network in prefixes(4, ranges):
        text = member_text(network)
        if text != SENTINEL:
            yield text


def ace4(rule: Rule, part: Part, suffix: str = "", period: str = "") -> str:
    """The deny of a part of an IPv4 rule; `suffix`: of its members' group."""
    member = f"object-group {group_name(rule, f'M{part.place}{suffix}')}"
    peer = "any" if part.peer < 0 else f"object-group {group_name(rule, f'P{part.peer}')}"
    text = _deny(rule, part.clause, member, peer)
    return f"{text} time-range {period}" if period else text


def aces6(rule: Rule, part: Part, members: Ranges, safe: bool, period: str = "") -> Iterator[str]:
    """The denies of a part of an IPv6 rule for `members`, which are inside its `within`.

    `safe`: none of them meets neighbor discovery, link-local or multicast addresses.
    """
    peers = part.clause.peers
    if safe:
        members = Ranges.of(common(members.pairs(), ND_SAFE))
        peers = ND_SAFE if peers is None else common(peers, ND_SAFE)
    others = ["any"] if peers is None else [_end6(n) for n in prefixes(6, Ranges.of(peers))]
    for network in prefixes(6, members):
        for peer in others:
            text = _deny(rule, part.clause, _end6(network), peer)
            yield f"{text} time-range {period}" if period else text


@lru_cache(maxsize=200_000)
def member6(rule: Rule, text: str) -> Network | None:
    """The member that an entry by `aces6` is about; None: it is none."""
    words = text.split()
    ends: list[str] = []
    at = 2
    while at < len(words) and len(ends) < 2:
        word = words[at]
        if word == "host":
            at += 1
            ends.append(f"{words[at]}/128" if at < len(words) else "")
        elif word == "any":
            ends.append("::/0")
        elif ":" in word:
            ends.append(word)
        at += 1
    if len(ends) < 2:
        return None
    try:
        return IPv6Network(ends[0] if rule.key is Key.SOURCE else ends[1])
    except ValueError:
        return None


def _deny(rule: Rule, clause: Clause, member: str, peer: str) -> str:
    words = ["deny", _protocol(rule.family, clause.protocol)]
    ends = [(member, clause.member_ports), (peer, clause.peer_ports)]
    for address, ports in ends if rule.key is Key.SOURCE else reversed(ends):
        words.append(address)
        words += [] if ports is None else [_ports(ports)]
    words += ["fragments"] if clause.fragments else []
    return " ".join(words)


def _protocol(family: int, protocol: int | None) -> str:
    if protocol is None:
        return "ip" if family == 4 else "ipv6"
    if protocol == (1 if family == 4 else 58):
        return "icmp"
    return _NAMES.get(protocol, str(protocol))


def _ports(span: Span) -> str:
    first, last = span
    return f"eq {first}" if first == last else f"range {first} {last}"


def _end6(network: Network) -> str:
    if network.prefixlen == 0:
        return "any"
    return f"host {network.network_address}" if network.prefixlen == 128 else str(network)
