# SPDX-License-Identifier: GPL-2.0-or-later
"""Which statements IOS-XR knows in which submode, and what identifies them.

The submodes that enforcement touches (object-groups, ACLs, interfaces, static routes, BGP) are
strict; in all others any line is taken as it is, so that an operator's configuration survives.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.emulators.cisco_xr.grammar_filters import described, entry, interface_line
from lab.emulators.cisco_xr.grammar_routing import bgp, family, neighbor, route, static
from lab.emulators.cisco_xr.members import network_member, port_member
from lab.emulators.cisco_xr.statements import (
    ACL_4,
    ACL_6,
    ANY,
    BGP,
    BGP_AF,
    GLOBAL,
    GROUP_4,
    GROUP_6,
    GROUP_PORT,
    INTERFACE,
    INTERFACE_TYPES,
    NEIGHBOR,
    NEIGHBOR_AF,
    OTHER_SET,
    POLICY,
    PREFIX_SET,
    STATIC,
    STATIC_4,
    STATIC_6,
    Invalid,
    Statement,
    block,
    interface_name,
    leaf,
    natural,
)

_TOP_LEAVES = {
    "hostname": 10,
    "clock": 11,
    "banner": 12,
    "logging": 13,
    "service": 14,
    "domain": 15,
    "tacacs": 16,
    "tacacs-server": 16,
    "radius-server": 16,
    "aaa": 17,
    "cdp": 18,
    "lldp": 18,
    "vty-pool": 20,
    "snmp-server": 20,
    "ntp": 20,
    "telnet": 21,
    "tftp": 21,
    "ftp": 21,
    "http": 21,
    "icmp": 22,
    "tcp": 22,
    "cef": 22,
    "bfd": 22,
    "track": 22,
    "event": 22,
    "dhcp": 22,
    "ethernet": 22,
    "taskgroup": 22,
    "usergroup": 22,
    "hw-module": 30,
    "rpki": 76,
    "netconf": 95,
    "netconf-yang": 95,
    "ssh": 95,
}
_TOP_BLOCKS = re.compile(
    r"(username|aaa group|tacacs-server host|radius-server host|vrf|line|grpc|telemetry|"
    r"ntp|call-home|class-map|policy-map|router (?!static|bgp)\S+|evpn|l2vpn|"
    r"mpls \S+|segment-routing|control-plane|key chain|performance-measurement|"
    r"multicast-routing|lpts|flow|sampler-map|monitor-session|netconf agent tty|tpa|xml agent)\b.*"
)
_IP_WORDS = (
    "assembler",
    "conflict-policy",
    "hop-limit",
    "netmask-format",
    "path-mtu-discovery",
    "source-route",
    "virtual",
)
_SETS = {"as-path-set": 61, "community-set": 62, "extcommunity-set": 63, "rd-set": 64}


def _group(words: list[str]) -> Statement:
    if words[1:3] in (["network", "ipv4"], ["network", "ipv6"]) and len(words) >= 4:
        opens = GROUP_4 if words[2] == "ipv4" else GROUP_6
        line, rest = " ".join(words[:4]), " ".join(words[4:])
    elif words[1:2] == ["port"] and len(words) >= 3:
        opens, line, rest = GROUP_PORT, " ".join(words[:3]), " ".join(words[3:])
    else:
        raise Invalid(min(len(words), 1), incomplete=len(words) < 3)
    return block(line, opens, (40, natural(line)), rest=rest)


def _global(words: list[str]) -> Statement:
    head = words[0]
    if len(head) >= 3 and "interface".startswith(head):
        return _interface_block(words)
    if head == "object-group":
        return _group(words)
    if head in ("ipv4", "ipv6") and words[1:2] == ["access-list"]:
        return _access_list(words)
    if head in ("prefix-set", "route-policy", *_SETS):
        return _policy_object(words)
    if words[:2] == ["router", "static"]:
        return block("router static", STATIC, (70, ""), rest=" ".join(words[2:]))
    if words[:2] == ["router", "bgp"] and len(words) >= 3:
        return block(" ".join(words[:3]), BGP, (75, ""), rest=" ".join(words[3:]))
    return _plain(words)


def _plain(words: list[str]) -> Statement:
    """What enforcement never touches."""
    head, line = words[0], " ".join(words)
    if _TOP_BLOCKS.fullmatch(line):
        return block(line, ANY, (80 if head in ("router", "mpls") else 25, natural(line)))
    if head == "hostname" and len(words) == 2:
        return leaf(line, "hostname", 10, "")
    if head in ("ipv4", "ipv6"):
        if words[1:2] and words[1] in _IP_WORDS:
            return leaf(line, line, 22, "")
        raise Invalid(1)
    if head in _TOP_LEAVES:
        return leaf(line, line, _TOP_LEAVES[head], "")
    raise Invalid(0)


def _interface_block(words: list[str]) -> Statement:
    preconfigure = words[1:2] == ["preconfigure"]
    at = 2 if preconfigure else 1
    if len(words) <= at:
        raise Invalid(at, incomplete=True)
    name, after = words[at], at + 1
    if name.lower() in {full.lower() for full in INTERFACE_TYPES.values()} | set(INTERFACE_TYPES):
        if len(words) <= after:
            raise Invalid(after, incomplete=True)
        name, after = name + words[after], after + 1
    name = interface_name(name)
    if not re.search(r"\d", name):
        raise Invalid(at)
    suffix = ""
    if words[after : after + 1] and words[after] in ("l2transport", "point-to-point"):
        suffix, after = f" {words[after]}", after + 1
    line = f"interface {'preconfigure ' if preconfigure else ''}{name}{suffix}"
    physical = re.match(r"(Loopback|Bundle|BVI|tunnel|Null)", name) is None and "." not in name
    return block(
        line, INTERFACE, (50, natural(name)), rest=" ".join(words[after:]), ephemeral=physical
    )


def _access_list(words: list[str]) -> Statement:
    if len(words) < 3:
        raise Invalid(len(words), incomplete=True)
    line = " ".join(words[:3])
    opens, rank = (ACL_4, 45) if words[0] == "ipv4" else (ACL_6, 44)
    return block(line, opens, (rank, natural(words[2])), rest=" ".join(words[3:]))


def _policy_object(words: list[str]) -> Statement:
    if len(words) < 2:
        raise Invalid(1, incomplete=True)
    line = " ".join(words)
    if words[0] == "prefix-set":
        mode, rank = PREFIX_SET, 60
    elif words[0] == "route-policy":
        mode, rank = POLICY, 65
    else:
        mode, rank = OTHER_SET, _SETS[words[0]]
    if len(words) > 2 and not line.endswith(")"):
        raise Invalid(2)
    return block(line, mode, (rank, natural(words[1])))


def _anything(words: list[str]) -> Statement:
    line = " ".join(words)
    opener = re.fullmatch(
        r"(address-family \S+( \S+)?|area \S+|interface \S+|vrf \S+|neighbor \S+|class .*|"
        r"server .*|rd-set .*|exec-timeout-block)",
        line,
    )
    if opener and not line.startswith("neighbor route"):
        return block(line, ANY, (90, ""))
    return leaf(line, line, 50, "")


_MODES: dict[str, Callable[[list[str]], Statement]] = {
    GLOBAL: _global,
    GROUP_4: lambda words: described(words, lambda rest: network_member(rest, 4)),
    GROUP_6: lambda words: described(words, lambda rest: network_member(rest, 6)),
    GROUP_PORT: lambda words: described(words, port_member),
    ACL_4: lambda words: entry(words, 4),
    ACL_6: lambda words: entry(words, 6),
    INTERFACE: interface_line,
    STATIC: static,
    STATIC_4: lambda words: route(words, 4),
    STATIC_6: lambda words: route(words, 6),
    BGP: bgp,
    BGP_AF: family,
    NEIGHBOR: neighbor,
    NEIGHBOR_AF: family,
    ANY: _anything,
}


def statement(mode: str, words: list[str]) -> Statement:
    """What the line `words` means in `mode`.

    Raises:
        Invalid: the mode has no such statement.
    """
    return _MODES[mode](words)
