# SPDX-License-Identifier: GPL-2.0-or-later
"""Ids of whole columns equal the ids of one order at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.ids import decode_orders, encode_orders
from enforcer.core.orders import MAX_ORDER_NUMBER, order_id, order_number

NUMBERS = st.integers(1, 40) | st.integers(1, MAX_ORDER_NUMBER)
PADDING = list(range(1, 200))
"""More rows than are worth a look one by one."""


@given(st.lists(NUMBERS, max_size=20), st.booleans())
def test_encoding(numbers: list[int], many: bool) -> None:
    numbers = numbers + PADDING if many else numbers
    texts = encode_orders(np.array(numbers, np.int64))
    assert [t.decode() for t in texts.tolist()] == [order_id(n) for n in numbers]


@given(st.lists(NUMBERS, max_size=20), st.booleans())
def test_decoding(numbers: list[int], many: bool) -> None:
    numbers = numbers + PADDING if many else numbers
    assert decode_orders(tuple(order_id(n) for n in numbers)).tolist() == numbers


FOREIGN = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ-abcIO é", max_size=14)
ALMOST = st.tuples(NUMBERS, st.integers(0, 9), st.sampled_from("-0AZoa")).map(
    lambda t: order_id(t[0])[: t[1]] + t[2] + order_id(t[0])[t[1] + 1 :]
)


@given(st.lists(FOREIGN | ALMOST, max_size=20), st.booleans())
def test_only_ids_as_we_print_them_count(texts: list[str], many: bool) -> None:
    texts = texts + [order_id(n) for n in PADDING] if many else texts
    wanted = []
    for text in texts:
        number = order_number(text)
        wanted.append(number if number and order_id(number) == text else -1)
    assert decode_orders(tuple(texts)).tolist() == wanted
