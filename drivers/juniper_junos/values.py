# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers and addresses as Junos may show them, and as we compare them. Pure.

A box may show a name for a number (``smtp`` for 25), also where a number was typed. The names are
those of the match conditions in the Junos routing policies and firewall filters guide.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network

PROTOCOLS = {
    "ah": 51, "dstopts": 60, "egp": 8, "esp": 50, "fragment": 44, "gre": 47, "hop-by-hop": 0,
    "icmp": 1, "icmp6": 58, "icmpv6": 58, "igmp": 2, "ipip": 4, "ipv6": 41, "mobility": 135,
    "no-next-header": 59, "ospf": 89, "pim": 103, "routing": 43, "rsvp": 46, "sctp": 132,
    "tcp": 6, "udp": 17, "vrrp": 112,
}  # fmt: skip
PORTS = {
    "afs": 1483, "bgp": 179, "biff": 512, "bootpc": 68, "bootps": 67, "cmd": 514,
    "cvspserver": 2401, "dhcp": 67, "domain": 53, "eklogin": 2105, "ekshell": 2106, "exec": 512,
    "finger": 79, "ftp": 21, "ftp-data": 20, "http": 80, "https": 443, "ident": 113, "imap": 143,
    "kerberos-sec": 88, "klogin": 543, "kpasswd": 761, "krb-prop": 754, "krbupdate": 760,
    "kshell": 544, "ldap": 389, "ldp": 646, "login": 513, "mobileip-agent": 434,
    "mobilip-mn": 435, "msdp": 639, "netbios-dgm": 138, "netbios-ns": 137, "netbios-ssn": 139,
    "nfsd": 2049, "nntp": 119, "ntalk": 518, "ntp": 123, "pop3": 110, "pptp": 1723,
    "printer": 515, "radacct": 1813, "radius": 1812, "rip": 520, "rkinit": 2108, "smtp": 25,
    "snmp": 161, "snmptrap": 162, "snpp": 444, "socks": 1080, "ssh": 22, "sunrpc": 111,
    "syslog": 514, "tacacs": 49, "tacacs-ds": 65, "talk": 517, "telnet": 23, "tftp": 69,
    "timed": 525, "who": 513, "xdmcp": 177,
}  # fmt: skip
ICMP6_TYPES = {
    "router-solicit": 133, "router-advertisement": 134, "neighbor-solicit": 135,
    "neighbor-advertisement": 136,
}  # fmt: skip
_NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6"}
_NUMBERED = {
    "protocol": PROTOCOLS, "protocol-except": PROTOCOLS, "next-header": PROTOCOLS,
    "next-header-except": PROTOCOLS, "payload-protocol": PROTOCOLS,
    "payload-protocol-except": PROTOCOLS, "source-port": PORTS, "destination-port": PORTS,
    "icmp-type": ICMP6_TYPES, "icmp-type-except": ICMP6_TYPES,
}  # fmt: skip
_ADDRESSED = {"source-address", "destination-address"}


def protocol_text(number: int) -> str:
    """A protocol as we write it."""
    return _NAMES.get(number, str(number))


@lru_cache(maxsize=200_000)
def prefix_text(text: str) -> str | None:
    """A prefix in the one form that we compare; None: it is none."""
    try:
        return str(ip_network(text))
    except ValueError:
        return None


def link_text(text: str) -> str | None:
    """The network of an interface's address; None: it is none."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return None


def same(text: str) -> str:
    """A line of a term (``from protocol 6``) in the one form that we compare."""
    words = text.split(" ")
    if len(words) >= 3 and words[0] == "from":
        if words[1] in _NUMBERED:
            words[2] = _number(words[2], _NUMBERED[words[1]])
        elif words[1] in _ADDRESSED:
            words[2] = prefix_text(words[2]) or words[2]
    return " ".join(words)


def _number(text: str, names: dict[str, int]) -> str:
    if text in names:
        return str(names[text])
    first, dash, last = text.partition("-")
    if dash and (first in names or last in names):
        return f"{names.get(first, first)}-{names.get(last, last)}"
    return text
