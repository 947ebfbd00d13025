# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers to requests with a key, on every database; of many who come at once one is first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from enforcer.application.answers import Answered, Turn
from enforcer.storage.database import Database
from enforcer.usecases.answers import KEPT, StoredAnswers
from tests.fakes.clock import FakeClock

LONG = "ü" * 100_000


def test_of_many_at_once_one_is_the_first(database: Database) -> None:
    answers = StoredAnswers(database, FakeClock())
    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(lambda _: answers.begin("key", "a digest"), range(8)))
    assert turns.count(Turn.OURS) == 1 and turns.count(Turn.IN_USE) == 7


def test_an_answer_is_kept_whole_for_its_time(database: Database) -> None:
    clock = FakeClock()
    answers = StoredAnswers(database, clock)
    answers.begin("key", "a digest")
    answers.finish("key", Answered(202, LONG))
    assert answers.begin("key", "a digest") == Answered(202, LONG)
    assert answers.begin("key", "another") is Turn.REUSED
    clock.advance(KEPT.total_seconds() + 1)
    answers.begin("other", "a digest")
    with database.read() as reader:
        assert reader.answers.get("key") is None, "what is old is not kept"
        assert reader.answers.get("other") is not None


def test_what_was_not_done_leaves_nothing(database: Database) -> None:
    answers = StoredAnswers(database, FakeClock())
    before = database.head()
    answers.begin("key", "a digest")
    answers.forget("key")
    with database.read() as reader:
        assert reader.answers.get("key") is None
    assert database.head() == before, "keys are no part of the record"
