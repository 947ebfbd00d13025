# SPDX-License-Identifier: GPL-2.0-or-later
"""One access control entry: reading it as typed, printing it as the router prints it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from lab.emulators.cisco_xr.members import (
    Span,
    network_span,
    parse_address,
    parse_network,
    port_span,
)
from lab.emulators.cisco_xr.ports import (
    ICMP_TYPES,
    ICMPV6_TYPES,
    PROTOCOLS,
    port_name,
    port_number,
    protocol_name,
)

ANY_ADDRESS: Span = (0, (1 << 128) - 1)
_OPERATORS = ("eq", "gt", "lt", "neq", "range")
_PLAIN_OPTIONS = ("log", "log-input", "fragments", "established", "icmp-off", "capture")
_FLAGS = ("ack", "fin", "psh", "rst", "syn", "urg")
_VALUED_OPTIONS = ("dscp", "precedence", "ttl", "packet-length", "counter", "nexthop1", "set")


class BadWord(ValueError):
    """A word that cannot stand there.

    Attributes:
        position: which word of the line, from 0; the number of words when one is missing.
    """

    def __init__(self, position: int) -> None:
        super().__init__(str(position))
        self.position = position


@dataclass(frozen=True)
class Wildcard:
    """Addresses that agree with `value` in the bits that are 0 in `wild` (IPv4)."""

    value: int
    wild: int


@dataclass(frozen=True)
class Ends:
    """One side of an entry: addresses and ports.

    Attributes:
        span: the addresses as integers; None: see `wildcard` and `group`.
        wildcard: a wildcard that is not a prefix.
        group: name of the network object-group.
        ports: spans of ports; empty: any.
        port_group: name of the port object-group.
        line: as printed.
    """

    span: Span | None
    line: str
    wildcard: Wildcard | None = None
    group: str = ""
    ports: tuple[Span, ...] = ()
    port_group: str = ""

    @property
    def names_ports(self) -> bool:
        """Whether it looks at ports."""
        return bool(self.ports or self.port_group)


@dataclass(frozen=True)
class Ace:
    """An access control entry.

    Attributes:
        permit: False: `deny`.
        version: 4 or 6, of the list it stands in.
        protocol: IP protocol number; None: any.
        source: where from.
        destination: where to.
        options: what follows, as typed (`fragments`, `established`, an ICMP type, ...).
        line: as printed, without the sequence number.
    """

    permit: bool
    version: int
    protocol: int | None
    source: Ends
    destination: Ends
    options: tuple[str, ...]
    line: str


class _Words:
    """The words of a line, read from the left."""

    def __init__(self, words: list[str], start: int) -> None:
        self.words, self.at = words, start

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self) -> str:
        if self.at >= len(self.words):
            raise BadWord(self.at)
        self.at += 1
        return self.words[self.at - 1]


def parse_ace(words: list[str], version: int, start: int = 0) -> Ace:
    """The entry in `words[start:]`: `deny tcp net-group A any eq smtp`, ...

    Raises:
        BadWord: with the position of the word that cannot stand there.
    """
    left = _Words(words, start)
    action = left.take()
    if action not in ("permit", "deny"):
        raise BadWord(start)
    protocol, shown = _protocol(left, version)
    source = _ends(left, version, protocol)
    # `permit any` is short for `permit ipv4 any any`.
    bare = not left.peek() and protocol is None
    destination = Ends(ANY_ADDRESS, "any") if bare else _ends(left, version, protocol)
    options = _options(left, protocol)
    line = " ".join([action, shown, source.line, destination.line, *options])
    return Ace(action == "permit", version, protocol, source, destination, options, line)


def _protocol(left: _Words, version: int) -> tuple[int | None, str]:
    word = left.peek()
    if word == f"ipv{version}":
        left.take()
        return None, word
    if word in PROTOCOLS or word.isdecimal():
        position = left.at
        number = PROTOCOLS[left.take()] if word in PROTOCOLS else int(left.take())
        if number > 255:
            raise BadWord(position)
        return number, protocol_name(number)
    if word in ("any", "host", "net-group") or _is_place(word, version):
        return None, f"ipv{version}"
    raise BadWord(left.at)


def _is_place(word: str, version: int) -> bool:
    try:
        parse_address(word.split("/", maxsplit=1)[0], version)
    except ValueError:
        return False
    return True


def _ends(left: _Words, version: int, protocol: int | None) -> Ends:
    position = left.at
    word = left.take()
    try:
        place = _place(word, left, version)
    except ValueError as problem:
        raise BadWord(getattr(problem, "position", min(left.at, position + 1) - 1)) from problem
    if left.peek() == "port-group":
        left.take()
        name = left.take()
        return Ends(
            place.span, f"{place.line} port-group {name}", place.wildcard, place.group, (), name
        )
    if left.peek() not in _OPERATORS or protocol not in (6, 17, 132):
        return place
    operator = left.take()
    numbers = [_port(left, protocol) for _ in range(2 if operator == "range" else 1)]
    shown = " ".join([place.line, operator, *(port_name(number, protocol) for number in numbers)])
    if numbers[0] > numbers[-1]:
        raise BadWord(left.at - 1)
    ports = tuple(port_span(operator, numbers))
    return Ends(place.span, shown, place.wildcard, place.group, ports)


def _port(left: _Words, protocol: int) -> int:
    position = left.at
    try:
        return port_number(left.take(), protocol)
    except BadWord:
        raise
    except ValueError as problem:
        raise BadWord(position) from problem


def _place(word: str, left: _Words, version: int) -> Ends:
    if word == "any":
        return Ends(ANY_ADDRESS, "any")
    if word == "net-group":
        name = left.take()
        return Ends(None, f"net-group {name}", group=name)
    if word == "host":
        address = parse_address(left.take(), version)
        return Ends((int(address), int(address)), f"host {address}")
    if "/" in word:
        network = parse_network(word, version)
        if network == network.supernet(new_prefix=0):
            return Ends(ANY_ADDRESS, "any")
        return Ends(network_span(network), _shown(network))
    address = parse_address(word, version)
    if version == 6:
        raise ValueError(word)  # IPv6 has no wildcard: an address alone is not a place
    return _wildcard(int(address), int(parse_address(left.take(), 4)))


def _wildcard(value: int, wild: int) -> Ends:
    value &= ~wild & 0xFFFFFFFF
    if wild == 0xFFFFFFFF:
        return Ends(ANY_ADDRESS, "any")
    if wild == 0:
        return Ends((value, value), f"host {IPv4Address(value)}")
    line = f"{IPv4Address(value)} {IPv4Address(wild)}"
    if wild & (wild + 1) == 0:
        return Ends((value, value | wild), line)
    return Ends(None, line, Wildcard(value, wild))


def _shown(network: object) -> str:
    """IPv4 prefixes come back with a wildcard mask, /32 as `host` [CAPTURE: `expanded`]."""
    if not isinstance(network, IPv4Network):
        return str(network)
    if network.prefixlen == 32:
        return f"host {network.network_address}"
    return f"{network.network_address} {network.hostmask}"


def _options(left: _Words, protocol: int | None) -> tuple[str, ...]:
    """The words after the addresses; `deny` with `icmp-off` and the rest are kept, not judged."""
    names = {1: ICMP_TYPES, 58: ICMPV6_TYPES}.get(protocol or 0, {})
    options: list[str] = []
    while left.peek():
        position = left.at
        word = left.take()
        if word in _PLAIN_OPTIONS or word in names or (protocol == 6 and word in _FLAGS):
            options.append(word)
        elif word in _VALUED_OPTIONS:
            options += [word, left.take()]
        elif names and word.isdecimal() and int(word) < 256:
            by_number = {value: name for name, value in names.items()}
            options.append(by_number.get(int(word), word))
        else:
            raise BadWord(position)
    return tuple(options)
