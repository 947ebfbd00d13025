# SPDX-License-Identifier: GPL-2.0-or-later
"""How members are spread over sets: complete, within limits, and steady."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.nftables.layout import (
    HOSTS_LIMIT,
    OVERFULL,
    RANGES_LIMIT,
    HostLayout,
    Layout,
    RangeLayout,
    first_layout,
    host_names,
    next_layout,
    place,
    range_names,
)
from enforcer.core.addresses import to_column
from enforcer.core.rules import NO_END, Key, Members, Rule

FOUR, SIX = Rule(4, Key.SOURCE), Rule(6, Key.DESTINATION)
LETTERS = ("b", "b")


def ranges(pairs: list[tuple[int, int]]) -> Members:
    pairs = sorted(pairs)
    end = np.full(len(pairs), NO_END)
    return Members(to_column(p[0] for p in pairs), to_column(p[1] for p in pairs), end, end)


def hosts(count: int, step: int = 1, base: int = 1 << 24) -> Members:
    low = np.uint64(base) + np.arange(count, dtype=np.uint64) * np.uint64(step)
    column = np.stack((np.zeros_like(low), low), axis=1)
    return Members(column, column, np.full(count, NO_END), np.ones(count, np.int64))


def blocks(count: int) -> Members:
    start = hosts(count, 512)
    return Members(start.first, start.first + np.array((0, 255), np.uint64), start.end, start.order)


CUTS = st.sets(st.integers(1, 250), max_size=5).map(lambda cuts: tuple(sorted(cuts)))


@given(st.sets(st.integers(0, 255), max_size=40), CUTS, st.integers(0, 3), st.integers(0, 4))
def test_every_member_is_in_the_one_set_where_packets_look(
    edges: set[int], cuts: tuple[int, ...], bits: int, shift: int
) -> None:
    """A packet is looked up in the shard of its own address, and among the wide ones."""
    chosen = sorted(edges)
    pairs = list(zip(chosen[::2], chosen[1::2], strict=False)) or [(7, 7)]
    layout = Layout(HostLayout("a", 1 << bits, shift), RangeLayout("a", cuts))
    placed = list(place(FOUR, layout, ranges(pairs)))
    assert sum(len(p.members) for p in placed) == len(pairs)
    host_sets, range_sets = host_names(FOUR, layout.hosts), range_names(FOUR, layout.ranges)
    for part in placed:
        for first, last, _, _ in part.members.rows():
            for address in range(first, last + 1):
                shard = sum(cut <= address for cut in cuts)
                looked_up = {
                    host_sets[(address >> shift) & ((1 << bits) - 1)],
                    range_sets[shard],
                    range_sets[-1],
                }
                assert part.name in looked_up
                assert (part.name in host_sets) == (first == last)


@given(
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**128 - 1),
    st.integers(0, 12),
    st.sampled_from((0, 8, 16, 32, 48, 60, 64, 80, 96)),
    st.sets(st.integers(1, 2**128 - 1), max_size=9).map(lambda cuts: tuple(sorted(cuts))),
)
@example(2**64, 0, 12, 60, ())
def test_one_member_lies_where_it_would_lie_among_many(
    one: int, other: int, bits: int, shift: int, cuts: tuple[int, ...]
) -> None:
    hosts, scheme = HostLayout("a", 1 << bits, shift), RangeLayout("a", cuts)
    first, last = min(one, other), max(one, other)
    assert hosts.shard(one) == hosts.shards(ranges([(one, one)]))[0]
    assert scheme.shard(first, last) == scheme.shards(ranges([(first, last)]))[0]


def test_few_members_are_in_one_set() -> None:
    assert first_layout(FOUR, hosts(HOSTS_LIMIT)) == Layout()
    assert first_layout(FOUR, blocks(RANGES_LIMIT)) == Layout()


def test_many_members_are_spread_evenly() -> None:
    layout = first_layout(FOUR, hosts(4 * HOSTS_LIMIT))
    assert max(len(p.members) for p in place(FOUR, layout, hosts(4 * HOSTS_LIMIT))) <= HOSTS_LIMIT
    layout = first_layout(FOUR, blocks(4 * RANGES_LIMIT))
    sizes = [len(p.members) for p in place(FOUR, layout, blocks(4 * RANGES_LIMIT))]
    assert max(sizes) <= RANGES_LIMIT // 2
    assert max(sizes) - min(sizes) <= 1


def test_hosts_that_end_alike_are_spread_by_other_bits() -> None:
    alike = hosts(2 * HOSTS_LIMIT, 256)
    layout = first_layout(FOUR, alike)
    assert layout.hosts.shift == 8
    assert max(len(p.members) for p in place(FOUR, layout, alike)) <= HOSTS_LIMIT
    low = np.arange(2 * HOSTS_LIMIT, dtype=np.uint64)
    sixes = np.stack((low, np.ones_like(low)), axis=1)
    many = Members(sixes, sixes, np.full(len(low), NO_END), np.ones(len(low), np.int64))
    layout = first_layout(SIX, many)
    assert layout.hosts.shift == 64
    assert max(len(p.members) for p in place(SIX, layout, many)) <= HOSTS_LIMIT


def test_a_layout_is_kept_until_it_pays_to_change_it() -> None:
    def after(count: int, added: int, current: Layout) -> Layout:
        return next_layout(FOUR, current, hosts(count), added, LETTERS)

    assert after(HOSTS_LIMIT, HOSTS_LIMIT, Layout()) == Layout()
    assert after(HOSTS_LIMIT + 1, 1, Layout()) == Layout()
    assert after(2 * HOSTS_LIMIT, HOSTS_LIMIT, Layout()).hosts.letter == "b"
    assert after(OVERFULL * HOSTS_LIMIT, 1, Layout()) == Layout()
    assert after(OVERFULL * HOSTS_LIMIT + 1, 1, Layout()).hosts.count > 1
    spread = first_layout(FOUR, hosts(4 * HOSTS_LIMIT))
    assert after(1, 0, spread) == spread


def test_each_part_is_laid_out_by_itself() -> None:
    grown = next_layout(FOUR, Layout(), blocks(4 * RANGES_LIMIT), 4 * RANGES_LIMIT, LETTERS)
    assert grown.hosts == HostLayout()
    assert (grown.ranges.letter, grown.ranges.count > 4) == ("b", True)


def test_nothing_better_is_no_reason_to_change() -> None:
    """Ranges that all contain one cut would be as crowded in any layout of one set."""
    same = hosts(3, 1 << 30)
    crowded = Layout(HostLayout("a", 1, 0))
    assert next_layout(FOUR, crowded, same, 3, LETTERS) == crowded
