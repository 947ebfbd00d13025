# SPDX-License-Identifier: GPL-2.0-or-later
"""An emulated router's clock: runs with the machine's, and tests may advance it."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enforcer.clock import Clock, SystemClock


@dataclass
class Timer:
    """Something that happens at an instant of the router's clock, unless cancelled."""

    due: datetime
    action: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """It will not happen."""
        self.cancelled = True

    def fire(self) -> None:
        """Do it, unless cancelled."""
        if not self.cancelled:
            self.action()


@dataclass
class EmulatorClock:
    """The router's time: `base` plus what tests advanced.

    Attributes:
        base: the clock it runs with. A frozen router has a `base` that stands still.
        skew: what the router's own clock (`show clock`) is ahead of the true time; timers do
            not see it, time-ranges do.
        before_advance: called before time is advanced, without any lock.
    """

    base: Clock = field(default_factory=SystemClock)
    skew: timedelta = timedelta(0)
    before_advance: list[Callable[[], None]] = field(default_factory=list)
    _advanced: timedelta = timedelta(0)
    _timers: list[tuple[datetime, int, Timer]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """The true time as this router lives it: aware, UTC."""
        return self.base.now() + self._advanced

    def wall(self) -> datetime:
        """What the router believes the time is (`now` plus `skew`): aware, UTC."""
        return self.now() + self.skew

    def call_later(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Do `action` once `seconds` have passed; see `fire_due` for who calls it."""
        timer = Timer(self.now() + timedelta(seconds=seconds), action)
        with self._lock:
            heapq.heappush(self._timers, (timer.due, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once: every timer that falls due fires, in order, at its time."""
        for settle in self.before_advance:
            settle()
        target = self._advanced + timedelta(seconds=seconds)
        while (timer := self._take(target)) is not None:
            timer.fire()
        with self._lock:
            self._advanced = max(self._advanced, target)

    def fire_due(self) -> None:
        """Fire every timer whose time has come.

        Every public method of an `Emulator`, every line typed into a session and the SSH
        server's own tick call this, so that no one ever sees a state in which a timer is late.
        """
        while self._timers and (timer := self._take(self._advanced)) is not None:
            timer.fire()

    def _take(self, target: timedelta) -> Timer | None:
        """The first timer due when the clock has been advanced by `target`; it is now then.

        Actions run without the lock: they take the router's, whose holders set timers.
        """
        with self._lock:
            if not self._timers:
                return None
            ahead = self._timers[0][0] - self.base.now()
            if ahead > target:
                return None
            self._advanced = max(self._advanced, ahead)
            return heapq.heappop(self._timers)[2]
