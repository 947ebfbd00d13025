# SPDX-License-Identifier: GPL-2.0-or-later
"""What two versions of a list do not share, against sets of addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.intervals import Ranges, size
from enforcer.core.list_diff import difference, shrinkage, texts
from enforcer.core.lists import ListContent, content_of, shrinks

Pairs = list[tuple[int, int]]


def content(v4: Pairs, v6: Pairs | None = None) -> ListContent:
    return content_of(Ranges.of(v4), Ranges.of(v6 or []))


pairs_s = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=8).map(
    lambda found: [(first, first + more) for first, more in found]
)


def numbers(pairs: Pairs | tuple[tuple[int, int], ...]) -> set[int]:
    return {n for first, last in pairs for n in range(first, last + 1)}


@given(pairs_s, pairs_s, pairs_s, pairs_s)
def test_the_difference_is_by_address(old4: Pairs, old6: Pairs, new4: Pairs, new6: Pairs) -> None:
    found = difference(content(old4, old6), content(new4, new6))
    for family, old, new in ((4, old4, new4), (6, old6, new6)):
        assert numbers(found.added[family].pairs()) == numbers(new) - numbers(old)
        assert numbers(found.removed[family].pairs()) == numbers(old) - numbers(new)
    assert found.added_total == sum(map(len, found.added.values()))
    back = difference(content(new4, new6), content(old4, old6))
    assert back.added_total == found.removed_total


def test_from_nothing_everything_is_added() -> None:
    found = difference(None, content([(1, 1), (2, 2), (9, 9)], [(5, 6)]))
    assert (found.added_total, found.removed_total) == (3, 0)


def test_texts_say_blocks_and_ranges_up_to_a_limit() -> None:
    first = 0xC0000200
    found = difference(
        None, content([(first, first + 255), (first + 512, first + 514)], [(2**125, 2**125)])
    )
    assert texts(found.added, 10) == ["192.0.2.0/24", "192.0.4.0-192.0.4.2", "2000::"]
    assert texts(found.added, 2) == ["192.0.2.0/24", "192.0.4.0-192.0.4.2"]
    assert texts(found.added, 0) == []
    many = difference(None, content([(2 * n, 2 * n) for n in range(2500)]))
    assert len(texts(many.added, 5000)) == 2500


def test_the_same_content_is_the_same_row_by_row() -> None:
    assert content([(1, 2)], [(3, 4)]).same_as(content([(1, 2)], [(3, 4)]))
    assert not content([(1, 2)]).same_as(content([(1, 1), (2, 2)]))
    assert not content([(1, 2)]).same_as(content([], [(1, 2)]))


@pytest.mark.parametrize(
    "before, after, shrunk",
    [(10, 8, False), (10, 7, True), (5, 4, False), (5, 3, True), (1, 0, True), (0, 0, False)],
)
def test_over_twenty_percent_is_a_shrink(before: int, after: int, shrunk: bool) -> None:
    assert shrinks(before, after) is shrunk


bounds_s = st.lists(st.integers(0, 2**128 - 1), unique=True, max_size=16).map(sorted)


@given(bounds_s)
def test_addresses_are_counted_exactly_however_many(bounds: list[int]) -> None:
    pairs = list(zip(bounds[::2], bounds[1::2], strict=False))
    assert size(Ranges.of(pairs)) == sum(last - first + 1 for first, last in pairs)


def test_half_of_all_addresses_are_counted() -> None:
    assert size(Ranges.of([(0, 2**127 - 1)])) == 2**127
    assert size(Ranges.none()) == 0


@given(pairs_s, pairs_s, pairs_s, pairs_s)
def test_less_than_four_fifths_left_is_a_shrink_however_it_is_cut(
    old4: Pairs, old6: Pairs, new4: Pairs, new6: Pairs
) -> None:
    old, new = content(old4, old6), content(new4, new6)
    kept = [(numbers(o), numbers(o) & numbers(n)) for o, n in ((old4, new4), (old6, new6))]
    fewer = len(new) * 5 < len(old) * 4 or any(len(k) * 5 < len(o) * 4 for o, k in kept)
    assert (shrinkage(old, new, difference(old, new)) is not None) is fewer
