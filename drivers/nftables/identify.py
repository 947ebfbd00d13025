# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rule each set on the device belongs to, and how its members are laid out. Pure.

A set of ours says in its comment which rule it is of; peers and exceptions are taken from their
own sets. A rule is believed only if its digest is the one in the set's name. Where that fails
(somebody changed the exceptions) a rule that was seen before is looked up by that digest;
failing that too, the members appear under a rule that no order can ask for, so that they are
seen and counted, and go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from drivers.nftables.layout import (
    MAX_SHARDS,
    HostLayout,
    RangeLayout,
    host_names,
    interfaces_name,
    range_names,
)
from drivers.nftables.model import Found
from drivers.nftables.names import (
    HOSTS,
    INTERFACES,
    MAP,
    RANGES,
    WIDE,
    Label,
    ShardName,
    parse_exempt_service,
    parse_label,
    parse_name,
)
from drivers.nftables.netlink.constants import NFT_SET_MAP, NFT_SET_TIMEOUT
from drivers.nftables.netlink.definitions import SetDefinition
from drivers.nftables.render import members_set
from enforcer.core.rules import Exempt, Key, Rule, Service

_NO_PROTOCOL = 1 << 16
_BITS = {4: 32, 6: 128}
_HOST_LAYOUT = re.compile(r"(\d{1,4})@(\d{1,3})")
_RANGE_LAYOUT = re.compile(r"(\d{1,4}):([0-9a-f]{0,32})")


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """The rules on the device, how they are laid out, and their sets by name.

    `sets`: for each set of members to read, the rule that they are of. `ghosts`: sets with
    members of a rule that cannot be told.
    """

    sets: Mapping[str, Rule]
    layouts: Mapping[Rule, tuple[tuple[HostLayout, ...], tuple[RangeLayout, ...]]]
    interfaces: frozenset[Rule]
    ghosts: Mapping[str, Rule]

    def names(self) -> tuple[str, ...]:
        """All sets to read."""
        return (*self.sets, *self.ghosts)


def identify(found: Found, seen: Mapping[str, Rule], counters: bool) -> Known:
    """The rules behind the sets of `found`; `seen`: rules known by their digest.

    Only sets that are defined as they must be count: others are to be replaced, and what is in
    them stands for nothing.
    """
    rules: dict[str, Rule] = {}
    ghosts: dict[str, Rule] = {}
    groups: dict[tuple[Rule, str, str], dict[str, Label]] = {}
    for name, definition in found.sets.items():
        parsed = parse_name(name)
        if parsed is None or parsed.shard == MAP or definition.flags & NFT_SET_MAP:
            continue
        described = parse_label(definition.comment)
        rule = _rule(parsed, described, found, seen)
        if (
            rule is None
            or described is None
            or not _as_made(definition, rule, described, parsed, counters)
        ):
            if definition.flags & NFT_SET_TIMEOUT and definition.key_bytes in (4, 16):
                ghosts[name] = _ghost(parsed, definition)
            continue
        rules[name] = rule
        groups.setdefault((rule, parsed.part, parsed.letter), {})[parsed.shard] = described
    return _known(rules, ghosts, groups)


def _as_made(
    definition: SetDefinition, rule: Rule, described: Label, parsed: ShardName, counters: bool
) -> bool:
    by_interface = parsed.part == INTERFACES
    if by_interface != rule.by_interface:
        return False
    wanted = members_set(rule, definition.name, described.layout, parsed.part == RANGES, counters)
    return wanted == definition


def _rule(
    parsed: ShardName, described: Label | None, found: Found, seen: Mapping[str, Rule]
) -> Rule | None:
    rebuilt = _rebuilt(described, found) if described is not None else None
    if rebuilt is not None and rebuilt.digest == parsed.digest:
        return rebuilt
    return seen.get(parsed.digest)


def _rebuilt(described: Label, found: Found) -> Rule | None:
    peers = None
    if described.peers:
        peers = found.ranges.get(described.peers)
        if peers is None:
            return None
    exempt: list[Exempt] = []
    number = 0
    while described.exempt and (name := f"{described.exempt}_{number}") in found.sets:
        service = parse_exempt_service(found.sets[name].comment)
        if service is None:
            return None
        exempt += [Exempt(*pair, *service) for pair in found.ranges.get(name, ())]
        number += 1
    return Rule(described.family, described.key, described.service, peers, tuple(exempt))


def _ghost(parsed: ShardName, definition: SetDefinition) -> Rule:
    """A rule that no order asks for (there is no such protocol), one for each unknown digest."""
    service = Service(_NO_PROTOCOL + int(parsed.digest, 16))
    if parsed.part == INTERFACES:
        return Rule(4, Key.INPUT_INTERFACE, service)
    return Rule(4 if definition.key_bytes == 4 else 6, Key.SOURCE, service)


def _known(
    rules: Mapping[str, Rule],
    ghosts: Mapping[str, Rule],
    groups: Mapping[tuple[Rule, str, str], Mapping[str, Label]],
) -> Known:
    layouts: dict[Rule, tuple[tuple[HostLayout, ...], tuple[RangeLayout, ...]]] = {}
    interfaces: set[Rule] = set()
    complete: set[str] = set()
    for (rule, part, letter), shards in groups.items():
        if part == INTERFACES:
            interfaces.add(rule)
            complete.add(interfaces_name(rule))
            continue
        hosts, ranges = layouts.get(rule, ((), ()))
        if part == HOSTS and (scheme := _host_layout(rule, letter, shards)) is not None:
            hosts = (*hosts, scheme)
            complete.update(host_names(rule, scheme))
        if part == RANGES and (spread := _range_layout(rule, letter, shards)) is not None:
            ranges = (*ranges, spread)
            complete.update(range_names(rule, spread))
        layouts[rule] = hosts, ranges
    kept = {name: rule for name, rule in rules.items() if name in complete}
    return Known(kept, layouts, frozenset(interfaces), dict(ghosts))


def _host_layout(rule: Rule, letter: str, shards: Mapping[str, Label]) -> HostLayout | None:
    """The layout that all labels agree on, if it is one that could be made."""
    texts = {described.layout for described in shards.values()}
    return said_hosts(rule.family, letter, texts.pop()) if len(texts) == 1 else None


def said_hosts(family: int, letter: str, text: str) -> HostLayout | None:
    """The layout that a set of hosts says that it is of, if it is one that could be made."""
    said = _HOST_LAYOUT.fullmatch(text)
    if said is None:
        return None
    count, shift = int(said[1]), int(said[2])
    possible = 0 < count <= MAX_SHARDS and not count & (count - 1)
    fits = shift + count.bit_length() - 1 <= _BITS[family]
    return HostLayout(letter, count, shift) if possible and fits else None


def said_cut(text: str) -> int | None:
    """Where the part of a set of ranges begins, as it says; None: it says nothing of that."""
    said = _RANGE_LAYOUT.fullmatch(text)
    return int(said[2], 16) if said is not None and said[2] else None


def _range_layout(rule: Rule, letter: str, shards: Mapping[str, Label]) -> RangeLayout | None:
    """The layout, if every set that tells a cut is there."""
    said = [_RANGE_LAYOUT.fullmatch(described.layout) for described in shards.values()]
    counts = {found[1] if found else "" for found in said}
    if len(counts) != 1 or not (text := counts.pop()):
        return None
    cuts = {
        int(shard, 16): int(found[2], 16)
        for shard, found in zip(shards, said, strict=True)
        if found and found[2] and shard not in ("", WIDE)
    }
    told = tuple(cuts[index] for index in sorted(cuts))
    whole = 0 < int(text) <= MAX_SHARDS and sorted(cuts) == list(range(1, int(text)))
    rising = all(low < high for low, high in pairwise((0, *told, 1 << _BITS[rule.family])))
    return RangeLayout(letter, told) if whole and rising else None
