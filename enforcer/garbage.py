# SPDX-License-Identifier: GPL-2.0-or-later
"""Python's search for cyclic garbage, so that it never stands between an order and its packet.

A reference count frees nearly everything at once. What is left is searched for by walking all
objects that live long, with every thread stopped: 0.1 s for the bare program, a second beside a
hundred thousand orders, at any moment in which many objects are made. So what has outlived such a
search is set aside (`gc.freeze`) as soon as it is much; no later search walks it, and each one
is a few milliseconds. Counting references goes on for what is set aside.

Cycles that became garbage only there are found by a search of everything, which comes when a
multiple of what there is has been set aside since the last one, at a quiet moment if there is one.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from enforcer.clock import Clock

log = structlog.get_logger()

MOST = 4_000
"""So many objects may be walked again by each search; more are set aside."""
_THRESHOLDS = (700, 5, 2)
"""As Python's own, but that what lives long is searched for before it is much: each search then
walks some 11,000 objects at most, and all together no more than before."""
ENOUGH = 4_000_000
"""So many objects, or twice as many as there are, are set aside before everything is searched."""
_PATIENCE = 4
"""At so many times as many it is searched though the moment is not quiet."""
_LOOK_SECONDS = 60.0


class Garbage:
    """How this process looks for cyclic garbage; there is one collector, so use one of these.

    `aside`: how many objects were set aside since everything was searched; some are gone by now.
    """

    def __init__(self, most: int = MOST, enough: int = ENOUGH) -> None:
        self._most = most
        self._enough = enough
        self._standing = 0
        self._looked = 0
        self._searching = False
        self._before = gc.get_threshold()
        self.aside = 0

    def begin(self) -> None:
        """Search everything and set it aside; from now on what comes to live long follows."""
        self.search()
        self._before = gc.get_threshold()
        gc.set_threshold(*_THRESHOLDS)
        gc.callbacks.append(self._told)

    def end(self) -> None:
        """Leave the collector as it was."""
        gc.callbacks.remove(self._told)
        gc.set_threshold(*self._before)
        gc.unfreeze()

    def look(self) -> bool:
        """Search everything where that is due; whether it was. Call it now and then."""
        quiet = self.aside == self._looked
        self._looked = self.aside
        due = max(self._enough, 2 * self._standing)
        if self.aside < due or not (quiet or self.aside >= _PATIENCE * due):
            return False
        self.search()
        return True

    def search(self) -> int:
        """Search everything, and set aside what is left; how many unreachable objects there were.

        All threads stand still meanwhile.
        """
        self._searching = True
        try:
            gc.unfreeze()
            found = gc.collect()
        finally:
            self._searching = False
        gc.freeze()
        self._standing = gc.get_freeze_count()
        self.aside = self._looked = 0
        return found

    def _told(self, phase: str, info: Mapping[str, int]) -> None:
        """Python has begun or ended a search, in whichever thread."""
        if phase != "stop" or info["generation"] != _OLDEST or self._searching:
            return
        # In one breath: were another thread to go on while the list of all objects is there, what
        # it lets go of would live on meanwhile, a database's cursor in the midst of its statement.
        (left,) = map(len, map(gc.get_objects, (_OLDEST,)))
        if left > self._most:
            gc.freeze()
            self.aside += left


_OLDEST = 2
"""The generation of what has outlived two searches; a search of it is one of all generations."""


@contextmanager
def set_aside(clock: Clock) -> Iterator[Garbage]:
    """While the block runs no search for garbage takes long, but for rare ones of everything."""
    garbage = Garbage()
    garbage.begin()
    stop = threading.Event()
    thread = threading.Thread(
        target=_look, args=(garbage.look, clock, stop), name="garbage", daemon=True
    )
    thread.start()
    try:
        yield garbage
    finally:
        stop.set()
        thread.join()
        garbage.end()


def _look(look: Callable[[], bool], clock: Clock, stop: threading.Event) -> None:
    while not stop.is_set():
        clock.wait(stop, _LOOK_SECONDS)
        began = clock.monotonic()
        if look():
            log.info("everything searched for garbage", seconds=clock.monotonic() - began)
