# SPDX-License-Identifier: GPL-2.0-or-later
"""When the kernel will next expire an element of ours: pure bookkeeping, by order.

Kernel expiry moves no generation, so a fingerprint proves nothing from then on. Orders that are
removed in time (they all are, a minute before) must not count, or every ended order would cost
a full read.
"""

from __future__ import annotations

import heapq

import numpy as np

from enforcer.core.rules import NO_END, Integers
from enforcer.driver_api import GRACE_MS


class ExpiryBook:
    """How many elements each order has, and the earliest end among them."""

    def __init__(self) -> None:
        self._count: dict[int, int] = {}
        self._end: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []

    def add(self, end: Integers, order: Integers) -> None:
        """Elements were written."""
        timed = end != NO_END
        numbers, which, counts = np.unique(order[timed], return_inverse=True, return_counts=True)
        if not len(numbers):
            return
        earliest = np.full(len(numbers), NO_END)
        np.minimum.at(earliest, which.reshape(-1), end[timed])
        for number, count, first in zip(
            numbers.tolist(), counts.tolist(), earliest.tolist(), strict=True
        ):
            self._count[number] = self._count.get(number, 0) + count
            if first < self._end.get(number, NO_END):
                self._end[number] = first
                heapq.heappush(self._heap, (first, number))

    def remove(self, end: Integers, order: Integers) -> None:
        """Elements were deleted; an order without elements no longer counts."""
        numbers, counts = np.unique(order[end != NO_END], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
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
