# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements of static routes and BGP."""

from __future__ import annotations

import re

from lab.emulators.cisco_xr.members import parse_address, parse_network
from lab.emulators.cisco_xr.statements import (
    ANY,
    BGP_AF,
    NEIGHBOR,
    NEIGHBOR_AF,
    STATIC_4,
    STATIC_6,
    Invalid,
    Statement,
    block,
    interface_name,
    leaf,
    natural,
)


def static(words: list[str]) -> Statement:
    """A statement below `router static`."""
    if words[0] == "address-family" and words[1:] in (["ipv4", "unicast"], ["ipv6", "unicast"]):
        opens = STATIC_4 if words[1] == "ipv4" else STATIC_6
        return block(" ".join(words), opens, (10, words[1]))
    if words[0] == "vrf" and len(words) == 2:
        return block(" ".join(words), ANY, (90, words[1]))
    raise Invalid(0)


def route(words: list[str], version: int) -> Statement:
    """`P NEXTHOP|Null0|INTERFACE [NEXTHOP] [distance] [tag N] [description WORD] ...` [DOC].

    The description is one word [GUESS].
    """
    try:
        prefix = parse_network(words[0], version)
    except ValueError as problem:
        raise Invalid(0) from problem
    if len(words) < 2:
        raise Invalid(1, incomplete=True)
    hop = [_next_hop(words[1], version)]
    at = 2
    if "." in words[1] or ":" in words[1]:
        pass
    elif at < len(words) and re.search(r"[.:]", words[at]):
        hop.append(words[at])
        at += 1
    options = _route_options(words, at)
    key = " ".join([str(prefix), *hop])
    return leaf(" ".join([key, *options]), key, int(prefix.network_address), prefix.prefixlen, key)


def _next_hop(word: str, version: int) -> str:
    try:
        return str(parse_address(word, version))
    except ValueError as problem:
        name = interface_name(word)
        if not re.search(r"\d$", name) or not name[0].isalpha():
            raise Invalid(1) from problem
        return name


def _route_options(words: list[str], at: int) -> list[str]:
    kept: list[str] = []
    while at < len(words):
        word = words[at]
        if (word.isdecimal() and not kept and 1 <= int(word) <= 254) or word in ("permanent",):
            kept.append(word)
        elif word in ("tag", "description", "track", "metric", "bfd"):
            if at + 1 >= len(words):
                raise Invalid(at + 1, incomplete=True)
            if word == "tag" and not words[at + 1].isdecimal():
                raise Invalid(at + 1)
            kept += [word, words[at + 1]]
            at += 1
        else:
            raise Invalid(at)
        at += 1
    return kept


def bgp(words: list[str]) -> Statement:
    """A statement below `router bgp`."""
    line = " ".join(words)
    match words:
        case ["neighbor", address, *rest]:
            try:
                version = 6 if ":" in address else 4
                address = str(parse_address(address, version))
            except ValueError as problem:
                raise Invalid(1) from problem
            rank = (60, version, int(parse_address(address, version)))
            return block(f"neighbor {address}", NEIGHBOR, rank, rest=" ".join(rest))
        case ["neighbor-group" | "session-group" | "af-group", name, *_]:
            return block(line, NEIGHBOR, (50, 0, 0, natural(name)))
        case ["vrf", _]:
            return block(line, ANY, (90, 0, 0, natural(line)))
        case ["address-family", _, _]:
            return block(line, BGP_AF, (40, 0, 0, line))
        case [("bgp" | "timers" | "nsr" | "ibgp" | "default-information" | "mvpn"), *_]:
            return leaf(line, line, 10, 0, 0, line)
    raise Invalid(0)


_NEIGHBOR_KEYS = (
    "remote-as",
    "use",
    "ebgp-multihop",
    "description",
    "update-source",
    "timers",
    "password",
    "shutdown",
    "bfd",
    "local-as",
    "keychain",
    "ttl-security",
    "advertisement-interval",
    "graceful-maintenance",
    "capability",
    "precedence",
    "dmz-link-bandwidth",
    "log",
)


def neighbor(words: list[str]) -> Statement:
    """A statement below a neighbor or a neighbor-group."""
    line = " ".join(words)
    if words[0] == "address-family" and len(words) == 3:
        return block(line, NEIGHBOR_AF, (90, line))
    if words[0] in _NEIGHBOR_KEYS:
        single = words[0] not in ("use", "bfd", "capability")
        key = words[0] if single else " ".join(words[:2])
        return leaf(line, key, _NEIGHBOR_KEYS.index(words[0]), "")
    raise Invalid(0)


_AF_WORDS = (
    "send-community-ebgp",
    "send-extended-community-ebgp",
    "soft-reconfiguration",
    "maximum-prefix",
    "next-hop-self",
    "default-originate",
    "remove-private-AS",
    "allowas-in",
    "as-override",
    "route-reflector-client",
    "weight",
    "use",
    "network",
    "redistribute",
    "maximum-paths",
    "additional-paths",
    "bgp",
    "aggregate-address",
    "table-policy",
    "label",
    "allocate-label",
    "next-hop-unchanged",
    "multipath",
    "orf",
)


def family(words: list[str]) -> Statement:
    """A statement of an address family of BGP."""
    line = " ".join(words)
    if words[0] == "route-policy":
        if len(words) < 3 or words[-1] not in ("in", "out"):
            raise Invalid(min(len(words), 2), incomplete=len(words) < 3)
        return leaf(line, f"route-policy {words[-1]}", 50, words[-1])
    if words[0] in _AF_WORDS:
        single = words[0] not in ("use", "network", "redistribute", "bgp", "aggregate-address")
        return leaf(line, words[0] if single else line, 40, natural(line))
    raise Invalid(0)
