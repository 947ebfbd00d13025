# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is free again, given back to the system.

A pass over a million members makes and frees columns of some MB each. What the C library keeps of
that for the next pass was half of what the program held, in holes between what is still used; a
trim (malloc_trim(3)) finds them in some milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from enforcer.clock import Clock

WORTH = 32_000_000
"""Grown by so many bytes since the last trim, there may be enough to be worth one."""
_LOOK_SECONDS = 1.0
_STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of this process in memory (proc(5)); 0 where the system does not tell."""
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def trim() -> None:
    """Give back what is free, where the C library can."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


class Slack:
    """When to trim: only what grows can have holes worth it."""

    def __init__(
        self, resident: Callable[[], int] = resident, trim: Callable[[], None] = trim
    ) -> None:
        self._resident = resident
        self._trim = trim
        self._least = resident()

    def look(self) -> bool:
        """Trim where that may be worth it; whether it was done. Call it now and then."""
        now = self._resident()
        self._least = min(self._least, now)
        if now - self._least < WORTH:
            return False
        self._trim()
        self._least = self._resident()
        return True


@contextmanager
def given_back(clock: Clock) -> Iterator[None]:
    """While the block runs the program holds little more than it uses."""
    slack, stop = Slack(), threading.Event()

    def run() -> None:
        while not stop.is_set():
            clock.wait(stop, _LOOK_SECONDS)
            slack.look()

    thread = threading.Thread(target=run, name="slack", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
