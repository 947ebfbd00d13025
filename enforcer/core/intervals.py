# SPDX-License-Identifier: GPL-2.0-or-later
"""Interval algebra on columns of addresses.

`Ranges` are plain sets of addresses; `Members` carry an end and an order number too. All
functions take rows in any order, overlapping, nested, duplicate or adjacent, unless they say
otherwise, and return canonical rows: sorted, disjoint, as long as possible.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

import numpy as np

from enforcer.core.addresses import (
    Flags,
    Indices,
    ascending,
    before,
    earlier,
    equal,
    later,
    predecessor,
    search,
    successor,
    to_column,
    to_integers,
)
from enforcer.core.orders import Network
from enforcer.core.rules import Addresses, Integers, Members


@dataclass(frozen=True, eq=False, slots=True)
class Ranges:
    """Inclusive address ranges of one family; `first` and `last` have shape (N, 2)."""

    first: Addresses
    last: Addresses

    def __len__(self) -> int:
        return len(self.first)

    @staticmethod
    def none() -> Ranges:
        """No addresses."""
        return _NONE

    @staticmethod
    def of(pairs: Iterable[tuple[int, int]]) -> Ranges:
        """From (first, last) integers."""
        kept = list(pairs)
        return Ranges(to_column(p[0] for p in kept), to_column(p[1] for p in kept))

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(first, last) as Python integers; for small sets."""
        return tuple(zip(to_integers(self.first), to_integers(self.last), strict=True))

    def take(self, rows: Flags | Indices) -> Ranges:
        """The ranges at `rows` (mask or indices), in that order; all of them are not copied."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        return Ranges(self.first[rows], self.last[rows])


_NESTED_DEEP = 8
_NOTHING = np.zeros((0, 2), np.uint64)
_NONE = Ranges(_NOTHING, _NOTHING)


@dataclass(frozen=True, eq=False, slots=True)
class Runs:
    """Canonical ranges as plain integers: for one range, halving them beats any column."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    @staticmethod
    def of(ranges: Ranges | Members) -> Runs:
        """From sorted, disjoint rows."""
        return Runs(tuple(to_integers(ranges.first)), tuple(to_integers(ranges.last)))

    def met(self, first: int, last: int) -> range:
        """The indices of those that `first`..`last` (inclusive) overlaps."""
        return range(bisect_left(self.last, first), bisect_right(self.first, last))

    def around(self, at: int, first: int, last: int) -> bool:
        """Whether all of `first`..`last` is in the one at index `at`."""
        return self.first[at] <= first and last <= self.last[at]


@dataclass(frozen=True, eq=False, slots=True)
class Pieces:
    """Parts of input rows: `ranges` row i is a part of input row `source[i]`."""

    ranges: Ranges
    source: Indices


def rows_of(networks: Iterable[Network]) -> Ranges:
    """Networks of ONE family as ranges, row by row, not merged."""
    return Ranges.of(map(ends_of, networks))


def ends_of(network: Network) -> tuple[int, int]:
    """The first and the last address as integers."""
    first = int(network.network_address)
    return first, first | (1 << network.max_prefixlen - network.prefixlen) - 1


def networks_of(ranges: Ranges, family: int) -> Iterator[Network]:
    """The fewest networks that make up each range."""
    for first, last in ranges.pairs():
        if family == 4:
            yield from summarize_address_range(IPv4Address(first), IPv4Address(last))
        else:
            yield from summarize_address_range(IPv6Address(first), IPv6Address(last))


def cover(first: Addresses, last: Addresses, end: Integers, order: Integers) -> Members:
    """The canonical cover of arbitrary rows.

    Every covered address carries the row with the latest end (of several, the lowest order
    number). Rows are maximal runs of adjacent addresses with equal end and order, so the
    result depends on the addresses' winners alone, never on the rows' sequence or cut.
    """
    rows = Members(first, last, end, order)
    if len(rows) < 2:
        return rows
    by_first = ascending(first)
    if by_first is not None:
        rows = rows.take(by_first)
    if bool(before(rows.last[:-1], rows.first[1:]).all()):
        return _coalesce(rows)
    return _coalesce(_sweep(rows))


def _coalesce(rows: Members) -> Members:
    """Join adjacent rows of equal end and order; `rows` sorted and disjoint."""
    if len(rows) < 2:
        return rows
    apart = (
        (rows.end[1:] != rows.end[:-1])
        | (rows.order[1:] != rows.order[:-1])
        | ~equal(successor(rows.last[:-1]), rows.first[1:])
    )
    if bool(apart.all()):
        return rows
    starts = np.flatnonzero(np.concatenate(([True], apart)))
    stops = np.append(starts[1:], len(rows)) - 1
    return Members(rows.first[starts], rows.last[stops], rows.end[starts], rows.order[starts])


def _sweep(rows: Members) -> Members:
    """The winner of each elementary segment between the rows' end points."""
    start, stop, cuts = _ranks(rows.first, rows.last)
    weakest_first = np.lexsort((-rows.order, rows.end))
    weight = np.empty(len(rows), np.intp)
    weight[weakest_first] = np.arange(1, len(rows) + 1)
    winner = _paint(start, stop, weight, len(cuts))
    covered = np.flatnonzero(winner)
    source = weakest_first[winner[covered] - 1]
    # A covered segment is never the last cut, so there is always a next one.
    ranges = Ranges(cuts[covered], predecessor(cuts[covered + 1]))
    return Members(ranges.first, ranges.last, rows.end[source], rows.order[source])


def _ranks(first: Addresses, last: Addresses) -> tuple[Indices, Indices, Addresses]:
    """Ranks of `first` and of the address after `last` among all such cuts, and the cuts.

    The cut after the very last address of IPv6 wraps to zero; it ranks above all others, and
    its predecessor wraps back.
    """
    points = np.concatenate((first, successor(last)))
    wrapped = np.zeros(len(points), np.bool_)
    wrapped[len(first) :] = ~points[len(first) :].any(axis=1)
    by_point = np.lexsort((points[:, 1], points[:, 0], wrapped))
    ordered = points[by_point]
    fresh = np.ones(len(points), np.bool_)
    fresh[1:] = ~equal(ordered[1:], ordered[:-1]) | (
        wrapped[by_point][1:] != wrapped[by_point][:-1]
    )
    rank = np.empty(len(points), np.intp)
    rank[by_point] = np.cumsum(fresh) - 1
    return rank[: len(first)], rank[len(first) :], ordered[fresh]


def _paint(start: Indices, stop: Indices, weight: Indices, size: int) -> Indices:
    """The greatest weight over each of `size` cells, rows painting cells start..stop-1.

    Each row is two overlapping blocks of a power of two cells; blocks of each size are
    pushed down as two of half the size. No row is ever walked.
    """
    level = np.frexp((stop - start).astype(np.float64))[1] - 1
    painted = np.zeros(size, np.intp)
    for k in range(int(level.max()), -1, -1):
        block = 1 << k
        pushed = painted.copy()
        np.maximum(pushed[block:], painted[:-block], out=pushed[block:])
        painted = pushed
        here = level == k
        np.maximum.at(painted, start[here], weight[here])
        np.maximum.at(painted, stop[here] - block, weight[here])
    return painted


def merge(ranges: Ranges) -> Ranges:
    """The same addresses, canonical."""
    if len(ranges) < 2:
        return ranges
    ranges = _unnested(ranges)
    same = np.zeros(len(ranges), np.int64)
    rows = cover(ranges.first, ranges.last, same, same)
    return Ranges(rows.first, rows.last)


def ordered(ranges: Ranges) -> Ranges:
    """The same rows, sorted by `first`."""
    by_first = ascending(ranges.first)
    return ranges if by_first is None else ranges.take(by_first)


def _unnested(ranges: Ranges) -> Ranges:
    """Sorted, without rows that lie inside the one before them, as often as that helps a little.

    Prefixes only nest, and seldom deeply: what is left of them overlaps no more, and needs no
    sweep.
    """
    rows = ordered(ranges)
    for _ in range(_NESTED_DEEP):
        nested = ~before(rows.last[:-1], rows.last[1:])
        if not nested.any():
            break
        rows = rows.take(np.concatenate(([True], ~nested)))
    return rows


def union(parts: Iterable[Ranges]) -> Ranges:
    """All addresses of all parts, canonical."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return Ranges.none()
    firsts, lasts = [p.first for p in kept], [p.last for p in kept]
    return merge(Ranges(np.concatenate(firsts), np.concatenate(lasts)))


def _span(rows: Ranges, region: Ranges) -> tuple[Indices, Indices]:
    """The half-open run of `region` (canonical) that each row overlaps."""
    return (
        search(region.last, rows.first, "left"),
        search(region.first, rows.last, "right"),
    )


def _unroll(count: Indices) -> tuple[Indices, Indices]:
    """For each row repeated `count` times: its index, and the ordinal 0..count-1."""
    source = np.repeat(np.arange(len(count)), count)
    return source, np.arange(len(source)) - np.repeat(np.cumsum(count) - count, count)


def inside(rows: Ranges, region: Ranges) -> Pieces:
    """The parts of each row inside `region` (canonical)."""
    low, high = _span(rows, region)
    source, ordinal = _unroll(high - low)
    at = low[source] + ordinal
    first = later(rows.first[source], region.first[at])
    return Pieces(Ranges(first, earlier(rows.last[source], region.last[at])), source)


def outside(rows: Ranges, region: Ranges) -> Pieces:
    """The parts of each row outside `region` (canonical)."""
    low, high = _span(rows, region)
    if not (high > low).any():
        return Pieces(rows, np.arange(len(rows)))
    source, ordinal = _unroll(high - low + 1)
    first, last = rows.first[source], rows.last[source]
    exists = np.ones(len(source), np.bool_)
    # Each part lies between two neighbours of the region; the row's own ends bound the rest.
    after = np.flatnonzero(ordinal > 0)
    edge = region.last[(low[source] + ordinal)[after] - 1]
    exists[after] = before(edge, last[after])
    first[after] = successor(edge)
    until = np.flatnonzero(ordinal < (high - low)[source])
    edge = region.first[(low[source] + ordinal)[until]]
    exists[until] &= before(rows.first[source][until], edge)
    last[until] = predecessor(edge)
    return Pieces(Ranges(first[exists], last[exists]), source[exists])


def subtract(ranges: Ranges, holes: Ranges) -> tuple[Ranges, Ranges]:
    """(remaining, removed): the addresses outside and inside `holes`, both canonical."""
    whole, region = merge(ranges), merge(holes)
    if not len(whole) or not len(region):
        return whole, Ranges.none()
    return outside(whole, region).ranges, inside(whole, region).ranges


def intersect(a: Ranges, b: Ranges) -> Ranges:
    """The addresses in both, canonical."""
    return inside(merge(a), merge(b)).ranges


def size(ranges: Ranges) -> int:
    """How many addresses are in `ranges`, which are disjoint."""
    high, low = (ranges.last[:, half] - ranges.first[:, half] for half in (0, 1))
    high = high - (ranges.last[:, 1] < ranges.first[:, 1])
    halves = int((low >> np.uint64(32)).sum()), int((low & np.uint64(0xFFFF_FFFF)).sum())
    return (int(high.sum()) << 64) + (halves[0] << 32) + halves[1] + len(ranges)


def match(wanted: Ranges | Members, table: Ranges | Members) -> Indices:
    """For each wanted row the index of the row of `table` with the same first and last, or -1.

    `table` is sorted and disjoint.
    """
    if not len(table):
        return np.full(len(wanted), -1)
    if len(wanted) == len(table) and np.array_equal(wanted.first, table.first):
        return np.where(equal(wanted.last, table.last), np.arange(len(table)), -1)
    probe = search(table.first, wanted.first, "left")
    np.minimum(probe, len(table) - 1, out=probe)
    found = equal(table.first[probe], wanted.first)
    found &= equal(table.last[probe], wanted.last)
    return np.where(found, probe, -1)


def find(members: Members, address: int) -> int | None:
    """The index of the member that covers `address`, or None."""
    point = to_column([address])
    at = int(search(members.first, point, "right")[0]) - 1
    if at < 0 or bool(before(members.last[at : at + 1], point)[0]):
        return None
    return at
