# SPDX-License-Identifier: GPL-2.0-or-later
"""How a rule's members are spread over sets. Pure, deterministic, with hysteresis.

The kernel's dump of one set takes time by the square of its size, and an rbtree's commit in
proportion to it: so hosts are spread by some bits of the address, ranges by where they lie. The
layout in force is read back from the device, and kept until a set is far too big.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from drivers.nftables.names import HOSTS, INTERFACES, MAP, RANGES, WIDE, ShardName
from enforcer.core.addresses import Flags, Indices, before, equal, search, to_column
from enforcer.core.rules import Addresses, Members, Rule

HOSTS_LIMIT = 50_000
HOSTS_AIM = 12_500
RANGES_LIMIT = 8_000
RANGES_AIM = 3_000
OVERFULL = 4
"""A layout is kept, whatever the change is, until a set holds so many times its limit."""
MAX_SHARDS = 4_096
_KNOWN = 256
"""Layouts of which the names are remembered: a single order must not make all of them anew."""
_LOW = 2**64 - 1
_SHIFTS = {4: (0, 8, 16), 6: (0, 16, 32, 48, 64, 80, 96)}


@dataclass(frozen=True, slots=True)
class HostLayout:
    """Hosts in `count` sets (a power of two) by the address's bits from `shift` up."""

    letter: str = "a"
    count: int = 1
    shift: int = 0

    def text(self) -> str:
        """As the sets' comments say it."""
        return f"{self.count}@{self.shift}"

    def shards(self, members: Members) -> Indices:
        """Which set each member is in."""
        column, shift = (1, self.shift) if self.shift < 64 else (0, self.shift - 64)
        bits = members.first[:, column] >> np.uint64(shift)
        return (bits & np.uint64(self.count - 1)).astype(np.intp)

    def shard(self, address: int) -> int:
        """Which set one host is in."""
        half = address & _LOW if self.shift < 64 else address
        return half >> self.shift & (self.count - 1)


@dataclass(frozen=True, slots=True)
class RangeLayout:
    """Ranges in len(cuts) + 1 sets: set i holds those from cuts[i-1] to before cuts[i].

    Those in which a cut falls are in the set `wide`, which is there whenever cuts are.
    """

    letter: str = "a"
    cuts: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many sets, `wide` left out."""
        return len(self.cuts) + 1

    def text(self, index: int) -> str:
        """As the comment of set `index` says it."""
        return f"{self.count}:{self.cuts[index - 1]:x}" if index else f"{self.count}:"

    def shards(self, members: Members) -> Indices:
        """Which set each member is in; `count` stands for `wide`."""
        cuts = _edges(self.cuts)
        low, high = search(cuts, members.first, "right"), search(cuts, members.last, "right")
        return np.where(low == high, low, self.count)

    def shard(self, first: int, last: int) -> int:
        """Which set one range is in; `count` stands for `wide`."""
        low = bisect_right(self.cuts, first)
        return low if low == bisect_right(self.cuts, last, lo=low) else self.count


@lru_cache(_KNOWN)
def _edges(cuts: tuple[int, ...]) -> Addresses:
    return to_column(cuts)


@dataclass(frozen=True, slots=True)
class Layout:
    """Both parts of a rule by address; rules by interface have one set and no layout."""

    hosts: HostLayout = HostLayout()
    ranges: RangeLayout = RangeLayout()


@dataclass(frozen=True, eq=False, slots=True)
class Placed:
    """Members of one rule that belong into one set."""

    name: str
    members: Members


def is_host(members: Members) -> Flags:
    """Which members are one address."""
    return equal(members.first, members.last)


@lru_cache(_KNOWN)
def host_names(rule: Rule, layout: HostLayout) -> tuple[str, ...]:
    """The sets of the hosts, in the order of the dispatch value."""
    base = ShardName(HOSTS, rule.digest, layout.letter)
    return _numbered(base, layout.count)


@lru_cache(_KNOWN)
def range_names(rule: Rule, layout: RangeLayout) -> tuple[str, ...]:
    """The sets of the ranges, `wide` last where it is."""
    base = ShardName(RANGES, rule.digest, layout.letter)
    wide = (str(replace(base, shard=WIDE)),) if layout.cuts else ()
    return (*_numbered(base, layout.count), *wide)


def map_name(rule: Rule, part: str, letter: str) -> str:
    """The map that dispatches to the sets of one part."""
    return str(ShardName(part, rule.digest, letter, MAP))


def interfaces_name(rule: Rule) -> str:
    """The set of a rule by interface."""
    return str(ShardName(INTERFACES, rule.digest, "a"))


def _numbered(base: ShardName, count: int) -> tuple[str, ...]:
    if count == 1:
        return (str(base),)
    return tuple(str(replace(base, shard=f"{index:03x}")) for index in range(count))


def place(rule: Rule, layout: Layout, members: Members) -> Iterator[Placed]:
    """`members` by the set they belong into; none empty, rows keep their order."""
    if len(members) < 2:
        # Most orders are about one address: columns would cost as much as for a thousand.
        yield from (Placed(_place_of(rule, layout, *row[:2]), members) for row in members.rows())
        return
    single = is_host(members)
    for here, scheme, names in (
        (single, layout.hosts, host_names(rule, layout.hosts)),
        (~single, layout.ranges, range_names(rule, layout.ranges)),
    ):
        chosen = members.take(here)
        if not len(chosen):
            continue
        if len(names) == 1:
            yield Placed(names[0], chosen)
            continue
        shard = scheme.shards(chosen)
        order = np.argsort(shard, kind="stable")
        edges = np.searchsorted(shard[order], np.arange(len(names) + 1)).tolist()
        # Set by set in one piece: what is put together of neighbours again is not copied.
        rows = chosen.take(order)
        for name, low, high in zip(names, edges[:-1], edges[1:], strict=True):
            if low < high:
                yield Placed(name, rows.cut(low, high))


def _place_of(rule: Rule, layout: Layout, first: int, last: int) -> str:
    """The set that one member belongs into."""
    if first == last:
        return host_names(rule, layout.hosts)[layout.hosts.shard(first)]
    return range_names(rule, layout.ranges)[layout.ranges.shard(first, last)]


def astray(scheme: HostLayout | RangeLayout, index: int, members: Members) -> Flags:
    """Which of `members`, read from set `index` of a part, belong into another set.

    Only somebody else puts them there; nobody looks for them where they stand.
    """
    elsewhere: Flags
    if isinstance(scheme, HostLayout):
        elsewhere = scheme.shards(members) != index
        return elsewhere
    wrong = is_host(members)
    if index == scheme.count:
        elsewhere = scheme.shards(members) != index
        return wrong | elsewhere
    if index:
        wrong = wrong | before(members.first, to_column(scheme.cuts[index - 1 : index]))
    if index < len(scheme.cuts):
        wrong = wrong | ~before(members.last, to_column(scheme.cuts[index : index + 1]))
    return wrong


def first_layout(rule: Rule, members: Members, letters: tuple[str, str] = ("a", "a")) -> Layout:
    """The layout for a rule that has none yet; `letters` for hosts and ranges."""
    single = is_host(members)
    return Layout(
        _fresh_hosts(rule, letters[0], members.take(single)),
        _fresh_ranges(letters[1], members.take(~single)),
    )


def next_layout(
    rule: Rule, current: Layout, members: Members, added: int, letters: tuple[str, str]
) -> Layout:
    """The layout for `members`, of which `added` are to be written.

    A part is laid out anew when one of its sets is above its limit and at least half of what
    there is is written anyway, or when one is `OVERFULL` times above it. It never shrinks:
    empty sets cost nothing. `letters`: what a new layout of the hosts, the ranges, is called.
    """
    single = is_host(members)
    hosts, ranges = members.take(single), members.take(~single)
    return Layout(
        _next_hosts(rule, current.hosts, hosts, added, letters[0]),
        _next_ranges(current.ranges, ranges, added, letters[1]),
    )


def _next_hosts(
    rule: Rule, current: HostLayout, hosts: Members, added: int, letter: str
) -> HostLayout:
    biggest = _biggest(current.shards(hosts))
    if _stays(biggest, HOSTS_LIMIT, len(hosts), added):
        return current
    fresh = _fresh_hosts(rule, letter, hosts)
    return fresh if _biggest(fresh.shards(hosts)) < biggest else current


def _next_ranges(current: RangeLayout, ranges: Members, added: int, letter: str) -> RangeLayout:
    biggest = _biggest(current.shards(ranges))
    if _stays(biggest, RANGES_LIMIT, len(ranges), added):
        return current
    fresh = _fresh_ranges(letter, ranges)
    return fresh if _biggest(fresh.shards(ranges)) < biggest else current


def _biggest(shards: Indices) -> int:
    return int(np.bincount(shards).max()) if len(shards) else 0


def _stays(biggest: int, limit: int, size: int, added: int) -> bool:
    return biggest <= limit or (biggest <= OVERFULL * limit and 2 * added < size)


def _fresh_hosts(rule: Rule, letter: str, hosts: Members) -> HostLayout:
    if len(hosts) <= HOSTS_LIMIT:
        return HostLayout(letter)
    wanted = -(-len(hosts) // HOSTS_AIM)
    count = min(1 << (wanted - 1).bit_length(), MAX_SHARDS)
    tried = [HostLayout(letter, count, shift) for shift in _SHIFTS[rule.family]]
    return min(tried, key=lambda t: (int(np.bincount(t.shards(hosts)).max()), t.shift))


def _fresh_ranges(letter: str, ranges: Members) -> RangeLayout:
    if len(ranges) <= RANGES_LIMIT:
        return RangeLayout(letter)
    count = min(-(-len(ranges) // RANGES_AIM), MAX_SHARDS)
    rows = np.arange(1, count) * len(ranges) // count
    highs, lows = ranges.first[rows].T.tolist()
    return RangeLayout(letter, tuple(h << 64 | low for h, low in zip(highs, lows, strict=True)))
