# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that IOS prints instead of numbers: ports, protocols, ICMP types, interfaces.

The tables follow the documented keywords of `permit` and `deny` [DOC]; that `show` prints names
is in the captures (25 comes back as `smtp`, 80 as `www`, 443 stays) [corpus].
"""

from __future__ import annotations

import re

TCP_PORTS = {
    "bgp": 179, "chargen": 19, "cmd": 514, "daytime": 13, "discard": 9, "domain": 53, "echo": 7,
    "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "gopher": 70, "hostname": 101,
    "ident": 113, "irc": 194, "klogin": 543, "kshell": 544, "login": 513, "lpd": 515,
    "msrpc": 135, "nntp": 119, "onep-plain": 15001, "onep-tls": 15002, "pim-auto-rp": 496,
    "pop2": 109, "pop3": 110, "smtp": 25, "sunrpc": 111, "tacacs": 49, "talk": 517, "telnet": 23,
    "time": 37, "uucp": 540, "whois": 43, "www": 80,
}  # fmt: skip
UDP_PORTS = {
    "biff": 512, "bootpc": 68, "bootps": 67, "discard": 9, "dnsix": 195, "domain": 53, "echo": 7,
    "isakmp": 500, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138, "netbios-ns": 137,
    "netbios-ss": 139, "non500-isakmp": 4500, "ntp": 123, "pim-auto-rp": 496, "rip": 520,
    "ripv6": 521, "snmp": 161, "snmptrap": 162, "sunrpc": 111, "syslog": 514, "tacacs": 49,
    "talk": 517, "tftp": 69, "time": 37, "who": 513, "xdmcp": 177,
}  # fmt: skip
PORTS = {6: TCP_PORTS, 17: UDP_PORTS, 132: {}}
PORT_NAMES = {
    protocol: {number: name for name, number in names.items()} for protocol, names in PORTS.items()
}

PROTOCOLS = {
    "ahp": 51, "eigrp": 88, "esp": 50, "gre": 47, "icmp": 1, "igmp": 2, "ipinip": 4, "nos": 94,
    "ospf": 89, "pcp": 108, "pim": 103, "sctp": 132, "tcp": 6, "udp": 17,
}  # fmt: skip
PROTOCOLS6 = {"ahp": 51, "esp": 50, "icmp": 58, "pcp": 108, "sctp": 132, "tcp": 6, "udp": 17}

ICMP_TYPES: dict[str, tuple[int, int | None]] = {
    "administratively-prohibited": (3, 13), "alternate-address": (6, None),
    "conversion-error": (31, None), "dod-host-prohibited": (3, 10), "dod-net-prohibited": (3, 9),
    "echo": (8, None), "echo-reply": (0, None), "general-parameter-problem": (12, 0),
    "host-isolated": (3, 8), "host-precedence-unreachable": (3, 14), "host-redirect": (5, 1),
    "host-tos-redirect": (5, 3), "host-tos-unreachable": (3, 12), "host-unknown": (3, 7),
    "host-unreachable": (3, 1), "information-reply": (16, None), "information-request": (15, None),
    "mask-reply": (18, None), "mask-request": (17, None), "net-redirect": (5, 0),
    "net-tos-redirect": (5, 2), "net-tos-unreachable": (3, 11), "net-unreachable": (3, 0),
    "network-unknown": (3, 6), "packet-too-big": (3, 4), "parameter-problem": (12, None),
    "port-unreachable": (3, 3), "protocol-unreachable": (3, 2), "reassembly-timeout": (11, 1),
    "redirect": (5, None), "router-advertisement": (9, None), "router-solicitation": (10, None),
    "source-quench": (4, None), "source-route-failed": (3, 5), "time-exceeded": (11, None),
    "timestamp-reply": (14, None), "timestamp-request": (13, None), "traceroute": (30, None),
    "ttl-exceeded": (11, 0), "unreachable": (3, None),
}  # fmt: skip
ICMP6_TYPES: dict[str, tuple[int, int | None]] = {
    "beyond-scope": (1, 2), "destination-unreachable": (1, 3), "echo-reply": (129, None),
    "echo-request": (128, None), "header": (4, 0), "hop-limit": (3, 0), "mld-query": (130, None),
    "mld-reduction": (132, None), "mld-report": (131, None), "mldv2-report": (143, None),
    "nd-na": (136, None), "nd-ns": (135, None), "next-header": (4, 1), "no-admin": (1, 1),
    "no-route": (1, 0), "packet-too-big": (2, None), "parameter-option": (4, 2),
    "parameter-problem": (4, None), "port-unreachable": (1, 4), "reassembly-timeout": (3, 1),
    "redirect": (137, None), "renum-result": (138, 255), "router-advertisement": (134, None),
    "router-renumbering": (138, None), "router-solicitation": (133, None),
    "time-exceeded": (3, None), "unreachable": (1, None),
}  # fmt: skip
ICMP = {4: ICMP_TYPES, 6: ICMP6_TYPES}
ICMP_NAMES = {
    version: {numbers: name for name, numbers in names.items()} for version, names in ICMP.items()
}

INTERFACE_TYPES = (
    "AppGigabitEthernet", "BDI", "BVI", "Bundle-Ether", "Cellular", "Dialer", "Ethernet",
    "FastEthernet", "FiftyGigE", "FortyGigabitEthernet", "FourHundredGigE", "GigabitEthernet",
    "HundredGigE", "Loopback", "Multilink", "Null", "Port-channel", "Serial", "TenGigabitEthernet",
    "Tunnel", "TwentyFiveGigE", "TwoGigabitEthernet", "VirtualPortGroup", "Virtual-Template",
    "Vlan",
)  # fmt: skip
CREATABLE = ("BDI", "BVI", "Loopback", "Multilink", "Null", "Port-channel", "Tunnel",
             "Virtual-Template", "Vlan")  # fmt: skip
_INTERFACE = re.compile(r"([A-Za-z-]+)\s*(\d[\d/]*(?:\.\d+)?)$")


def interface_name(text: str) -> str | None:
    """`gi0/0/1.100` as `GigabitEthernet0/0/1.100`; None: no interface's name."""
    found = _INTERFACE.match(text.strip())
    if not found:
        return None
    kind, number = found.groups()
    for known in INTERFACE_TYPES:
        if known.lower() == kind.lower():
            return known + number
    matching = [known for known in INTERFACE_TYPES if known.lower().startswith(kind.lower())]
    if len(kind) >= 2 and matching:
        return matching[0] + number
    return None


def may_be_created(name: str) -> bool:
    """True for an interface that configuring it creates: virtual ones and sub-interfaces."""
    return "." in name or name.startswith(CREATABLE)
