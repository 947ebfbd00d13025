# SPDX-License-Identifier: GPL-2.0-or-later
"""128-bit addresses as two columns of 64 bits: order, neighbours, search, conversion.

IPv4 and IPv6 share every algorithm; an IPv4 address is a number below 2^32 (its high column
is zero), which is also what lets searches in it use one native column.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from enforcer.core.rules import Addresses

Indices = NDArray[np.intp]
Flags = NDArray[np.bool_]
Side = Literal["left", "right"]

_ONE = np.uint64(1)
_LOW = 2**64 - 1
_SINGLE = 64
"""So few values are looked up one by one: a step costs less than numpy's calls for all."""
_FEW = 16
"""Up to 1/16 as many values as table rows, halving by hand beats preparing the whole table."""


def to_column(values: Iterable[int]) -> Addresses:
    """Integers 0..2^128-1 as a column of addresses."""
    halves = [(value >> 64, value & _LOW) for value in values]
    return np.array(halves, np.uint64).reshape(-1, 2)


def to_integers(column: Addresses) -> list[int]:
    """A column as Python integers; for small columns."""
    return [high << 64 | low for high, low in column.tolist()]


def successor(column: Addresses) -> Addresses:
    """Each address plus one, modulo 2^128."""
    low = column[:, 1] + _ONE
    return np.stack((column[:, 0] + (low == 0), low), axis=1)


def predecessor(column: Addresses) -> Addresses:
    """Each address minus one, modulo 2^128."""
    low = column[:, 1]
    return np.stack((column[:, 0] - (low == 0), low - _ONE), axis=1)


def before(a: Addresses, b: Addresses) -> Flags:
    """Row by row: a < b."""
    rows: Flags = (a[:, 0] < b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] < b[:, 1]))
    return rows


def equal(a: Addresses, b: Addresses) -> Flags:
    """Row by row: a == b."""
    rows: Flags = (a[:, 0] == b[:, 0]) & (a[:, 1] == b[:, 1])
    return rows


def later(a: Addresses, b: Addresses) -> Addresses:
    """Row by row the greater one."""
    return np.where(before(a, b)[:, None], b, a)


def earlier(a: Addresses, b: Addresses) -> Addresses:
    """Row by row the smaller one."""
    return np.where(before(b, a)[:, None], b, a)


def ascending(column: Addresses) -> Indices | None:
    """The stable order that sorts `column`; None where it is sorted already."""
    if not bool(before(column[1:], column[:-1]).any()):
        return None
    if not column[:, 0].any():
        return np.argsort(column[:, 1], kind="stable")
    return np.lexsort((column[:, 1], column[:, 0]))


def search(table: Addresses, values: Addresses, side: Side) -> Indices:
    """As `numpy.searchsorted`: where in the sorted `table` each value would be inserted."""
    if not len(table) or not len(values):
        return np.zeros(len(values), np.intp)
    if len(values) * _FEW < len(table):
        return (_bisect if len(values) <= _SINGLE else _halve)(table, values, side)
    if not table[:, 0].any() and not values[:, 0].any():
        return np.searchsorted(table[:, 1], values[:, 1], side)
    return np.searchsorted(_text(table), _text(values), side)


def _text(column: Addresses) -> NDArray[np.bytes_]:
    """Big-endian 16-byte strings: numpy compares them as unsigned bytes, so as numbers."""
    return np.ascontiguousarray(column.astype(">u8")).view("S16").ravel()


def position(table: Addresses, value: int, side: Side) -> int:
    """As `search`, for one integer: what numpy takes for one value would do for a thousand."""
    return _place(table, value >> 64, value & _LOW, side == "left")


def _bisect(table: Addresses, values: Addresses, side: Side) -> Indices:
    found = [_place(table, high, low, side == "left") for high, low in values.tolist()]
    return np.array(found, np.intp)


def _place(table: Addresses, high: int, low: int, left: bool) -> int:
    begin, end = 0, len(table)
    while begin < end:
        middle = (begin + end) // 2
        row = (table.item(middle, 0), table.item(middle, 1))
        if row < (high, low) or (not left and row == (high, low)):
            begin = middle + 1
        else:
            end = middle
    return begin


def _halve(table: Addresses, values: Addresses, side: Side) -> Indices:
    low = np.zeros(len(values), np.intp)
    high = np.full(len(values), len(table), np.intp)
    for _ in range(len(table).bit_length()):
        open_ = low < high
        middle = np.minimum((low + high) // 2, len(table) - 1)
        probe = table[middle]
        right = before(probe, values) if side == "left" else ~before(values, probe)
        low = np.where(open_ & right, middle + 1, low)
        high = np.where(open_ & ~right, middle, high)
    return low
