# SPDX-License-Identifier: GPL-2.0-or-later
"""The types of keys and values of the emulated Junos, and the words of a typed line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network

Network = IPv4Network | IPv6Network

PORTS = {
    "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "tacacs": 49, "domain": 53,
    "tftp": 69, "http": 80, "pop3": 110, "sunrpc": 111, "ntp": 123, "imap": 143, "snmp": 161,
    "snmptrap": 162, "bgp": 179, "ldap": 389, "https": 443, "syslog": 514,
}  # fmt: skip
PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "egp": 8, "udp": 17, "ipv6": 41, "rsvp": 46,
    "gre": 47, "esp": 50, "ah": 51, "icmp6": 58, "icmpv6": 58, "ospf": 89, "pim": 103,
    "vrrp": 112, "sctp": 132,
}  # fmt: skip
ICMP_TYPES = {
    "echo-reply": 0, "unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "time-exceeded": 11, "parameter-problem": 12,
    "destination-unreachable": 1, "packet-too-big": 2,
    "router-solicit": 133, "router-advertisement": 134, "neighbor-solicit": 135,
    "neighbor-advertisement": 136,
}  # fmt: skip
FAMILIES = ("inet", "inet6", "mpls", "iso", "ethernet-switching", "bridge", "ccc", "vpls", "any")
LENGTHS = ("exact", "longer", "orlonger", "upto", "prefix-length-range", "through")
_PLAIN = re.compile(r"[A-Za-z0-9_./:*+%@,<>=!^$|~?&'()-]+\Z")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\];{}]|[^\s\[\];{}"]+')


@dataclass(frozen=True)
class Word:
    """One word of a line: its text without quotes and the column where it starts, from 0."""

    text: str
    column: int


def words_of(line: str) -> list[Word]:
    """The words of a configuration line; brackets, braces and semicolons are words."""
    found = []
    for match in _WORD.finditer(line):
        text = match[0]
        if text.startswith('"'):
            text = text.strip('"').replace('\\"', '"')
        found.append(Word(text, match.start()))
    return found


@lru_cache(maxsize=200_000)
def network(text: str) -> Network:
    """`text`, a prefix that was read already, as a network."""
    return ip_network(text)


def quoted(value: str) -> str:
    """`value` as Junos shows it: in quotes where it is not a plain word."""
    escaped = value.replace('"', '\\"')
    return value if _PLAIN.match(value) else f'"{escaped}"'


def _prefix(text: str) -> str | None:
    # GUESS: host bits beyond the mask are refused, a bare address is a host prefix.
    try:
        return str(ip_network(text))
    except ValueError:
        return None


def _ifaddress(text: str) -> str | None:
    try:
        return str(ip_interface(text))
    except ValueError:
        return None


def _ip(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _number(text: str) -> str | None:
    return text if text.isdigit() else None


def numbers(text: str, names: dict[str, int]) -> tuple[int, int] | None:
    """The closed range that `25`, `smtp` or `6000-6100` means; None: it means nothing."""
    first, _, last = text.partition("-") if text not in names else (text, "", "")
    ends = [names.get(end, int(end) if end.isdigit() else -1) for end in (first, last or first)]
    return None if min(ends) < 0 or ends[0] > ends[1] else (ends[0], ends[1])


def _port(text: str) -> str | None:
    found = numbers(text, PORTS)
    return text if found and found[1] <= 65535 else None


def _protocol(text: str) -> str | None:
    found = numbers(text, PROTOCOLS)
    return text if found and found[1] <= 255 else None


def _range(text: str) -> str | None:
    return text if numbers(text, ICMP_TYPES) else None


_READ: dict[str, Callable[[str], str | None]] = {
    "prefix": _prefix,
    "ifaddress": _ifaddress,
    "ip": _ip,
    "number": _number,
    "port": _port,
    "protocol": _protocol,
    "range": _range,
    "family": lambda text: text if text in FAMILIES else None,
    "next": lambda text: text if text in ("term", "policy") else None,
    "length": lambda text: text if text in LENGTHS else None,
    "list-length": lambda text: text if text in LENGTHS[:3] else None,
}
_COMPLAINTS = {
    "prefix": "invalid ip address or hostname: {value}",
    "ifaddress": "invalid ip address or hostname: {value}",
    "ip": "invalid ip address or hostname: {value}",
    "number": "Invalid numeric value: '{value}'",
}


def lengths_fit(prefix: str, kind: str, text: str) -> bool:
    """Whether `upto /24`, `prefix-length-range /24-/28` or `through P` suits `prefix`.

    Lengths run from the prefix's own to the family's last [Juniper, route-filter match types].
    """
    outer = network(prefix)
    if kind == "through":
        inner = _prefix(text)
        return inner is not None and network(inner).version == outer.version
    found = re.fullmatch(r"/(\d+)" if kind == "upto" else r"/(\d+)-/(\d+)", text)
    if found is None:
        return False
    ends = [outer.prefixlen, *(int(end) for end in found.groups()), outer.max_prefixlen]
    return ends == sorted(ends)


def read_value(kind: str, text: str) -> str | None:
    """`text` as a value of the type `kind` in the form that is shown; None: it is none."""
    if text in "[]{};":
        return None
    read = _READ.get(kind)
    return text if read is None else read(text)


def complaint(kind: str, text: str) -> str:
    """What Junos says of a value that is none. GUESS: the wording, except `syntax error`."""
    return _COMPLAINTS.get(kind, "syntax error").format(value=text)
