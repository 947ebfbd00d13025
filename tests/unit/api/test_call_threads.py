# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads for short calls: answers, errors and context come back, and none is left over."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextvars import ContextVar

import pytest

from enforcer.api.call_threads import CallThreads

LONG = 60.0
_said: ContextVar[str] = ContextVar("said", default="nothing")


def test_the_caller_s_context_is_seen_and_not_changed() -> None:
    def seen() -> str:
        found = _said.get()
        _said.set("something else")
        return found

    async def asked() -> tuple[str, str]:
        _said.set("mine")
        return await CallThreads(1).run(seen), _said.get()

    assert asyncio.run(asked()) == ("mine", "mine")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_what_a_call_raises_is_raised_where_it_is_awaited(error: BaseException) -> None:
    def broken() -> None:
        raise error

    async def twice() -> int:
        threads = CallThreads(1)
        with pytest.raises(type(error)):
            await threads.run(broken)
        return await threads.run(lambda: 7)

    assert asyncio.run(twice()) == 7


def test_an_end_of_an_iteration_that_nobody_caught_is_an_error_like_any_other() -> None:
    async def ended() -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(CallThreads(1).run(lambda: next(iter(()))), LONG)

    asyncio.run(ended())


def test_threads_that_cannot_be_made_are_made_when_it_is_possible_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def again() -> int:
        threads = CallThreads(2)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", full)
            for _ in range(3):
                with pytest.raises(RuntimeError, match="start new thread"):
                    await threads.run(lambda: 7)
        return await asyncio.wait_for(threads.run(lambda: 7), LONG)

    assert asyncio.run(again()) == 7


def test_a_thread_serves_one_after_the_other_and_others_are_made_beside_it() -> None:
    async def several() -> tuple[set[int], int]:
        threads = CallThreads(3)
        alone = {await threads.run(threading.get_ident) for _ in range(5)}
        together = threading.Barrier(3)
        await asyncio.gather(*(threads.run(lambda: together.wait(LONG)) for _ in range(3)))
        return alone, threads._made

    alone, made = asyncio.run(several())
    assert len(alone) == 1
    assert made == 3


def test_of_more_than_there_may_be_the_last_waits() -> None:
    async def more() -> None:
        threads, go_on = CallThreads(1), threading.Event()
        first = asyncio.create_task(threads.run(lambda: go_on.wait(LONG)))
        second = asyncio.create_task(threads.run(threading.get_ident))
        await asyncio.sleep(0)
        assert threads._made == 1
        go_on.set()
        assert await first
        assert await second

    asyncio.run(more())


def test_who_is_cancelled_leaves_the_call_to_itself_and_the_thread_to_others() -> None:
    wrong: list[object] = []

    async def cancelled() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: wrong.append(told))
        threads, go_on, begun = CallThreads(1), threading.Event(), threading.Event()

        def waiting() -> None:
            begun.set()
            go_on.wait(LONG)

        left = asyncio.create_task(threads.run(waiting))
        await asyncio.to_thread(begun.wait, LONG)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        go_on.set()
        return await threads.run(lambda: 7)

    assert asyncio.run(cancelled()) == 7
    assert wrong == []


def test_a_loop_that_was_closed_meanwhile_breaks_no_thread() -> None:
    go_on, over = threading.Event(), threading.Event()
    threads = CallThreads(1)

    def waiting() -> None:
        go_on.wait(LONG)
        over.set()

    async def given_up() -> None:
        left = asyncio.create_task(threads.run(waiting))
        await asyncio.sleep(0)
        left.cancel()

    asyncio.run(given_up())
    go_on.set()
    assert over.wait(LONG)


def test_they_end_when_nobody_has_them_any_more() -> None:
    found: list[threading.Thread] = []

    async def used() -> None:
        threads, together = CallThreads(2), threading.Barrier(2)

        def known() -> None:
            found.append(threading.current_thread())
            together.wait(LONG)

        await asyncio.gather(threads.run(known), threads.run(known))

    asyncio.run(used())
    gc.collect()
    for thread in found:
        thread.join(LONG)
    assert len(found) == 2
    assert not any(thread.is_alive() for thread in found)
