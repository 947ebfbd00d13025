# SPDX-License-Identifier: GPL-2.0-or-later
"""The next kernel expiry, against a plain list of elements."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.expiry import ExpiryBook
from enforcer.core.rules import NO_END
from enforcer.driver_api import GRACE_MS

ENDS = {1: 5_000, 2: 9_000, 3: NO_END, 4: 9_000, 5: 12_000}


def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


@given(st.lists(st.tuples(st.booleans(), st.lists(st.sampled_from(list(ENDS)), max_size=40))))
def test_it_is_the_earliest_of_what_is_there(steps: list[tuple[bool, list[int]]]) -> None:
    book, there = ExpiryBook(), dict.fromkeys(ENDS, 0)
    for adding, orders in steps:
        chosen = (
            orders
            if adding
            else [o for i, o in enumerate(orders) if orders[:i].count(o) < there[o]]
        )
        for order in chosen:
            there[order] += 1 if adding else -1
        ends = column([ENDS[order] for order in chosen])
        (book.add if adding else book.remove)(ends, column(chosen))
        timed = [ENDS[o] for o, count in there.items() if count and ENDS[o] != NO_END]
        assert book.next_ms() == (min(timed) + GRACE_MS if timed else None)


def test_an_element_that_ends_later_than_its_order_did_does_not_hide_it() -> None:
    book = ExpiryBook()
    book.add(column([9_000, 5_000]), column([1, 1]))
    assert book.next_ms() == 5_000 + GRACE_MS
    book.remove(column([5_000]), column([1]))
    assert book.next_ms() == 5_000 + GRACE_MS
    book.remove(column([9_000]), column([1]))
    assert book.next_ms() is None
