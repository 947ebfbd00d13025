# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that take long: so many at once, so that short ones always find a thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from enforcer.errors import EnforcerError

THREADS = 100
"""Of the server, for all calls."""
SLOW_CALLS = 64
"""Of these, for those that wait, ask devices, or walk the whole audit chain."""


class Busy(EnforcerError):
    """Too many calls that take long are under way."""


class Turns:
    """`SLOW_CALLS` turns; who finds none is told to come again."""

    def __init__(self, turns: int = SLOW_CALLS) -> None:
        self._free = threading.BoundedSemaphore(turns)

    def take(self) -> None:
        """Raises Busy."""
        if not self._free.acquire(blocking=False):
            raise Busy("too many long requests are under way: try again in a moment")

    def give_back(self) -> None:
        """The turn that was taken."""
        self._free.release()


def _slow(request: Request) -> Iterator[None]:
    turns: Turns = request.app.state.turns
    turns.take()
    try:
        yield
    finally:
        turns.give_back()


SlowTurn = Annotated[None, Depends(_slow)]
"""Of a route that may take long. Raises Busy."""
