# SPDX-License-Identifier: GPL-2.0-or-later
"""Chunks of ranges: every column comes back as it was, damage is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import to_column
from enforcer.core.rules import Addresses
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.columns import ROWS, packed, unpacked

RANGES = {
    family: st.lists(st.tuples(st.integers(0, top), st.integers(0, top)), max_size=50)
    for family, top in ((4, 2**32 - 1), (6, 2**128 - 1))
}


def columns(ranges: list[tuple[int, int]]) -> tuple[Addresses, Addresses]:
    return to_column(first for first, _ in ranges), to_column(last for _, last in ranges)


@pytest.mark.parametrize("family", [4, 6])
@given(anything=st.data())
def test_any_ranges_in_any_order_come_back(family: int, anything: st.DataObject) -> None:
    first, last = columns(anything.draw(RANGES[family]))
    chunks = list(packed(family, first, last))
    assert len(chunks) == (1 if len(first) else 0)
    for rows, chunk in chunks:
        got_first, got_last = unpacked(family, rows, chunk)
        assert np.array_equal(got_first, first)
        assert np.array_equal(got_last, last)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("count, sizes", [(ROWS, [ROWS]), (ROWS + 1, [ROWS, 1]), (0, [])])
def test_chunks_are_bounded(family: int, count: int, sizes: list[int]) -> None:
    first = np.zeros((count, 2), np.uint64)
    first[:, 1] = np.arange(count)
    chunks = list(packed(family, first, first))
    assert [rows for rows, _ in chunks] == sizes
    got = [unpacked(family, rows, chunk)[0] for rows, chunk in chunks]
    assert np.array_equal(np.concatenate([np.zeros((0, 2), np.uint64), *got]), first)


def test_a_million_sorted_hosts_are_small() -> None:
    first = np.zeros((ROWS, 2), np.uint64)
    first[:, 1] = np.arange(ROWS) * 4096
    (_, chunk), *_ = packed(4, first, first)
    assert len(chunk) < ROWS // 8


@pytest.mark.parametrize("family", [4, 6])
def test_damage_is_noticed(family: int) -> None:
    first, last = columns([(1, 2), (3, 9)])
    [(rows, chunk)] = packed(family, first, last)
    for position in range(len(chunk)):
        torn = chunk[:position] + bytes([chunk[position] ^ 1]) + chunk[position + 1 :]
        try:
            got = unpacked(family, rows, torn)
        except StorageError:
            continue
        # Flips in unused bits of the frame header change nothing.
        assert np.array_equal(got[0], first)
        assert np.array_equal(got[1], last)
    for wrong in (chunk[:-1], b"", b"not a chunk"):
        with pytest.raises(StorageError, match="import"):
            unpacked(family, rows, wrong)
    with pytest.raises(StorageError, match="rows"):
        unpacked(family, rows + 1, chunk)


def test_ipv6_among_ipv4_is_refused() -> None:
    first, last = columns([(1, 2**32)])
    with pytest.raises(InvalidInput, match="IPv6"):
        list(packed(4, first, last))


def test_columns_that_do_not_fit_are_refused() -> None:
    first, _ = columns([(1, 2), (3, 4)])
    with pytest.raises(InvalidInput, match="shape"):
        list(packed(4, first, first[:1]))
    with pytest.raises(InvalidInput, match="shape"):
        list(packed(4, first[:, 1], first[:, 1]))
