# SPDX-License-Identifier: GPL-2.0-or-later
"""What the sessions of one driver have to tell each other; entries are replaced, never changed."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta


class Shared:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: datetime | None = None
        self._unsaved = True
        self._night: date | None = None
        self._archive: bool | None = None

    @property
    def archive(self) -> bool:
        """Whether the box, when last asked, could roll back by itself."""
        with self._lock:
            return bool(self._archive)

    def saw_archive(self, there: bool) -> None:
        """The box was asked."""
        with self._lock:
            self._archive = there

    # -- a revert timer that nobody confirmed ----------------------------------------------

    def armed(self, until: datetime) -> None:
        """The box goes back to what it had at `until`, unless that is confirmed."""
        with self._lock:
            self._pending = until

    def settled(self) -> None:
        """It was confirmed, or has gone back."""
        with self._lock:
            self._pending = None

    def pending(self, now: datetime) -> timedelta | None:
        """How long the box may still go back by itself; None: it does not."""
        with self._lock:
            if self._pending is None or self._pending <= now:
                return None
            return self._pending - now

    # -- saving ----------------------------------------------------------------------------

    def changed(self) -> None:
        """Something stands that would not survive a reboot."""
        with self._lock:
            self._unsaved = True

    def saved(self, on: date) -> None:
        """It does now."""
        with self._lock:
            self._unsaved, self._night = False, on

    def to_save(self, policy: str, now: datetime, ours: bool) -> bool:
        """Whether `policy` says to save now; `ours`: we have changed something just now."""
        with self._lock:
            if policy == "each":
                return self._unsaved and (ours or self._night is not None)
            night = now.hour in _NIGHT and self._night != now.date()
            return policy == "nightly" and self._unsaved and night


_NIGHT = range(1, 5)
"""Hours, UTC."""
