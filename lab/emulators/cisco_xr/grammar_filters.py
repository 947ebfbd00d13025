# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements of object-groups, access lists and interfaces."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.emulators.cisco_xr.ace import BadWord, parse_ace
from lab.emulators.cisco_xr.members import Member, parse_network
from lab.emulators.cisco_xr.statements import Invalid, Statement, leaf

LAST_NUMBER = 2147483643  # of an entry [DOC]


def described(words: list[str], member: Callable[[list[str]], Member]) -> Statement:
    """A description or a member of an object-group."""
    if words[0] == "description":
        return leaf(" ".join(words), "description", 0, 0, 0)
    try:
        found = member(words)
    except ValueError as problem:
        raise Invalid(_position(words, str(problem))) from problem
    first, last = found.span or (1 << 129, 0)
    return leaf(found.line, found.line, 1, first, last)


def _position(words: list[str], bad: str) -> int:
    for position, word in enumerate(words):
        if word in bad.split() or repr(word) in bad:
            return position
    return 0


def entry(words: list[str], version: int) -> Statement:
    """A numbered entry or remark; without a number the number 0: the session finds the next."""
    number, start = (int(words[0]), 1) if words[0].isdecimal() else (0, 0)
    if start and not 1 <= number <= LAST_NUMBER:
        raise Invalid(0)
    if words[start : start + 1] == ["remark"]:
        line = " ".join(words[start:])
    else:
        try:
            line = parse_ace(words, version, start).line
        except BadWord as problem:
            raise Invalid(problem.position, incomplete=problem.position >= len(words)) from problem
    return leaf(f"{number} {line}", str(number), number)


_INTERFACE_LINES: list[tuple[re.Pattern[str], str, str, int]] = [
    (re.compile(pattern), line, key, rank)
    for pattern, line, key, rank in [
        (r"desc(?:r\w*)? (.+)", r"description \1", "description", 10),
        (r"mtu (\d+)", "", "mtu", 15),
        (r"bundle .+", "", "", 18),
        (r"service-policy (input|output) (.+)", "", r"service-policy \1", 20),
        (r"vrf (\S+)", "", "vrf", 25),
        (r"ipv4 address (\S+) (\S+) secondary", "", "", 31),
        (r"ipv4 address (.+)", "", "ipv4 address", 30),
        (r"(ipv[46]) verify unicast source reachable-via (any|rx)(.*)", "", r"\1 verify", 32),
        (r"ipv6 (nd|enable|mtu)\b(.*)", "", "", 34),
        (r"ipv6 address (\S+)(.*)", "", "", 36),
        (r"shut(?:d\w*)?", "shutdown", "shutdown", 56),
        (r"load-interval (\d+)", "", "load-interval", 60),
        (r"encapsulation (.+)", "", "encapsulation", 62),
        (r"ipv4 access-group (\S+) (ingress|egress)( .*)?", "", r"ipv4 access-group \2", 90),
        (r"ipv6 access-group (\S+) (ingress|egress)( .*)?", "", r"ipv6 access-group \2", 91),
        (
            r"(?:bandwidth|cdp|lldp|carrier-delay|dampening|negotiation|speed|duplex|flow|lacp|"
            r"arp|proxy-arp|ipv4 (?!access-group|address|verify)|ethernet|l2transport|snmp|mpls|"
            r"mac-address|monitor-session|ptp|hw-module|rewrite|"
            r"fec|optics|macsec|keepalive|tunnel|logging)\b.*",
            "",
            "",
            55,
        ),
    ]
]


def _dotted(line: str) -> str:
    """`A/len` of an IPv4 address comes back with a mask [CAPTURE]."""
    found = re.fullmatch(r"ipv4 address (\S+)/(\d+)", line)
    if found is None:
        return line
    network = parse_network(f"{found[1]}/{found[2]}", 4)
    return f"ipv4 address {found[1]} {network.netmask}"


def interface_line(words: list[str]) -> Statement:
    """A statement below `interface`."""
    line = " ".join(words)
    for pattern, shown, key, rank in _INTERFACE_LINES:
        found = pattern.fullmatch(line)
        if found is None:
            continue
        try:
            canonical = _dotted(found.expand(shown) if shown else line)
        except ValueError as problem:
            raise Invalid(2) from problem
        sub = 1 if canonical.endswith("egress") else 0
        return leaf(canonical, found.expand(key) if key else canonical, rank, sub)
    heads = {"ipv4": ("access-group", "address", "verify"), "ipv6": ("access-group", "address")}
    known = len(words) > 1 and words[1] in heads.get(words[0], ())
    raise Invalid(2 if known else 0, incomplete=known and len(words) < 4)
