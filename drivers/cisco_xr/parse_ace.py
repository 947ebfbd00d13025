# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of access-lists in one normal form: protocols and ports as numbers. Pure.

IOS-XR shows names where it was told numbers (``eq 25`` comes back as ``eq smtp``); which line it
is must not depend on that. The names are those of ``ipv4 access-list`` in the vendor's command
reference, their numbers IANA's.
"""

from __future__ import annotations

import re

PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipinip": 94, "tcp": 6, "igrp": 9, "udp": 17, "gre": 47, "esp": 50,
    "ahp": 51, "icmpv6": 58, "eigrp": 88, "ospf": 89, "nos": 4, "pim": 103, "pcp": 108, "sctp": 132,
}  # fmt: skip
NAMED = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}
"""How the normal form names a protocol; all others by number."""
_TCP = {
    "bgp": 179, "chargen": 19, "cmd": 514, "daytime": 13, "discard": 9, "domain": 53, "echo": 7,
    "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "gopher": 70, "hostname": 101,
    "ident": 113, "irc": 194, "klogin": 543, "kshell": 544, "ldp": 646, "login": 513, "lpd": 515,
    "nntp": 119, "pim-auto-rp": 496, "pop2": 109, "pop3": 110, "radius": 1812,
    "radius-acct": 1813, "smtp": 25, "ssh": 22, "sunrpc": 111, "tacacs": 49, "talk": 517,
    "telnet": 23, "time": 37, "uucp": 540, "whois": 43, "www": 80, "https": 443,
}  # fmt: skip
_UDP = {
    "biff": 512, "bootpc": 68, "bootps": 67, "discard": 9, "dnsix": 195, "domain": 53, "echo": 7,
    "isakmp": 500, "ldp": 646, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138,
    "netbios-ns": 137, "netbios-ss": 139, "ntp": 123, "pim-auto-rp": 496, "radius": 1812,
    "radius-acct": 1813, "rip": 520, "snmp": 161, "snmptrap": 162, "sunrpc": 111, "syslog": 514,
    "tacacs": 49, "talk": 517, "tftp": 69, "time": 37, "who": 513, "whois": 43, "xdmcp": 177,
}  # fmt: skip
_PORTS = {"tcp": _TCP, "udp": _UDP, "sctp": {**_UDP, **_TCP}}
_MESSAGES = {"133": "router-solicitation", "134": "router-advertisement"}
_MESSAGES |= {"135": "nd-ns", "136": "nd-na"}
_COUNT = {"eq": 1, "gt": 1, "lt": 1, "neq": 1, "range": 2}
_NUMBERED = re.compile(r"^(\d+) +(\S.*)$")
_MATCHES = re.compile(r"^(?P<line>.*?) *\((?P<count>\d+)(?: hw)? match(?:es)?\)(?: *\(.*\))?$")


def numbered(line: str) -> tuple[int, str] | None:
    """(sequence number, the rest) of a line; None: it has no number."""
    found = _NUMBERED.match(line.strip())
    return (int(found[1]), found[2].rstrip()) if found else None


def counted(line: str) -> tuple[str, int]:
    """A line without what it matched, and that; 0 where it does not say."""
    found = _MATCHES.match(line.rstrip())
    return (found["line"], int(found["count"])) if found else (line.rstrip(), 0)


def normal(text: str) -> str:
    """One line without its number; what has no normal form stays as it is."""
    words = text.split()
    if len(words) < 2 or words[0] not in ("permit", "deny"):
        return " ".join(words)
    named = NAMED.get(_protocol(words[1]))
    if named is None:
        named = words[1] if words[1] in ("ipv4", "ipv6") else str(_protocol(words[1]))
        named = words[1] if named == "-1" else named
    rest = _ports(words[2:], _PORTS.get(named, {}))
    if named == "icmpv6" and rest and rest[-1] in _MESSAGES:
        rest[-1] = _MESSAGES[rest[-1]]
    return " ".join([words[0], named, *rest])


def _protocol(word: str) -> int:
    if word.isdecimal():
        return int(word)
    return PROTOCOLS.get(word, -1)


def _ports(words: list[str], names: dict[str, int]) -> list[str]:
    found: list[str] = []
    left = 0
    for word in words:
        if left:
            found.append(str(names.get(word, word)))
            left -= 1
        else:
            found.append(word)
            left = _COUNT.get(word, 0)
    return found
