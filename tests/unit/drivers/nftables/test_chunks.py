# SPDX-License-Identifier: GPL-2.0-or-later
"""A cut change is the change, in pieces that the kernel takes one after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.chunks import cut
from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.work import SetChange
from enforcer.core.addresses import to_column
from enforcer.core.rules import Key, Members, Rule

Pairs = list[tuple[int, int]]
TARGET = SetRef("enforcer", "r0123456789ab_a", 4, interval=True)


def disjoint(chosen: set[int]) -> Pairs:
    edges = sorted(chosen)
    return list(zip(edges[::2], edges[1::2], strict=False))


SPANS = st.sets(st.integers(0, 80), max_size=40).map(disjoint)


def to_members(pairs: Pairs) -> Members:
    order = np.arange(len(pairs), dtype=np.int64)
    return Members(to_column(p[0] for p in pairs), to_column(p[1] for p in pairs), order, order)


def pairs_of(members: Members) -> Pairs:
    return [(first, last) for first, last, _, _ in members.rows()]


@given(SPANS, SPANS, st.integers(1, 12))
def test_pieces_can_be_written_one_after_the_other(add: Pairs, remove: Pairs, limit: int) -> None:
    change = SetChange(TARGET, Rule(4, Key.SOURCE), to_members(add), to_members(remove))
    standing = set(remove)
    covered = {address for first, last in remove for address in range(first, last + 1)}
    kept = {a for f, last in add for a in range(f, last + 1)} & covered
    only_removing = False
    for piece in cut(change, limit):
        coming, going = pairs_of(piece.add), pairs_of(piece.remove)
        assert coming or going
        assert not (only_removing and coming)
        only_removing = only_removing or not coming
        standing -= set(going)
        for first, last in coming:
            assert all(last < f or first > to for f, to in standing)
            standing.add((first, last))
        now = {address for first, last in standing for address in range(first, last + 1)}
        assert kept <= now
    assert standing == set(add)


@given(SPANS, SPANS)
def test_what_does_not_overlap_is_cut_small(add: Pairs, remove: Pairs) -> None:
    apart = to_members([(200 + first, 200 + last) for first, last in remove])
    change = SetChange(TARGET, Rule(4, Key.SOURCE), to_members(add), apart)
    sizes = [len(piece) for piece in cut(change, 3)]
    assert sum(sizes) == len(change)
    assert all(size <= 3 for size in sizes)
