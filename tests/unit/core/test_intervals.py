# SPDX-License-Identifier: GPL-2.0-or-later
"""Interval algebra against brute force, over few addresses and both ends of the space."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import ascending, before, search, to_column, to_integers
from enforcer.core.intervals import (
    Ranges,
    cover,
    find,
    intersect,
    match,
    merge,
    networks_of,
    rows_of,
    subtract,
    union,
)
from tests.space import prefixes
from tests.strategies import rows
from tests.unit.core.properties import Row, columns, cover_fault, members, probes, winner

TOP = 2**128 - 1
Rows = tuple[Row, ...]
wide = st.integers(0, TOP) | st.integers(0, 3) | st.integers(TOP - 3, TOP) | st.just(2**64)


def ranges(given_rows: Rows) -> Ranges:
    return Ranges.of((first, last) for first, last, _, _ in given_rows)


def covered(found: Ranges, address: int) -> bool:
    return any(first <= address <= last for first, last in found.pairs())


def is_canonical(found: Ranges) -> bool:
    pairs = found.pairs()
    in_order = all(first <= last for first, last in pairs)
    return in_order and all(a[1] + 1 < b[0] for a, b in pairwise(pairs))


@given(rows())
def test_cover_equals_brute_force(given_rows: Rows) -> None:
    assert cover_fault(cover, given_rows) is None


@given(rows(), st.randoms())
def test_cover_does_not_depend_on_the_path(given_rows: Rows, random: Random) -> None:
    whole = cover(*columns(given_rows))
    shuffled = list(given_rows)
    random.shuffle(shuffled)
    assert cover(*columns(shuffled)).same_as(whole)
    assert cover(*columns([*whole.rows(), *shuffled])).same_as(whole)


def test_cover_of_nothing_and_of_everything() -> None:
    assert len(cover(*columns([]))) == 0
    everything = [(0, TOP, 5, 1), (0, TOP, 7, 2), (TOP, TOP, 9, 3)]
    assert list(cover(*columns(everything)).rows()) == [(0, TOP - 1, 7, 2), (TOP, TOP, 9, 3)]


def test_an_address_keeps_the_latest_end_of_what_overlaps() -> None:
    until_monday, until_friday = (0, 255, 1, 1), (7, 7, 5, 2)
    found = list(cover(*columns([until_monday, until_friday])).rows())
    assert found == [(0, 6, 1, 1), (7, 7, 5, 2), (8, 255, 1, 1)]


@given(rows(), rows())
def test_subtract_and_intersect_equal_brute_force(a: Rows, b: Rows) -> None:
    remaining, removed = subtract(ranges(a), ranges(b))
    assert is_canonical(remaining)
    assert is_canonical(removed)
    assert intersect(ranges(a), ranges(b)).pairs() == removed.pairs()
    for address in {*probes(a), *probes(b)}:
        in_a, in_b = winner(a, address) is not None, winner(b, address) is not None
        assert covered(remaining, address) == (in_a and not in_b)
        assert covered(removed, address) == (in_a and in_b)


@given(rows(), rows())
def test_merge_and_union(a: Rows, b: Rows) -> None:
    together = union([ranges(a), ranges(b)])
    assert is_canonical(together)
    assert together.pairs() == merge(ranges((*a, *b))).pairs()
    for address in {*probes(a), *probes(b)}:
        assert covered(together, address) == (winner((*a, *b), address) is not None)


@given(rows())
def test_find(given_rows: Rows) -> None:
    whole = cover(*columns(given_rows))
    listed = list(whole.rows())
    for address in probes(given_rows):
        at = find(whole, address)
        assert (None if at is None else listed[at][2:]) == winner(given_rows, address)


@given(rows(), rows())
def test_match_finds_equal_ranges_only(a: Rows, b: Rows) -> None:
    wanted, table = cover(*columns(a)), cover(*columns(b))
    places = {(first, last): at for at, (first, last, _, _) in enumerate(table.rows())}
    expected = [places.get((first, last), -1) for first, last, _, _ in wanted.rows()]
    assert match(wanted, table).tolist() == expected


@given(prefixes())
def test_networks_survive_the_columns(prefix: object) -> None:
    network = ip_network(str(prefix))
    assert list(networks_of(rows_of([network]), network.version)) == [network]


@given(st.lists(wide), st.lists(wide), st.integers(1, 40), st.sampled_from(["left", "right"]))
def test_search_is_searchsorted(table: list[int], values: list[int], times: int, side: str) -> None:
    # Repeating the table makes it long enough for each of the search's strategies.
    ordered = sorted(table * times)
    found = search(to_column(ordered), to_column(values), "left" if side == "left" else "right")
    below = [sum(entry < v if side == "left" else entry <= v for entry in ordered) for v in values]
    assert found.tolist() == below


@given(st.lists(wide))
def test_columns_sort_as_integers(values: list[int]) -> None:
    column = to_column(values)
    by_value = ascending(column)
    found = column if by_value is None else column[by_value]
    assert to_integers(found) == sorted(values)
    assert before(column[:-1], column[1:]).tolist() == [a < b for a, b in pairwise(values)]


@pytest.mark.parametrize("family", [4, 6])
def test_a_large_cover_is_that_of_its_parts(family: int) -> None:
    # Too many rows for brute force: each block of 1000 addresses repeats one known pattern.
    base = 0 if family == 4 else 2**127
    pattern = [(0, 9, 3, 1), (5, 7, 9, 2), (10, 12, 3, 1), (12, 900, 1, 4), (999, 999, 5, 5)]
    blocks = [
        (base + block * 1000 + first, base + block * 1000 + last, end, order)
        for block in range(3000)
        for first, last, end, order in pattern
    ]
    shuffled = [blocks[at] for at in np.random.default_rng(7).permutation(len(blocks))]
    expected = [
        (base + block * 1000 + first, base + block * 1000 + last, end, order)
        for block in range(3000)
        for first, last, end, order in cover(*columns(pattern)).rows()
    ]
    assert cover(*columns(shuffled)).same_as(members(expected))
