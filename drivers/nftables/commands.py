# SPDX-License-Identifier: GPL-2.0-or-later
"""Structure as nft commands that a person could type. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from drivers.nftables.model import SetSpec
from drivers.nftables.names import TABLE
from drivers.nftables.netlink.constants import (
    NF_ACCEPT,
    NFT_SET_INTERVAL,
    NFT_SET_MAP,
    NFT_SET_TIMEOUT,
)
from drivers.nftables.netlink.definitions import (
    TYPE_IFNAME,
    TYPE_IPV4,
    TYPE_IPV6,
    TYPE_MARK,
    ChainFacts,
)

_TYPES = {
    TYPE_IPV4: "ipv4_addr",
    TYPE_IPV6: "ipv6_addr",
    TYPE_IFNAME: "ifname",
    TYPE_MARK: "mark",
}
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")


def key_text(width: int, value: int) -> str:
    """An address of `width` bytes."""
    return str(IPv4Address(value) if width == 4 else IPv6Address(value))


def span_text(width: int, first: int, last: int) -> str:
    """An address, a prefix, or a range, as nft takes it."""
    if first == last:
        return key_text(width, first)
    size = last - first + 1
    if size & (size - 1) == 0 and first % size == 0:
        return f"{key_text(width, first)}/{8 * width - size.bit_length() + 1}"
    return f"{key_text(width, first)}-{key_text(width, last)}"


def set_text(spec: SetSpec) -> str:
    """The command that makes a set or map, without elements."""
    made = spec.definition
    words = [_TYPES[made.key_type]]
    flags = []
    if made.flags & NFT_SET_INTERVAL:
        flags.append("interval")
    if made.flags & NFT_SET_TIMEOUT:
        flags.append("timeout")
    noun = "set"
    if made.flags & NFT_SET_MAP:
        noun = "map"
        words.append(": verdict")
    parts = [f"type {' '.join(words)};"]
    if flags:
        parts.append(f"flags {', '.join(flags)};")
    parts += [f"{statement};" for statement in made.statements]
    if made.comment:
        parts.append(f'comment "{made.comment}";')
    return f"add {noun} inet {TABLE} {made.name} {{ {' '.join(parts)} }}"


def chain_text(facts: ChainFacts) -> str:
    """The command that makes a chain."""
    hook = facts.hook
    if hook is None:
        return f"add chain inet {TABLE} {facts.name}"
    policy = "accept" if hook.policy == NF_ACCEPT else "drop"
    place = f"type {hook.kind} hook {_HOOKS[hook.number]} priority {hook.priority}"
    return f"add chain inet {TABLE} {facts.name} {{ {place}; policy {policy}; }}"


def ranges_text(spec: SetSpec) -> str:
    """The command that fills a set of fixed content."""
    made = spec.definition
    spans = ", ".join(span_text(made.key_bytes, first, last) for first, last in spec.ranges or ())
    return f"add element inet {TABLE} {made.name} {{ {spans} }}"


def jumps_text(spec: SetSpec) -> str:
    """The command that fills a dispatch map."""
    made = spec.definition
    jumps = spec.jumps or ()
    lasts = [jump.first for jump in jumps]
    if made.flags & NFT_SET_INTERVAL:
        lasts = [jump.first - 1 for jump in jumps[1:]] + [(1 << 8 * made.key_bytes) - 1]
    entries = ", ".join(
        f"{span_text(made.key_bytes, jump.first, last)} : jump {jump.chain}"
        for jump, last in zip(jumps, lasts, strict=True)
    )
    return f"add element inet {TABLE} {made.name} {{ {entries} }}"
