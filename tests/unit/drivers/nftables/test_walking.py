# SPDX-License-Identifier: GPL-2.0-or-later
"""Where elements are in dumps whose lists are regular, irregular, or broken."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.netlink.constants import NFTA_LIST_ELEM, NLA_F_NESTED
from drivers.nftables.netlink.errors import MalformedReply
from drivers.nftables.netlink.walking import spans

SIZES = st.sampled_from([8, 12, 20, 56])
LISTS = st.one_of(
    st.lists(SIZES, max_size=9),
    st.tuples(SIZES, st.integers(0, 12)).map(lambda one: [one[0]] * one[1]),
    st.tuples(SIZES, SIZES, st.integers(0, 12)).map(lambda two: [two[0], two[1]] * two[2]),
    st.tuples(SIZES, SIZES, st.integers(0, 9)).map(lambda two: [*two[:2] * two[2], two[0]]),
)
PADDING = 16


def element(size: int, kind: int = NFTA_LIST_ELEM | NLA_F_NESTED) -> bytes:
    return struct.pack("=HH", size, kind) + bytes(range(1, size - 3))


def dump(lists: list[list[int]]) -> tuple[bytes, list[int], list[int], list[tuple[int, int]]]:
    """A buffer with something before each list, and where everything is."""
    buffer = b""
    starts, stops, rows = [], [], []
    for sizes in lists:
        buffer += b"\xff" * PADDING
        starts.append(len(buffer))
        for size in sizes:
            rows.append((len(buffer), size))
            buffer += element(size)
        stops.append(len(buffer))
    return buffer, starts, stops, rows


def found(buffer: bytes, starts: list[int], stops: list[int]) -> list[tuple[int, int]]:
    offsets, sizes = spans(buffer, np.array(starts, np.int64), np.array(stops, np.int64))
    return list(zip(offsets.tolist(), sizes.tolist(), strict=True))


@given(st.lists(LISTS, max_size=12))
def test_every_element_is_found(lists: list[list[int]]) -> None:
    buffer, starts, stops, rows = dump(lists)
    assert found(buffer, starts, stops) == rows


def test_many_irregular_lists_are_walked_together() -> None:
    buffer, starts, stops, rows = dump([[8, 12, 20, 8], [12, 12, 8]] * 50)
    assert found(buffer, starts, stops) == rows


@pytest.mark.parametrize(
    "odd",
    [
        struct.pack("=HH", 8, NFTA_LIST_ELEM + 1) + bytes(4),
        struct.pack("=HH", 2, NFTA_LIST_ELEM) + bytes(4),
        struct.pack("=HH", 6, NFTA_LIST_ELEM) + bytes(4),
        struct.pack("=HH", 64, NFTA_LIST_ELEM) + bytes(4),
        struct.pack("=HH", 0, 0) + bytes(4),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 2, 5])
def test_what_is_no_element_is_refused(odd: bytes, before: int) -> None:
    buffer = element(8) * before + odd + element(8) * 2
    with pytest.raises(MalformedReply):
        found(buffer, [0], [len(buffer)])


@pytest.mark.parametrize("sizes", [[8, 8, 12], [8, 12, 8, 12], [20]])
def test_a_list_that_is_cut_short_is_refused(sizes: list[int]) -> None:
    buffer, starts, stops, _ = dump([sizes])
    with pytest.raises(MalformedReply):
        found(buffer[:-4], starts, [stops[0] - 4])
