# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking up a few addresses in a big table, or many, finds the same places."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import position, search, to_column

Addresses = st.one_of(st.integers(0, 40), st.integers(2**128 - 41, 2**128 - 1))


@given(
    st.lists(Addresses, max_size=60),
    st.integers(1, 40),
    st.lists(Addresses, min_size=1, max_size=3),
)
def test_a_place_is_where_python_would_insert(
    table: list[int], often: int, values: list[int]
) -> None:
    """Once where they are few beside the table, once where they are as many."""
    rows = sorted(table * often)
    for wanted in (values, values * (len(rows) + 1)):
        left = search(to_column(rows), to_column(wanted), "left").tolist()
        right = search(to_column(rows), to_column(wanted), "right").tolist()
        assert left == [bisect_left(rows, value) for value in wanted]
        assert right == [bisect_right(rows, value) for value in wanted]
    for value in values:
        assert position(to_column(rows), value, "left") == bisect_left(rows, value)
        assert position(to_column(rows), value, "right") == bisect_right(rows, value)


def test_some_more_than_a_few_are_halved_together() -> None:
    rows = list(range(0, 40_000, 2))
    wanted = list(range(0, 2_000, 3))
    found = search(to_column(rows), to_column(wanted), "left").tolist()
    assert found == [bisect_left(rows, value) for value in wanted]
