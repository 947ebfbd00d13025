# SPDX-License-Identifier: GPL-2.0-or-later
"""When orders start and end, in sequence, however many there are."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable
from datetime import datetime

from enforcer.core.orders import Order

Turn = tuple[datetime, int, int]
"""An order's start or end: when, which of the two, its number. At one instant all starts come
before all ends: who takes them in one after the other must leave no gap between two orders."""
_START, _END, _PAST = range(3)
_FEW = 100
"""So many are put in place one by one."""


def end_of(order: Order) -> Turn | None:
    """When it ends; None: never."""
    return None if order.ends is None else (order.ends, _END, order.number)


def past(instant: datetime) -> Turn:
    """After all that start or end at `instant`."""
    return instant, _PAST, 0


class Boundaries:
    """Starts and ends of orders, those too that an order had before it was changed.

    What comes is mostly later than what is known, if starts and ends are kept apart: then it costs
    nothing to put it in place.
    """

    def __init__(self) -> None:
        self._both: tuple[list[Turn], list[Turn]] = ([], [])

    def __len__(self) -> int:
        return sum(map(len, self._both))

    def add(self, orders: Iterable[Order]) -> None:
        """When these start and end."""
        starts, ends = list[Turn](), list[Turn]()
        for order in orders:
            starts.append((order.start, _START, order.number))
            if (end := end_of(order)) is not None:
                ends.append(end)
        for known, new in zip(self._both, (starts, ends), strict=True):
            _merge(known, new)

    def between(self, after: Turn, until: Turn, most: int | None = None) -> list[Turn]:
        """Those in (after, until], in sequence; of more than `most` the first ones."""
        found = list[Turn]()
        for known in self._both:
            low, high = bisect_right(known, after), bisect_right(known, until)
            found += known[low : high if most is None else min(high, low + most)]
        found.sort()
        return found[:most]

    def next(self, after: datetime) -> datetime | None:
        """The first instant later than `after` at which an order starts or ends."""
        at = [bisect_right(known, past(after)) for known in self._both]
        pairs = zip(self._both, at, strict=True)
        return min((known[n][0] for known, n in pairs if n < len(known)), default=None)

    def forget(self, gone: Collection[int]) -> None:
        """Nothing of orders with these numbers is known from now on."""
        for known in self._both:
            known[:] = [turn for turn in known if turn[2] not in gone]

    def copy(self) -> Boundaries:
        """Another one that knows the same."""
        other = Boundaries()
        other._both = (list(self._both[0]), list(self._both[1]))
        return other


def _merge(known: list[Turn], new: list[Turn]) -> None:
    if len(new) <= _FEW:
        for turn in new:
            insort(known, turn)
        return
    new.sort()
    # Only what is later than the first of them has to be looked at.
    low = bisect_right(known, new[0])
    tail = known[low:] + new
    tail.sort()
    known[low:] = tail
