# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads in which an event loop has its short calls done.

anyio's take three turns of the loop and a hundred calls to reach a thread that waits already; to
an order that comes alone, whose code is in no cache, that is a third of a millisecond.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar
from weakref import finalize

_Answer = TypeVar("_Answer")


class _Call(NamedTuple):
    """`done` is called in the loop with what `call` gave, or raised."""

    context: Context
    call: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    done: Callable[[Any, BaseException | None], None]


class CallThreads:
    """Up to `most`, made when they are needed; used by one event loop.

    They end when nobody has this any more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made = 0
        self._under_way = 0
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        finalize(self, self._calls.put, None)

    async def run(self, call: Callable[[], _Answer]) -> _Answer:
        """What `call` gives or raises, with the context variables of whoever awaits it.

        Whoever is cancelled meanwhile leaves it to itself.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Answer] = loop.create_future()

        def done(given: _Answer, error: BaseException | None) -> None:
            self._under_way -= 1
            if answer.done():
                return
            if error is None:
                answer.set_result(given)
            elif isinstance(error, StopIteration):
                # No future takes it: it would end whoever awaits.
                answer.set_exception(RuntimeError("a call raised StopIteration"))
            else:
                answer.set_exception(error)

        if self._under_way >= self._made and self._made < self._most:
            work = threading.Thread(target=_work, args=(self._calls,), name="call", daemon=True)
            work.start()
            self._made += 1
        self._under_way += 1
        self._calls.put(_Call(copy_context(), call, loop, done))
        return await answer


def _work(calls: SimpleQueue[_Call | None]) -> None:
    while (one := calls.get()) is not None:
        _do(one)
        # Else it lives, with all that it gave, until the next one comes.
        del one
    # For the next thread.
    calls.put(None)


def _do(one: _Call) -> None:
    given, error = None, None
    try:
        given = one.context.run(one.call)
    except BaseException as problem:  # noqa: BLE001 - it is raised in whoever waits
        error = problem
    try:
        # A loop that was closed meanwhile has nobody who waits.
        with suppress(RuntimeError):
            one.loop.call_soon_threadsafe(one.done, given, error)
    finally:
        # The error's traceback holds this frame.
        del error
