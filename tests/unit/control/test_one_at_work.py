# SPDX-License-Identifier: GPL-2.0-or-later
"""Several threads ask for the same work: one does it, and none of them asked in vain."""

from __future__ import annotations

import threading

import pytest

from enforcer.control.one_at_work import OneAtWork


def test_who_asks_while_it_is_done_goes_on_and_it_is_done_once_more() -> None:
    work, begun, told, done = OneAtWork(), threading.Event(), threading.Event(), [0]

    def once() -> None:
        done[0] += 1
        begun.set()
        assert told.wait(10)

    first = threading.Thread(target=work.do, args=(once,))
    first.start()
    assert begun.wait(10)
    for _ in range(3):
        work.do(lambda: pytest.fail("by the one that is at it"))
    told.set()
    first.join(10)
    assert not first.is_alive()
    assert done == [2]


def test_it_is_done_anew_for_whoever_asks_later() -> None:
    work, done = OneAtWork(), list[str]()
    work.do(lambda: done.append("first"))
    work.do(lambda: done.append("second"))
    assert done == ["first", "second"]


def test_work_that_breaks_off_keeps_nobody_out() -> None:
    work, done = OneAtWork(), list[str]()

    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work.do(broken)
    work.do(lambda: done.append("done"))
    assert done == ["done"]


def test_who_asked_while_it_broke_off_gets_another_try() -> None:
    work, begun, told, done = OneAtWork(), threading.Event(), threading.Event(), list[int]()
    errors = list[str]()

    def once() -> None:
        done.append(1)
        begun.set()
        assert told.wait(10)
        if len(done) == 1:
            raise ValueError("broken")

    def first() -> None:
        try:
            work.do(once)
        except ValueError as error:
            errors.append(str(error))

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(10)
    work.do(once)
    told.set()
    thread.join(10)
    assert (len(done), errors) == (2, ["broken"])


def test_whatever_was_asked_for_before_the_last_work_began_is_in_it() -> None:
    """Many threads add and ask: in the end nothing is left that nobody took."""
    work, lock = OneAtWork(), threading.Lock()
    left, taken = list[int](), list[int]()

    def take() -> None:
        with lock:
            taken.extend(left)
            left.clear()

    def ask(first: int) -> None:
        for number in range(first, first + 500):
            with lock:
                left.append(number)
            work.do(take)

    threads = [threading.Thread(target=ask, args=(500 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == list(range(2000))
    assert not left
