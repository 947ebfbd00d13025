# SPDX-License-Identifier: GPL-2.0-or-later
"""The names that IOS-XR prints for port, protocol and ICMP type numbers [DOC: IP addresses and
services command reference, `permit`]; 25 comes back as `smtp`, 443 as 443 [CAPTURE]."""

from __future__ import annotations

PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipinip": 4,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ahp": 51,
    "icmpv6": 58,
    "eigrp": 88,
    "ospf": 89,
    "nos": 94,
    "pim": 103,
    "pcp": 108,
    "sctp": 132,
}

TCP_PORTS = {
    "echo": 7,
    "discard": 9,
    "daytime": 13,
    "chargen": 19,
    "ftp-data": 20,
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "time": 37,
    "whois": 43,
    "tacacs": 49,
    "domain": 53,
    "gopher": 70,
    "finger": 79,
    "www": 80,
    "hostname": 101,
    "pop2": 109,
    "pop3": 110,
    "sunrpc": 111,
    "ident": 113,
    "nntp": 119,
    "bgp": 179,
    "irc": 194,
    "pim-auto-rp": 496,
    "exec": 512,
    "login": 513,
    "cmd": 514,
    "lpd": 515,
    "talk": 517,
    "uucp": 540,
    "klogin": 543,
    "kshell": 544,
    "ldp": 646,
}

UDP_PORTS = {
    "echo": 7,
    "discard": 9,
    "time": 37,
    "nameserver": 42,
    "tacacs": 49,
    "domain": 53,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "sunrpc": 111,
    "ntp": 123,
    "netbios-ns": 137,
    "netbios-dgm": 138,
    "netbios-ss": 139,
    "snmp": 161,
    "snmptrap": 162,
    "xdmcp": 177,
    "dnsix": 195,
    "mobile-ip": 434,
    "pim-auto-rp": 496,
    "isakmp": 500,
    "biff": 512,
    "who": 513,
    "syslog": 514,
    "talk": 517,
    "rip": 520,
    "ldp": 646,
}

ICMP_TYPES = {
    "echo-reply": 0,
    "unreachable": 3,
    "source-quench": 4,
    "redirect": 5,
    "echo": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
}

ICMPV6_TYPES = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo": 128,
    "echo-reply": 129,
    "mld-query": 130,
    "mld-report": 131,
    "mld-done": 132,
    "router-solicitation": 133,
    "router-advertisement": 134,
    "nd-ns": 135,
    "nd-na": 136,
    "redirect": 137,
}


def port_table(protocol: int) -> dict[str, int]:
    """The port names of TCP, UDP or SCTP; empty for protocols without ports."""
    return {6: TCP_PORTS, 17: UDP_PORTS, 132: TCP_PORTS}.get(protocol, {})


def port_number(word: str, protocol: int) -> int:
    """The number of a port's name or number.

    Raises:
        ValueError: neither a name that this protocol knows nor 0..65535.
    """
    table = port_table(protocol)
    number = table[word] if word in table else int(word)
    if not 0 <= number <= 65535:
        raise ValueError(word)
    return number


def port_name(number: int, protocol: int) -> str:
    """What the router prints for a port."""
    for name, value in port_table(protocol).items():
        if value == number:
            return name
    return str(number)


def protocol_name(number: int) -> str:
    """What the router prints for a protocol."""
    for name, value in PROTOCOLS.items():
        if value == number:
            return name
    return str(number)
