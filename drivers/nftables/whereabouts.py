# SPDX-License-Identifier: GPL-2.0-or-later
"""Which sets of a rule may hold some addresses, by what the sets say of themselves. Pure.

Of a thousand sets a few are looked at. Where one does not say what it must, all of its kind are
named: nothing is overlooked.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from drivers.nftables.identify import said_cut, said_hosts
from drivers.nftables.names import HOSTS, RANGES, WIDE, ShardName, parse_label, parse_name
from drivers.nftables.netlink.catalogue import Catalogue
from drivers.nftables.netlink.constants import NFT_SET_MAP
from drivers.nftables.netlink.definitions import SetDefinition
from enforcer.core.addresses import to_column
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Addresses, Members, Rule

MEMBERS = re.compile(rb"[hri][0-9a-f]{12}_[a-z](?:_(?:[0-9a-f]{3}|wide))?")
"""The names of sets of members."""
_EACH = 1024


def each_address(region: Ranges) -> Addresses | None:
    """Every address of `region` (canonical), where they are few; None: they are not."""
    pairs = region.pairs()
    if sum(last - first + 1 for first, last in pairs) > _EACH:
        return None
    return to_column(n for first, last in pairs for n in range(first, last + 1))


class Whereabouts:
    """The sets of members of our table, as they were told."""

    def __init__(self, told: Catalogue) -> None:
        self._told = told
        self._names: dict[str, list[ShardName]] = {}
        for name in told.names:
            if (parsed := parse_name(name)) is not None:
                self._names.setdefault(parsed.digest, []).append(parsed)

    def of(self, rule: Rule) -> bool:
        """Whether the rule has any set."""
        return any(self._definition(name) for name in self._names.get(rule.digest, ()))

    def around(self, rule: Rule, region: Ranges) -> Iterator[SetDefinition]:
        """Its sets that may hold addresses of `region`, hosts first; of interfaces all."""
        groups: dict[tuple[str, str], list[ShardName]] = {}
        for name in self._names.get(rule.digest, ()):
            groups.setdefault((name.part, name.letter), []).append(name)
        for (part, _), names in sorted(groups.items()):
            names.sort(key=lambda name: name.shard)
            met = names
            if part == HOSTS:
                met = self._hosts(rule, names, region)
            elif part == RANGES:
                met = self._ranges(names, region)
            yield from (found for name in met if (found := self._definition(name)))

    def _definition(self, name: ShardName) -> SetDefinition | None:
        found = self._told.definition(str(name))
        return None if found is None or found.flags & NFT_SET_MAP else found

    def _said(self, name: ShardName) -> str:
        """What a set says of its layout."""
        found = self._definition(name)
        label = parse_label(found.comment) if found is not None else None
        return label.layout if label is not None else ""

    def _hosts(self, rule: Rule, names: list[ShardName], region: Ranges) -> list[ShardName]:
        layout = said_hosts(rule.family, names[0].letter, self._said(names[0]))
        addresses = each_address(region)
        if layout is None or addresses is None or not names[0].shard:
            return names
        nothing = np.zeros(len(addresses), np.int64)
        shards = set(layout.shards(Members(addresses, addresses, nothing, nothing)).tolist())
        return [name for name in names if int(name.shard, 16) in shards]

    def _ranges(self, names: list[ShardName], region: Ranges) -> list[ShardName]:
        parts = [name for name in names if name.shard not in ("", WIDE)]
        met: set[ShardName] = set()
        try:
            for first, last in region.pairs():
                low, high = (bisect_right(parts, n, lo=1, key=self._cut) for n in (first, last))
                met.update(parts[low - 1 : high])
        except ValueError:
            return names
        return [name for name in names if name.shard in ("", WIDE) or name in met]

    def _cut(self, name: ShardName) -> int:
        """The first address of its part of the address space. Raises ValueError: it does not
        say."""
        cut = said_cut(self._said(name))
        if cut is None:
            raise ValueError(f"{name} does not say where it begins")
        return cut
