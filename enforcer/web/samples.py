# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts of dropped packets as they were seen, for a small chart: kept while the program runs."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

_ORDERS = 500
_EACH = 120
_WIDTH, _HEIGHT = 300.0, 60.0

Sample = tuple[datetime, int]


@dataclass
class Samples:
    """The newest counts of the orders that were looked at last; safe between threads."""

    _kept: OrderedDict[str, deque[Sample]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, order: str, at: datetime, packets: int) -> list[Sample]:
        """Keep one count, and give all that are kept, oldest first.

        A count below the one before begins anew: the device counts from zero again.
        """
        with self._lock:
            kept = self._kept.setdefault(order, deque(maxlen=_EACH))
            if kept and packets < kept[-1][1]:
                kept.clear()
            if not kept or at > kept[-1][0]:
                kept.append((at, packets))
            self._kept.move_to_end(order)
            while len(self._kept) > _ORDERS:
                self._kept.popitem(last=False)
            return list(kept)


@dataclass(frozen=True)
class Chart:
    """A line in a box of 300 by 60: points for SVG, and what it tells in words."""

    line: str
    area: str
    gained: int
    since: datetime


def chart_of(samples: Sequence[Sample]) -> Chart | None:
    """The growth since the first sample; None for fewer than two."""
    if len(samples) < 2:
        return None
    (first, low), (last, high) = samples[0], samples[-1]
    seconds = (last - first).total_seconds()
    height = max(high - low, 1)
    points = [
        (
            (at - first).total_seconds() / seconds * _WIDTH,
            _HEIGHT - 4 - (count - low) / height * (_HEIGHT - 8),
        )
        for at, count in samples
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"0,{_HEIGHT:.0f} {line} {_WIDTH:.0f},{_HEIGHT:.0f}"
    return Chart(line, area, high - low, first)
