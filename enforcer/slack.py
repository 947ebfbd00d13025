# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that is free again, given back to the system.

A pass over a million members makes and frees columns of some MB each. What the C library keeps of
that for the next pass was half of what the program held, in holes between what is still used; a
trim (malloc_trim(3)) finds them in some milliseconds.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enforcer.clock import Clock

WORTH = 32_000_000
"""So many bytes must have been freed since the last trim for another one."""
_LOOK_SECONDS = 1.0


class _Counts(ctypes.Structure):
    """``struct mallinfo2`` (mallinfo(3), glibc 2.33); `fordblks`: bytes in free blocks."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


class Allocator:
    """The C library's; one that cannot tell what is free has nothing free."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        self._able = hasattr(library, "malloc_trim") and hasattr(library, "mallinfo2")
        if self._able:
            library.mallinfo2.restype = _Counts
        self._library = library

    def free(self) -> int:
        """Bytes in blocks that nobody uses, given back already or not."""
        return int(self._library.mallinfo2().fordblks) if self._able else 0

    def trim(self) -> None:
        """Give back the whole pages in them."""
        if self._able:
            self._library.malloc_trim(0)


class Slack:
    """When to trim: what is free twice in a row was given back the first time."""

    def __init__(self, free: Callable[[], int], trim: Callable[[], None]) -> None:
        self._free = free
        self._trim = trim
        self._least = 0

    def look(self) -> bool:
        """Trim where enough was freed; whether it was done. Call it now and then."""
        free = self._free()
        self._least = min(self._least, free)
        if free - self._least < WORTH:
            return False
        self._trim()
        self._least = self._free()
        return True


@contextmanager
def given_back(clock: Clock) -> Iterator[None]:
    """While the block runs the program holds little more than it uses."""
    allocator, stop = Allocator(), threading.Event()
    slack = Slack(allocator.free, allocator.trim)

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
