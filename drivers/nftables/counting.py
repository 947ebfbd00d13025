# SPDX-License-Identifier: GPL-2.0-or-later
"""What members have dropped: read from the sets of a few rules, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise

import numpy as np

from drivers.nftables.names import MAP, RANGES, TABLE, WIDE, ShardName, parse_label, parse_name
from drivers.nftables.netlink import objects
from drivers.nftables.netlink.columns import Elements, NewElements, SetRef
from drivers.nftables.netlink.constants import NFT_SET_MAP
from drivers.nftables.netlink.definitions import SetDefinition, read_sets
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import reference
from enforcer.core.addresses import to_column
from enforcer.core.intervals import Ranges, inside, merge
from enforcer.core.rules import Rule
from enforcer.driver_api import Counted

_FEW = 16
"""So many addresses are asked for one by one; for more the whole set is read."""


def read_counters(kernel: NftSocket, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
    """The sums for `CountingSession.counters`. Raises MovingRuleset, MalformedReply, NotThere."""
    try:
        definitions = read_sets(kernel.replies(objects.ask_sets(TABLE)), TABLE)
    except NotThere:
        return {}
    by_digest: dict[str, list[tuple[ShardName, SetDefinition]]] = {}
    for definition in definitions:
        name = parse_name(definition.name)
        if name is not None and name.shard != MAP and not definition.flags & NFT_SET_MAP:
            by_digest.setdefault(name.digest, []).append((name, definition))
    found: dict[Rule, Counted] = {}
    for rule, ranges in wanted.items():
        sets = by_digest.get(rule.digest)
        if sets is not None:
            region = merge(ranges)
            found[rule] = _summed(_counters(kernel, rule, region, sets))
    return found


def _counters(
    kernel: NftSocket,
    rule: Rule,
    region: Ranges,
    sets: Iterable[tuple[ShardName, SetDefinition]],
) -> Iterator[np.ndarray[tuple[int, int], np.dtype[np.uint64]]]:
    """The counter columns of the elements that count."""
    kept = list(sets)
    skipped = set() if rule.by_interface else _elsewhere(kept, region)
    for _, definition in kept:
        if definition.name in skipped:
            continue
        with suppress(NotThere):
            elements = _elements(kernel, reference(definition), region)
            if rule.by_interface:
                yield elements.counter
            else:
                rows = inside(Ranges(elements.first, elements.last), region).source
                yield elements.counter[np.unique(rows)]


def _elements(kernel: NftSocket, target: SetRef, region: Ranges) -> Elements:
    keys = None if target.interval else _addresses(region)
    if keys is None:
        return kernel.elements(target)
    return kernel.lookup(target, keys)[1]


def _addresses(region: Ranges) -> NewElements | None:
    """Every address of a small region; None: there are too many, or none."""
    pairs = region.pairs()
    if not pairs or sum(last - first + 1 for first, last in pairs) > _FEW:
        return None
    column = to_column(n for first, last in pairs for n in range(first, last + 1))
    return NewElements(column, column)


def _elsewhere(sets: Iterable[tuple[ShardName, SetDefinition]], region: Ranges) -> set[str]:
    """Sets of ranges whose part of the address space is not in `region`, as their labels say."""
    groups: dict[str, list[tuple[int, str]]] = {}
    for name, definition in sets:
        if name.part == RANGES and name.shard not in ("", WIDE):
            said = parse_label(definition.comment)
            cut = said.layout.partition(":")[2] if said is not None else ""
            groups.setdefault(name.letter, []).append((int(cut or "0", 16), definition.name))
    away: set[str] = set()
    for shards in groups.values():
        starts = [*sorted(shards), (1 << 128, "")]
        for (low, set_name), (high, _) in pairwise(starts):
            if not any(first < high and last >= low for first, last in region.pairs()):
                away.add(set_name)
    return away


def _summed(
    columns: Iterable[np.ndarray[tuple[int, int], np.dtype[np.uint64]]],
) -> Counted:
    packets = octets = 0
    for column in columns:
        packets += int(column[:, 0].sum())
        octets += int(column[:, 1].sum())
    return Counted(packets, octets)
