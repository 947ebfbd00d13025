# SPDX-License-Identifier: GPL-2.0-or-later
"""When the kernel will next expire an element of ours: pure bookkeeping, by order.

Kernel expiry moves no generation, so a fingerprint proves nothing from then on. Orders that are
removed in time (they all are, a minute before) must not count, or every ended order would cost
a full read.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import numpy as np

from enforcer.core.rules import NO_END, Integers
from enforcer.driver_api import GRACE_MS

_FEW = 16
"""Elements that are counted one by one: what numpy needs at least is more than that."""


class ExpiryBook:
    """How many elements each order has, and the earliest end among them."""

    def __init__(self) -> None:
        self._count: dict[int, int] = {}
        self._end: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []

    def add(self, end: Integers, order: Integers) -> None:
        """Elements were written."""
        for number, count, first in _by_order(end, order):
            self._count[number] = self._count.get(number, 0) + count
            if first < self._end.get(number, NO_END):
                self._end[number] = first
                heapq.heappush(self._heap, (first, number))

    def remove(self, end: Integers, order: Integers) -> None:
        """Elements were deleted; an order without elements no longer counts."""
        for number, count, _ in _by_order(end, order):
            left = self._count.get(number, 0) - count
            if left > 0:
                self._count[number] = left
            else:
                self._count.pop(number, None)
                self._end.pop(number, None)

    def next_ms(self) -> int | None:
        """When the kernel expires the first element, milliseconds; None: never."""
        while self._heap and self._end.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] + GRACE_MS if self._heap else None


def _by_order(end: Integers, order: Integers) -> Iterable[tuple[int, int, int]]:
    """Of the elements that end: each order's number, how many it has, and their first end."""
    if len(end) <= _FEW:
        return _counted(end.tolist(), order.tolist())
    timed = end != NO_END
    numbers, which, counts = np.unique(order[timed], return_inverse=True, return_counts=True)
    earliest = np.full(len(numbers), NO_END)
    np.minimum.at(earliest, which.reshape(-1), end[timed])
    return zip(numbers.tolist(), counts.tolist(), earliest.tolist(), strict=True)


def _counted(ends: list[int], orders: list[int]) -> Iterator[tuple[int, int, int]]:
    found: dict[int, list[int]] = {}
    for end, order in zip(ends, orders, strict=True):
        if end != NO_END:
            found.setdefault(order, []).append(end)
    return ((order, len(some), min(some)) for order, some in found.items())
