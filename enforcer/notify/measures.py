# SPDX-License-Identifier: GPL-2.0-or-later
"""What this process counts while it runs; lost with it, as Prometheus expects of counters."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds of a pass."""

LEADING, STANDING_BY = "leading", "standing by"


@dataclass(frozen=True, slots=True)
class Timing:
    """`buckets`: not cumulative, the last one open; `seconds`: their sum."""

    buckets: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0

    def more(self, seconds: float) -> Timing:
        """With one more."""
        at = bisect_left(BUCKETS, seconds)
        buckets = tuple(n + (i == at) for i, n in enumerate(self.buckets))
        return Timing(buckets, self.seconds + seconds)


@dataclass(frozen=True, slots=True)
class Measured:
    """A copy of everything at one moment. `dropped`: packets by device, as it counts them."""

    role: str = ""
    passes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    timings: Mapping[str, Timing] = field(default_factory=dict)
    wakeups: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


class Measures:
    """Counts; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._role = ""
        self._passes: dict[tuple[str, str], int] = {}
        self._timings: dict[str, Timing] = {}
        self._wakeups: dict[str, int] = {}
        self._dropped: dict[str, int] = {}

    def passed(self, device: str, outcome: str, seconds: float | None) -> None:
        """A pass over a device is over; `seconds` None: it failed, and nobody timed it."""
        with self._lock:
            key = (device, outcome)
            self._passes[key] = self._passes.get(key, 0) + 1
            if seconds is not None:
                self._timings[device] = self._timings.get(device, Timing()).more(seconds)

    def woken(self, device: str) -> None:
        """Something was to be looked at."""
        with self._lock:
            self._wakeups[device] = self._wakeups.get(device, 0) + 1

    def drops(self, packets: Mapping[str, int]) -> None:
        """What the devices that count say now; one that did not answer keeps its number."""
        with self._lock:
            self._dropped = {**self._dropped, **packets}

    def become(self, role: str) -> None:
        """What this process does now; "": neither, as when the database is away."""
        with self._lock:
            self._role = role

    def measured(self) -> Measured:
        """A copy."""
        with self._lock:
            return Measured(
                self._role,
                dict(self._passes),
                dict(self._timings),
                dict(self._wakeups),
                dict(self._dropped),
            )
