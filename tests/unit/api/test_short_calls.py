# SPDX-License-Identifier: GPL-2.0-or-later
"""Short calls: few at a time, fair between callers, and never stuck behind one that waits."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from enforcer.api.short_calls import ShortCalls

LONG = 60.0


def test_a_burst_waits_behind_itself() -> None:
    done: list[str] = []
    held, go_on = threading.Event(), threading.Event()

    def holding() -> None:
        held.set()
        assert go_on.wait(LONG)

    async def both() -> None:
        calls = ShortCalls(1, LONG)
        first = asyncio.create_task(calls.run("burst", holding))
        await asyncio.to_thread(held.wait)
        burst = [
            asyncio.create_task(calls.run("burst", partial(done.append, f"burst {number}")))
            for number in range(20)
        ]
        await asyncio.sleep(0)
        person = asyncio.create_task(calls.run("person", lambda: done.append("person")))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, person, *burst)

    asyncio.run(both())
    assert done.index("person") == 1
    assert [one for one in done if one != "person"] == [f"burst {n}" for n in range(20)]


def test_no_more_than_so_many_run_at_once() -> None:
    lock = threading.Lock()
    running, most = 0, 0

    def counted() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.001)
        with lock:
            running -= 1

    async def many() -> None:
        calls = ShortCalls(3, LONG)
        await asyncio.gather(*(calls.run("one", counted) for _ in range(50)))

    asyncio.run(many())
    assert most <= 3


def test_one_that_waits_gives_its_place_away_once() -> None:
    go_on = threading.Event()

    async def behind() -> None:
        calls = ShortCalls(1, 0.01)
        waiting = asyncio.create_task(calls.run("router", lambda: go_on.wait(LONG)))
        await asyncio.sleep(0)
        assert await calls.run("person", lambda: "answered") == "answered"
        assert not waiting.done()
        go_on.set()
        assert await waiting
        assert calls._free == 1

    asyncio.run(behind())


def test_an_error_leaves_the_place() -> None:
    def broken() -> None:
        raise ValueError("no")

    async def twice() -> None:
        calls = ShortCalls(1, LONG)
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                await calls.run("one", broken)
        assert await calls.run("one", lambda: 7) == 7

    asyncio.run(twice())


def test_who_goes_away_while_waiting_takes_no_place() -> None:
    go_on = threading.Event()

    async def gone() -> None:
        calls = ShortCalls(1, LONG)
        first = asyncio.create_task(calls.run("a", lambda: go_on.wait(LONG)))
        await asyncio.sleep(0)
        second = asyncio.create_task(calls.run("b", lambda: 2))
        third = asyncio.create_task(calls.run("c", lambda: 3))
        await asyncio.sleep(0)
        second.cancel()
        go_on.set()
        assert await first
        assert await third == 3
        assert second.cancelled()
        assert await calls.run("d", lambda: 4) == 4

    asyncio.run(gone())
