# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that take long: so many at once, so that short ones always find a thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from enforcer.application.actor import Actor
from enforcer.errors import EnforcerError

THREADS = 100
"""Of the server for calls that take long; short ones have as many of their own."""
SLOW_CALLS = 64
"""Of these, for those that wait, ask devices, or walk the whole audit chain."""
EACH = 16
"""Of the slow ones, for one person."""
EACH_MACHINE = 4
ALL_MACHINES = 32
"""Of the slow ones, for one detector, and for all detectors together."""
_MACHINES = "all detectors"


class Busy(EnforcerError):
    """Too many calls that take long are under way."""


class Turns:
    """`turns` at once, `each` of one caller; who finds none is told to come again."""

    def __init__(self, turns: int = SLOW_CALLS, each: int = EACH) -> None:
        self._free = turns
        self._each = each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, actor: Actor | None = None) -> None:
        """Raises Busy."""
        shares = self._shares(actor)
        with self._lock:
            if self._free <= 0:
                raise Busy("too many long requests are under way: try again in a moment")
            if any(self._taken[who] >= most for who, most in shares):
                raise Busy("too many long requests of yours are under way: wait for one to end")
            self._free -= 1
            self._taken.update(who for who, _ in shares)

    def give_back(self, actor: Actor | None = None) -> None:
        """The turn that was taken."""
        with self._lock:
            self._free += 1
            self._taken.subtract(who for who, _ in self._shares(actor))
            self._taken = +self._taken

    def _shares(self, actor: Actor | None) -> list[tuple[str, int]]:
        if actor is None:
            return []
        who = f"{actor.source}/{actor.person}"
        if actor.rights is not None and actor.rights.machine is not None:
            return [(who, min(EACH_MACHINE, self._each)), (_MACHINES, ALL_MACHINES)]
        return [(who, self._each)]


def _slow(request: Request) -> Iterator[None]:
    turns: Turns = request.app.state.turns
    actor: Actor | None = getattr(request.state, "caller", None)
    turns.take(actor)
    try:
        yield
    finally:
        turns.give_back(actor)


_slow.slow = True  # type: ignore[attr-defined]  # read by `enforcer.api.one_call`

SlowTurn = Annotated[None, Depends(_slow)]
"""Of a route that may take long. Raises Busy."""
