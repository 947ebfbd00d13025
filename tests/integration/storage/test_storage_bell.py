# SPDX-License-Identifier: GPL-2.0-or-later
"""The doorbell rings and answers alike on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from enforcer.clock import SystemClock
from enforcer.control.bell_notices import CHANNEL
from enforcer.control.doorbell import Bell, ask, open_bell, ring
from enforcer.control.visit import Visit
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.integration.storage.placing import place
from tests.postgres import Cluster

LONG = 30.0
PLAIN = Visit({}, "")


@pytest.fixture
def bell(database: Database) -> Iterator[Bell]:
    with closing(open_bell(database, SystemClock())) as opened:
        yield opened


@pytest.fixture
def other(database: Database, url: str) -> Iterator[Database]:
    with closing(Database(url)) as opened:
        yield opened


def answering(bell: Bell, reply: dict[str, Any]) -> threading.Thread:
    def answer() -> None:
        visit = bell.wait(LONG)
        assert visit is not None
        bell.answer(visit, {**reply, "asked": visit.question})

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_a_ring_is_heard(bell: Bell, other: Database) -> None:
    assert ring(other)
    assert bell.wait(LONG) == PLAIN
    assert bell.wait(0.01) is None
    for _ in range(3):
        ring(other)
    assert [bell.wait(LONG) for _ in range(3)] == [PLAIN] * 3


def test_a_question_is_answered(bell: Bell, other: Database) -> None:
    thread = answering(bell, {"outcome": "clean"})
    question = {"reconcile": "edge1"}
    assert ask(other, question, LONG) == {"outcome": "clean", "asked": question}
    thread.join()


def test_nobody_at_home_is_no_error(other: Database) -> None:
    ring(other)
    assert ask(other, {"reconcile": "edge1"}, 0.1) is None


def test_an_answer_that_comes_too_late_is_no_error(bell: Bell, other: Database) -> None:
    assert ask(other, {"reconcile": "edge1"}, 0.05) is None
    visit = bell.wait(LONG)
    assert visit is not None and visit.reply_to
    bell.answer(visit, {"too": "late"})


def test_who_asks_is_answered_alone(bell: Bell, other: Database, url: str) -> None:
    answers: list[object] = []

    def question(number: int) -> None:
        with closing(Database(url)) as mine:
            answers.append(ask(mine, {"number": number}, LONG))

    threads = [threading.Thread(target=question, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in threads:
        visit = bell.wait(LONG)
        assert visit is not None
        bell.answer(visit, visit.question)
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == [f"{{'number': {n}}}" for n in range(4)]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("text", ["", "nonsense", "[1]", '{"question": 7, "reply_to": 7}', "null"])
def test_nonsense_counts_as_a_ring(bell: Bell, other: Database, text: str) -> None:
    other.notify(CHANNEL, text)
    visit = bell.wait(LONG)
    assert visit == PLAIN
    bell.answer(visit, {})


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_nobody_is_made_to_speak_on_another_channel(bell: Bell, other: Database) -> None:
    with closing(other.listen("somebody")) as overheard:
        bell.answer(Visit({}, "somebody"), {"secret": 1})
        assert overheard.wait(0.1) is None


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_answer_that_is_too_long_says_so(bell: Bell, other: Database) -> None:
    thread = answering(bell, {"much": "x" * 10_000})
    said = ask(other, {"reconcile": "edge1"}, LONG)
    assert said is not None and "too long" in said["error"]
    thread.join()


def test_after_the_server_was_away_it_is_looked_and_heard_again() -> None:
    with Cluster() as own:
        migrate.upgrade(url := own.empty())
        with (
            closing(Database(url)) as database,
            closing(open_bell(database, SystemClock())) as bell,
        ):
            own.stop()
            assert bell.wait(0.01) is None and bell.wait(0.01) is None
            assert not ring(database)
            assert ask(database, {}, 0.1) is None
            own.start()
            place(database)
            # What rang meanwhile was not heard: look.
            assert bell.wait(LONG) == PLAIN
            assert bell.wait(0.01) is None
            assert ring(database)
            assert bell.wait(LONG) == PLAIN
