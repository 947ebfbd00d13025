# SPDX-License-Identifier: GPL-2.0-or-later
"""What IOS prints instead of what was typed: ports, protocols, addresses, interfaces. Pure.

``show`` turns 25 into ``smtp`` and 80 into ``www`` (443 stays), pads ``deny``, and adds hit
counts; identity is the text with all of that undone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network

PORTS = {
    "tcp": {
        "bgp": 179, "chargen": 19, "cmd": 514, "daytime": 13, "discard": 9, "domain": 53,
        "drip": 3949, "echo": 7, "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20,
        "gopher": 70, "hostname": 101, "http": 80, "ident": 113, "irc": 194, "klogin": 543,
        "kshell": 544, "login": 513, "lpd": 515, "msrpc": 135, "nntp": 119, "onep-plain": 15001,
        "onep-tls": 15002, "pim-auto-rp": 496, "pop2": 109, "pop3": 110, "smtp": 25, "ssh": 22,
        "sunrpc": 111, "syslog": 514, "tacacs": 49, "tacacs-ds": 63, "talk": 517, "telnet": 23,
        "time": 37, "uucp": 540, "whois": 43, "www": 80,
    },
    "udp": {
        "biff": 512, "bootpc": 68, "bootps": 67, "discard": 9, "dnsix": 195, "domain": 53,
        "echo": 7, "isakmp": 500, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138,
        "netbios-ns": 137, "netbios-ss": 139, "non500-isakmp": 4500, "ntp": 123,
        "pim-auto-rp": 496, "rip": 520, "ripv6": 521, "snmp": 161, "snmptrap": 162,
        "sunrpc": 111, "syslog": 514, "tacacs": 49, "tacacs-ds": 63, "talk": 517, "tftp": 69,
        "time": 37, "who": 513, "xdmcp": 177,
    },
}  # fmt: skip
"""The documented keywords of ``permit tcp`` and ``permit udp`` (Cisco IOS Security Command
Reference, access-list (IP extended))."""

PROTOCOLS = {
    "ahp": 51, "eigrp": 88, "esp": 50, "gre": 47, "igmp": 2, "igrp": 9, "ipinip": 4, "nos": 94,
    "ospf": 89, "pcp": 108, "pim": 103, "sctp": 132,
}  # fmt: skip
"""Names that are replaced by numbers; ip, ipv6, icmp, tcp and udp stay."""

_KINDS = (
    "AppGigabitEthernet", "Bundle-Ether", "Cellular", "Dialer", "Ethernet", "FastEthernet",
    "FiftyGigE", "FortyGigabitEthernet", "FourHundredGigE", "GigabitEthernet", "HundredGigE",
    "Loopback", "Multilink", "Port-channel", "Serial", "TenGigabitEthernet", "Tunnel",
    "TwentyFiveGigE", "TwoGigabitEthernet", "Virtual-Template", "Vlan", "BDI", "BVI",
)  # fmt: skip
_INTERFACE = re.compile(r"([A-Za-z][A-Za-z-]*)\s*(\d[\d/]*(?:[.:]\d+)?)")
_COUNTED = re.compile(r"(?: \((?:\d+ match(?:es)?|active|inactive)\))+\s*$")
_HITS = re.compile(r"\((\d+) match(?:es)?\)")
_COMPARE = ("eq", "neq", "lt", "gt", "range")


def interface_name(text: str) -> str:
    """``gi0/1`` as ``GigabitEthernet0/1``; what is no interface's name stays as it is."""
    found = _INTERFACE.fullmatch(text.strip())
    if not found:
        return text.strip()
    kind = found[1].lower()
    exact = [known for known in _KINDS if known.lower() == kind]
    near = exact or [known for known in _KINDS if known.lower().startswith(kind)]
    return (near[0] if near else found[1]) + found[2]


def hits(line: str) -> int:
    """The hit count that is printed behind an entry; 0 where none is."""
    found = _HITS.search(line)
    return int(found[1]) if found else 0


def plain(line: str) -> str:
    """An entry as printed, without counters and superfluous blanks."""
    return " ".join(_COUNTED.sub("", line).split())


@lru_cache(maxsize=200_000)
def normalised(line: str, family: int) -> str:
    """An entry with names of ports and protocols replaced, addresses in one spelling."""
    words = plain(line).split()
    if len(words) < 2 or words[0] not in ("permit", "deny"):
        return " ".join(words)
    words[1] = _protocol(words[1], family)
    names = PORTS.get(words[1], {})
    comparing = False
    for at, word in enumerate(words[2:], 2):
        if word in _COMPARE:
            comparing = True
        elif comparing and word in names:
            words[at] = str(names[word])
        elif not word.isdecimal():
            comparing = False
            words[at] = _address(word) if family == 6 else word
    return " ".join(words)


def _protocol(word: str, family: int) -> str:
    icmp = "1" if family == 4 else "58"
    numbers = {"6": "tcp", "17": "udp", icmp: "icmp"}
    return numbers.get(word, str(PROTOCOLS.get(word, word)))


def _address(word: str) -> str:
    if ":" not in word:
        return word
    try:
        return str(IPv6Network(word) if "/" in word else IPv6Address(word))
    except ValueError:
        return word
