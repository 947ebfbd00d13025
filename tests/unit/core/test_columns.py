# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns that are put together have the rows of all parts, copied or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from enforcer.core.columns import alike, distinct, end_to_end


@st.composite
def parts(draw: st.DrawFn) -> list[NDArray[Any]]:
    """Slices of one array or of another, whole arrays, columns of one value, every second row."""
    wide = draw(st.booleans())
    shape = (12, 2) if wide else (12,)
    bases = [np.arange(np.prod(shape), dtype=np.int64).reshape(shape) + 100 * n for n in range(2)]
    found = []
    for _ in range(draw(st.integers(1, 5))):
        base = bases[draw(st.integers(0, 1))]
        low = draw(st.integers(0, 12))
        high = draw(st.integers(low, 12))
        kind = draw(st.sampled_from(("slice", "slice", "slice", "copy", "step", "alike")))
        part = base[low:high]
        if kind == "copy":
            part = part.copy()
        elif kind == "step":
            part = base[low:high:2]
        elif kind == "alike" and not wide:
            part = alike(7, high - low)
        found.append(part)
    return found


@given(parts())
def test_the_rows_of_all_parts_in_their_order(given_parts: list[NDArray[Any]]) -> None:
    assert end_to_end(given_parts).tolist() == [row for p in given_parts for row in p.tolist()]


def test_neighbouring_slices_are_not_copied() -> None:
    for base in (np.arange(10), np.arange(20).reshape(10, 2).copy()):
        whole = end_to_end([base[2:4], base[4:5], base[5:9]])
        assert np.shares_memory(whole, base)
        assert whole.tolist() == base[2:9].tolist()
        assert not np.shares_memory(end_to_end([base[2:4], base[5:9]]), base)


def test_a_column_of_one_value_is_kept_once() -> None:
    column = alike(5, 1_000_000)
    assert len(column) == 1_000_000
    assert column.strides == (0,)
    assert not column.flags.writeable


@given(st.lists(st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1), max_size=8), st.booleans())
def test_different_values_are_told_once_and_ascending(values: list[int], many: bool) -> None:
    column = np.array(values * 20 if many else values, np.int64)
    assert distinct(column) == sorted(set(values))
