# SPDX-License-Identifier: GPL-2.0-or-later
"""How many devices' threads compute at once: as many as gain by it.

Python runs one thread at a time. Whoever waits for that looks up to a thousand times a second
whether it is his turn: where an order wakes a thousand devices, most of what the machine does is
that, and each statement of whoever writes to the database queues behind all of them. Here they
wait without looking, outside; a device that takes its time, or the database, keeps nobody out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from enforcer.clock import Clock, SystemClock

AT_ONCE = 2
"""One computes, and one more does what needs no turn: compresses, hashes, compares columns."""
SOON, LATER = 0.1, 1.0
"""Seconds after which who waits looks whether anybody has left: behind few, behind many."""
_MANY = 8


class Crowd:
    """Threads in the sequence in which they came; `at_once` inside.

    Nobody depends on it: where nobody leaves for as long as `SOON`, somebody inside is taken for
    one who waits for something else, and no longer counted.
    """

    def __init__(self, at_once: int = AT_ONCE, clock: Clock | None = None) -> None:
        self._at_once = at_once
        self._clock = clock or SystemClock()
        self._state = threading.Lock()
        self._inside = 0
        self._left = 0.0
        self._waiting: deque[threading.Lock] = deque()
        self._here = threading.local()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """To compute. Within itself it does nothing more."""
        if self.is_inside:
            yield
            return
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def outside(self) -> Iterator[None]:
        """To wait for something else, where this thread is inside; otherwise nothing."""
        if not self.is_inside:
            yield
            return
        self._leave()
        try:
            yield
        finally:
            self._enter()

    @property
    def is_inside(self) -> bool:
        """Whether this thread is."""
        return getattr(self._here, "inside", False)

    def _enter(self) -> None:
        self._here.inside = True
        with self._state:
            if self._inside < self._at_once and not self._waiting:
                self._inside += 1
                return
            mine = threading.Lock()
            mine.acquire()
            patience = SOON if len(self._waiting) < _MANY else LATER
            self._waiting.append(mine)
        while not mine.acquire(timeout=patience):
            self._look()

    def _leave(self) -> None:
        self._here.inside = False
        with self._state:
            self._inside = max(self._inside - 1, 0)
            self._left = self._clock.monotonic()
            self._let_in()

    def _look(self) -> None:
        with self._state:
            now = self._clock.monotonic()
            if now - self._left >= SOON:
                self._left = now
                self._inside = max(self._inside - 1, 0)
                self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._inside < self._at_once:
            self._inside += 1
            self._waiting.popleft().release()


CROWD = Crowd()
"""Of this process: there is one interpreter in it."""
