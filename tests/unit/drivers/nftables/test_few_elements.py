# SPDX-License-Identifier: GPL-2.0-or-later
"""A few elements written one by one are the same bytes as those made from columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.netlink.columns import MAX_COMMENT, NewElements
from drivers.nftables.netlink.few import FEW, few_elements, is_few
from drivers.nftables.netlink.rows import column_chunks, element_chunks
from tests.unit.drivers.nftables.netlink_rows import Row, rows, to_columns


@given(st.data(), st.sampled_from([4, 16]), st.booleans())
def test_they_are_the_same_bytes(data: st.DataObject, key_bytes: int, interval: bool) -> None:
    some = data.draw(rows(8 * key_bytes, ranges=interval, counted=False))[:FEW]
    elements = to_columns(some)
    expected = b"".join(column_chunks(elements, key_bytes, interval))
    assert few_elements(elements, key_bytes, interval) == expected
    assert b"".join(element_chunks(elements, key_bytes, interval)) == expected


@given(st.lists(st.integers(-5, 2**62), max_size=FEW), st.booleans())
def test_timeouts_are_clamped_alike(timeouts: list[int], named: bool) -> None:
    some = [Row(n, n, timeout, "A" * named) for n, timeout in enumerate(timeouts)]
    elements = to_columns(some)
    assert few_elements(elements, 4, False) == b"".join(column_chunks(elements, 4, False))


def test_without_timeouts_and_comments_there_are_keys_alone() -> None:
    full = to_columns([Row(1, 3, 5, "A"), Row(2**32 - 1, 2**32 - 1, 5, "B")])
    bare = NewElements(full.first, full.last)
    assert few_elements(bare, 4, True) == b"".join(column_chunks(bare, 4, True))
    assert len(few_elements(bare, 4, True)) < len(few_elements(full, 4, True))


def test_more_of_them_and_counted_ones_go_by_columns() -> None:
    many = to_columns([Row(n, n) for n in range(FEW + 1)])
    assert not is_few(many)
    one = to_columns([Row(1, 1)])
    assert is_few(one)
    assert not is_few(replace(one, counter=np.ones((1, 2), np.uint64)))


def test_a_comment_that_nft_would_refuse_is_refused() -> None:
    one = to_columns([Row(1, 1)])
    long = replace(one, comment=np.array([b"x" * (MAX_COMMENT + 1)]))
    with pytest.raises(ValueError, match="comment"):
        few_elements(long, 4, False)


def test_no_elements_are_no_message() -> None:
    assert list(element_chunks(to_columns([]), 4, False)) == []
