# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that take a few milliseconds: few at a time, and in turns between those who ask.

Threads of one interpreter that compute at the same time only wait for each other, so a few of
them do more than many. Whoever sends a burst waits behind itself: its next call comes after one
of everybody else. A call that takes long after all, because it waits for a device or for another
writer, gives its place to the next one and goes on beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from enforcer.api.call_threads import CallThreads
from enforcer.api.turns import THREADS

AT_ONCE = 8
"""Calls that compute at the same time."""
PATIENCE = 0.1
"""Seconds after which a call counts as one that waits for something."""

_Answer = TypeVar("_Answer")


class ShortCalls:
    """Used by one event loop. `at_once` calls, each of which counts for `patience` seconds."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE) -> None:
        self._free = at_once
        self._patience = patience
        # Whose turn is next comes first; nobody is here without something that waits.
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._threads = CallThreads(THREADS)

    async def run(self, who: str, call: Callable[[], _Answer]) -> _Answer:
        """What `call` gives or raises, out of a thread; `who` has it called."""
        await self._begin(who)
        place = _Place(self)
        late = asyncio.get_running_loop().call_later(self._patience, place.leave)
        try:
            return await self._threads.run(call)
        finally:
            late.cancel()
            place.leave()

    async def _begin(self, who: str) -> None:
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(who, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.end()
            raise

    def end(self) -> None:
        """One place is free: whose turn it is has it."""
        while self._waiting:
            who = next(iter(self._waiting))
            theirs = self._waiting.pop(who)
            turn = theirs.popleft()
            if theirs:
                self._waiting[who] = theirs
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Place:
    """Given back once."""

    def __init__(self, calls: ShortCalls) -> None:
        self._calls: ShortCalls | None = calls

    def leave(self) -> None:
        calls, self._calls = self._calls, None
        if calls is not None:
            calls.end()
