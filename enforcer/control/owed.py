# SPDX-License-Identifier: GPL-2.0-or-later
"""Since when a device is to be looked at for a reason, and no pass has come to its end."""

from __future__ import annotations

import threading


class Owed:
    """Of one device; thread-safe. Instants are those of a clock that never steps back, in seconds.

    A pass answers what was asked before it began; one that fails, or cannot be recorded,
    answers nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._new: float | None = None
        self._begun: float | None = None
        self._done: float | None = None

    def ask(self, now: float) -> None:
        """There is a reason to look."""
        with self._lock:
            if self._new is None:
                self._new = now

    def begin(self, now: float) -> None:
        """A pass begins, for all that was asked so far, or for itself."""
        with self._lock:
            if self._begun is None:
                self._begun = now if self._new is None else self._new
            self._new = None

    def end(self, now: float) -> None:
        """It has come to its end."""
        with self._lock:
            self._begun, self._done = None, now

    @property
    def since(self) -> float | None:
        """When what is not answered yet was asked first; None: nothing is owed."""
        with self._lock:
            return self._new if self._begun is None else self._begun

    @property
    def done(self) -> float | None:
        """When a pass came to its end last."""
        with self._lock:
            return self._done
