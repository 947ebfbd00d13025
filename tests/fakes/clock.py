# SPDX-License-Identifier: GPL-2.0-or-later
"""A clock that moves by hand, for one thread or for many."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from enforcer.clock import Clock

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
_REAL_SECONDS = 0.005
_PATIENCE = 20.0


class FakeClock:
    """Time passes only by `advance`; `step` sets the wall clock alone, as NTP does.

    Threads that wait or sleep here wake when their time has come, or their event was set.
    `sleeping` lets a test wait until so many threads have nothing to do but wait.
    """

    def __init__(self, start: datetime = START) -> None:
        self._wall = start
        self._monotonic = 0.0
        self._lock = threading.Lock()
        self._moved = threading.Condition(self._lock)
        self._sleepers: list[tuple[threading.Event, float]] = []

    def now(self) -> datetime:
        """The wall clock."""
        with self._lock:
            return self._wall

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        with self._lock:
            return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._moved:
            self._wall += timedelta(seconds=seconds)
            self._monotonic += seconds
            self._moved.notify_all()

    def step(self, seconds: float) -> None:
        """Set the wall clock, forward or (negative) back; no time passes."""
        with self._moved:
            self._wall += timedelta(seconds=seconds)
            self._moved.notify_all()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """As `Clock.wait`, by this clock's time."""
        with self._moved:
            sleeper = (event, self._monotonic + seconds)
            self._sleepers.append(sleeper)
            self._moved.notify_all()
            try:
                while self._sleeps(sleeper):
                    # The event knows nothing of this clock, so look at it now and then.
                    self._moved.wait(_REAL_SECONDS)
            finally:
                self._sleepers.remove(sleeper)
        return event.is_set()

    def _sleeps(self, sleeper: tuple[threading.Event, float]) -> bool:
        event, until = sleeper
        return not event.is_set() and self._monotonic < until

    def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`, by this clock's time."""
        self.wait(threading.Event(), seconds)

    def sleeping(self, threads: int) -> bool:
        """Wait (in real time) until at least so many threads wait here; False: they do not."""
        with self._moved:
            return self._moved.wait_for(
                lambda: sum(map(self._sleeps, self._sleepers)) >= threads, _PATIENCE
            )


_: type[Clock] = FakeClock
