# SPDX-License-Identifier: GPL-2.0-or-later
"""Access control entries: as typed, as shown (25 becomes `smtp`, wildcards), as matched.

The shape of what is shown is from the captures [corpus show_ip_access-lists]; matching is as
documented [DOC]: first match, an entry with ports matches no later fragment to deny it, and
permits one by its layer-3 part alone; `fragments` matches later fragments only.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Protocol

from lab.emulators.cisco_ios.names import (
    ICMP,
    ICMP_NAMES,
    PORT_NAMES,
    PORTS,
    PROTOCOLS,
    PROTOCOLS6,
)
from lab.emulators.cisco_ios.words import Incomplete, Words
from lab.emulators.packets import Packet

_ALL = 2**32 - 1
_FLAGS = frozenset({"ack", "fin", "psh", "rst", "syn", "urg"})
# Packets of the emulator carry none of these: an entry that asks for one never matches.
_UNSEEN = {"dscp": 1, "precedence": 1, "tos": 1, "ttl": 2, "option": 1, "flow-label": 1}


class Groups(Protocol):
    """Who knows object groups."""

    def covers(self, name: str, address: int) -> bool:
        """Whether the group `name` or one inside it covers `address`."""
        ...


@dataclass(frozen=True)
class End:
    """One end of an entry: an address, a wildcard, a group; as shown and as matched.

    Attributes:
        text: as shown.
        value: the address.
        care: one bit for each bit of the address that has to agree.
        group: the object group's name, or none.
    """

    text: str
    value: int = 0
    care: int = 0
    group: str = ""

    def matches(self, address: int, groups: Groups) -> bool:
        """Whether `address` is at this end."""
        if self.group:
            return groups.covers(self.group, address)
        return (address ^ self.value) & self.care == 0


ANY = End("any")


@dataclass(frozen=True)
class Ports:
    """A condition on a port: `eq`, `neq`, `lt`, `gt` or `range`, as shown and as matched."""

    text: str
    operator: str
    values: tuple[int, ...]

    def matches(self, port: int | None) -> bool:
        """Whether `port` fulfils it; a packet without a port does not."""
        if port is None:
            return False
        first, last = self.values[0], self.values[-1]
        return {
            "eq": port in self.values,
            "neq": port not in self.values,
            "lt": port < first,
            "gt": port > first,
            "range": min(first, last) <= port <= max(first, last),
        }[self.operator]


@dataclass(frozen=True)
class Ace:
    """One entry.

    Attributes:
        version: 4 or 6.
        permit: permit or deny.
        text: as shown, without number, counters and time-range state.
        protocol: its number; None: any (`ip`, `ipv6`).
        time_range: the name of its time-range, or none.
    """

    version: int
    permit: bool
    text: str
    protocol: int | None = None
    source: End = ANY
    destination: End = ANY
    source_ports: Ports | None = None
    destination_ports: Ports | None = None
    icmp_type: int | None = None
    established: bool = False
    fragments: bool = False
    unseen: bool = False
    time_range: str = ""

    @property
    def layer4(self) -> bool:
        """True when it looks beyond the IP header."""
        return bool(
            self.source_ports
            or self.destination_ports
            or self.icmp_type is not None
            or self.established
        )

    @property
    def groups(self) -> tuple[str, ...]:
        """The object groups that it names."""
        return tuple(end.group for end in (self.source, self.destination) if end.group)

    def matches(self, packet: Packet, groups: Groups) -> bool:
        """Whether it decides about `packet`; time-ranges are the caller's."""
        if self.unseen or packet.version != self.version:
            return False
        if self.protocol is not None and packet.protocol != self.protocol:
            return False
        if not self.source.matches(int(packet.source), groups):
            return False
        if not self.destination.matches(int(packet.destination), groups):
            return False
        if self.fragments:
            return packet.fragment
        if packet.fragment:
            return self.permit or not self.layer4
        return self._layer4(packet)

    def _layer4(self, packet: Packet) -> bool:
        if self.established and not packet.established:
            return False
        if self.icmp_type is not None and packet.icmp_type != self.icmp_type:
            return False
        if self.source_ports and not self.source_ports.matches(packet.source_port):
            return False
        return not self.destination_ports or self.destination_ports.matches(packet.destination_port)


def read(words: Words, version: int) -> Ace:
    """Read an extended or IPv6 entry, from `permit` or `deny` to the end of the line."""
    permit = words.expect("permit", "deny") == "permit"
    shown_protocol, protocol = _protocol(words, version)
    source = _end(words, version)
    source_ports = _ports(words, protocol)
    destination = _end(words, version)
    destination_ports = _ports(words, protocol)
    icmp_type, shown_icmp = _icmp(words, protocol, version)
    options = _Options()
    options.read(words)
    action = "permit" if permit else "deny  " if version == 4 else "deny"
    parts = [action, shown_protocol, source.text]
    parts += [source_ports.text] if source_ports else []
    parts += [destination.text]
    parts += [destination_ports.text] if destination_ports else []
    parts += shown_icmp + options.shown
    return Ace(
        version,
        permit,
        " ".join(parts),
        protocol,
        source,
        destination,
        source_ports,
        destination_ports,
        icmp_type,
        options.established,
        options.fragments,
        options.unseen,
        options.time_range,
    )


def read_standard(words: Words) -> Ace:
    """Read an entry of a standard list: a source only."""
    permit = words.expect("permit", "deny") == "permit"
    source = _standard_end(words)
    log = words.accept("log")
    words.end()
    text = f"{'permit' if permit else 'deny  '} {source.text}{' log' if log else ''}"
    return Ace(4, permit, text, source=source)


def _standard_end(words: Words) -> End:
    if words.peek() in ("any", "host"):
        end = _end(words, 4)
        return End(end.text.removeprefix("host "), end.value, end.care)
    address = _address4(words)
    if words and words.peek() != "log":
        wildcard = _address4(words)
        if wildcard:
            text = f"{IPv4Address(address & ~wildcard)}, wildcard bits {IPv4Address(wildcard)}"
            return End(text, address & ~wildcard, _ALL ^ wildcard)
    return End(str(IPv4Address(address)), address, _ALL)


def _protocol(words: Words, version: int) -> tuple[str, int | None]:
    names = PROTOCOLS if version == 4 else PROTOCOLS6
    everything = "ip" if version == 4 else "ipv6"
    if words.peek().isdecimal():
        number = words.number(0, 255)
        known = next((name for name, value in names.items() if value == number), str(number))
        return known, number
    name = words.expect(everything, *names)
    return name, names.get(name)


def _end(words: Words, version: int) -> End:
    if words.accept("any"):
        return ANY
    if words.accept("object-group"):
        group = words.take()
        return End(f"object-group {group}", group=group)
    host = words.accept("host")
    if version == 6:
        return _host6(words) if host else _network6(words)
    address = _address4(words)
    if host:
        return End(f"host {IPv4Address(address)}", address, _ALL)
    wildcard = _address4(words)
    if wildcard == _ALL:
        return ANY
    if wildcard == 0:
        return End(f"host {IPv4Address(address)}", address, _ALL)
    value = address & ~wildcard
    return End(f"{IPv4Address(value)} {IPv4Address(wildcard)}", value, _ALL ^ wildcard)


def _address4(words: Words) -> int:
    if not words:
        raise Incomplete
    try:
        address = int(IPv4Address(words.peek()))
    except ValueError:
        raise words.invalid() from None
    words.take()
    return address


def _host6(words: Words) -> End:
    if not words:
        raise Incomplete
    try:
        address = IPv6Address(words.peek())
    except ValueError:
        raise words.invalid() from None
    words.take()
    return End(f"host {str(address).upper()}", int(address), 2**128 - 1)


def _network6(words: Words) -> End:
    if not words:
        raise Incomplete
    try:
        if "/" not in words.peek():
            raise words.invalid()
        network = IPv6Network(words.peek(), strict=False)
    except ValueError:
        raise words.invalid() from None
    words.take()
    if network.prefixlen == 0:
        return ANY
    if network.prefixlen == 128:
        return _shown_host6(network)
    return End(str(network).upper(), int(network.network_address), int(network.netmask))


def _shown_host6(network: IPv6Network) -> End:
    address = network.network_address
    return End(f"host {str(address).upper()}", int(address), 2**128 - 1)


def _ports(words: Words, protocol: int | None) -> Ports | None:
    if protocol not in PORTS or words.peek() not in ("eq", "neq", "lt", "gt", "range"):
        return None
    operator = words.take()
    values = [_port(words, protocol)]
    if operator == "range":
        values.append(_port(words, protocol))
    while operator in ("eq", "neq") and _is_port(words.peek(), protocol) and len(values) < 10:
        values.append(_port(words, protocol))
    names = PORT_NAMES[protocol]
    shown = " ".join(names.get(value, str(value)) for value in values)
    return Ports(f"{operator} {shown}", operator, tuple(values))


def _is_port(word: str, protocol: int) -> bool:
    return word.isdecimal() or word in PORTS[protocol]


def _port(words: Words, protocol: int) -> int:
    if words.peek() in PORTS[protocol]:
        return PORTS[protocol][words.take()]
    return words.number(0, 65535)


def _icmp(words: Words, protocol: int | None, version: int) -> tuple[int | None, list[str]]:
    if protocol != (1 if version == 4 else 58) or not words:
        return None, []
    if words.peek() in ICMP[version]:
        name = words.take()
        return ICMP[version][name][0], [name]
    if not words.peek().isdecimal():
        return None, []
    kind = words.number(0, 255)
    code = words.number(0, 255) if words.peek().isdecimal() else None
    name = ICMP_NAMES[version].get((kind, code), "")
    return kind, [name] if name else [str(kind)] + ([] if code is None else [str(code)])


class _Options:
    """What may follow the two ends."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.established = self.fragments = self.unseen = False
        self.time_range = ""

    def read(self, words: Words) -> None:
        """Read to the end of the line."""
        while words:
            word = words.peek()
            if word.lstrip("+-") in _FLAGS or word in ("match-all", "match-any"):
                self.shown.append(words.take())
                self.unseen = True
                continue
            option = words.expect(
                "established", "fragments", "log", "log-input", "time-range", *_UNSEEN
            )
            self.shown.append(option)
            if option == "time-range":
                self.time_range = words.take()
                self.shown.append(self.time_range)
            elif option in _UNSEEN:
                self.unseen = True
                self.shown += [words.take() for _ in range(_UNSEEN[option])]
            elif option in ("established", "fragments"):
                setattr(self, option, True)
