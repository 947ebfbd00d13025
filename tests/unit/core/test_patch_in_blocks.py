# SPDX-License-Identifier: GPL-2.0-or-later
"""A cover that is kept in blocks is changed as one that is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import to_column
from enforcer.core.blocks import Blocks
from enforcer.core.intervals import Ranges, cover, merge
from enforcer.core.patch import patch
from enforcer.core.raw import Raw
from enforcer.core.rules import NO_END, Members

TOP = 2**128 - 1


@dataclass(frozen=True)
class Row:
    """An order's addresses."""

    first: int
    last: int
    end: int
    order: int


def table(rows: list[Row]) -> Members:
    """In no order."""
    return Members(
        to_column([r.first for r in rows]),
        to_column([r.last for r in rows]),
        np.array([r.end for r in rows], np.int64),
        np.array([r.order for r in rows], np.int64),
    )


def covered(rows: list[Row]) -> Members:
    """From scratch."""
    raw = table(rows)
    return cover(raw.first, raw.last, raw.end, raw.order)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Near either end of the address space, so that rows meet and ends are reached."""
    first = draw(st.integers(0, 60))
    last = first + draw(st.integers(0, 9))
    if draw(st.booleans()):
        first, last = TOP - last, TOP - first
    end = draw(st.sampled_from((1_000, 2_000, NO_END)))
    return Row(first, last, end, draw(st.integers(1, 4)))


Moves = st.lists(st.tuples(st.booleans(), st.lists(rows(), min_size=1, max_size=4)), max_size=6)


@given(st.lists(rows(), max_size=30), Moves)
def test_every_change_gives_the_cover_that_is_made_from_scratch(
    begun: list[Row], moves: list[tuple[bool, list[Row]]]
) -> None:
    standing = list(begun)
    members = Blocks.of(covered(standing), rows=3) if standing else Members.none()
    for comes, moved in moves:
        before = covered(standing)
        standing = [*standing, *moved] if comes else [r for r in standing if r not in moved]
        ranges = Ranges(to_column(r.first for r in moved), to_column(r.last for r in moved))
        many = 1 if len(members) else 10**9
        raw = Raw(table(standing), {})
        members, change = patch(members, raw, merge(ranges), block=3, many=many)
        expected = covered(standing)
        assert members.same_as(expected)
        assert len(members) == len(expected)
        kept = [row for row in before.rows() if row not in list(change.remove.rows())]
        assert sorted([*kept, *change.add.rows()]) == sorted(expected.rows())


@given(st.lists(rows(), min_size=1, max_size=40), Moves)
def test_groups_of_blocks_are_changed_as_one_row_of_them(
    begun: list[Row], moves: list[tuple[bool, list[Row]]]
) -> None:
    """With blocks so small and groups of two, a few rows make many groups, split them and empty
    them; what comes is told, as the compiler tells it."""
    standing = list(begun)
    members: Members = Blocks.of(covered(standing), rows=2, group=2)
    for comes, moved in moves:
        standing = [*standing, *moved] if comes else [r for r in standing if r not in moved]
        ranges = Ranges(to_column(r.first for r in moved), to_column(r.last for r in moved))
        many = 1 if len(members) else 10**9
        raw, coming = Raw(table(standing), {}), table(moved if comes else [])
        members, _ = patch(members, raw, merge(ranges), block=2, many=many, coming=coming)
        expected = covered(standing)
        if isinstance(members, Blocks):
            assert sum(map(len, members.blocks)) == len(members)
            assert all(len(block) for block in members.blocks)
        assert len(members) == len(expected)
        # Without asking for a column, which makes the blocks anew.
        parts = members.blocks if isinstance(members, Blocks) else [members]
        assert [row for part in parts for row in part.rows()] == list(expected.rows())


def test_one_row_more_touches_one_group_of_very_many_blocks() -> None:
    """The others are not even looked at: they are the very same objects."""
    begun = covered([Row(n * 10, n * 10 + 1, 1_000, 1) for n in range(400)])
    blocks = Blocks.of(begun, rows=5, group=4)
    coming = table([Row(2005, 2005, 2_000, 2)])
    members, _ = patch(
        blocks,
        Raw(coming, {}),
        Ranges(coming.first, coming.last),
        block=5,
        many=1,
        coming=coming,
    )
    assert isinstance(members, Blocks)
    shared = [a is b for a, b in zip(members.groups, blocks.groups, strict=True)]
    assert (len(shared), shared.count(False)) == (20, 1)


def test_one_row_more_leaves_all_other_blocks_as_they_are() -> None:
    """The columns of a million rows are not copied for one order."""
    begun = covered([Row(n * 10, n * 10 + 1, 1_000, 1) for n in range(100)])
    blocks = Blocks.of(begun, rows=10)
    new = Row(505, 505, 2_000, 2)
    raw = Raw(table([*(Row(*row) for row in begun.rows()), new]), {})
    ranges = Ranges.of([(505, 505)])
    members, _ = patch(blocks, raw, ranges, block=10, many=1)
    assert isinstance(members, Blocks)
    shared = [a is b for a, b in zip(members.blocks, blocks.blocks, strict=True)]
    assert shared.count(False) == 1
    assert len(members) == 101


def test_asking_for_a_column_keeps_nothing_twice() -> None:
    """What was made from blocks is what the blocks are made of from then on."""
    begun = covered([Row(n * 10, n * 10 + 1, 1_000, 1) for n in range(10)])
    blocks = Blocks.of(begun, rows=3)
    column = blocks.end
    assert all(np.shares_memory(part.end, column) for part in blocks.blocks)
