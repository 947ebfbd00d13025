# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers that were given before, on the database: several processes share them."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.answers import Answered, Answers, Turn
from enforcer.clock import Clock
from enforcer.storage.database import Database

KEPT = timedelta(days=1)
ABANDONED = timedelta(minutes=5)
"""A request that began so long ago without an answer ended with the process that worked on it.

It may have been done or not: what can be asked for with a key comes to the same, done twice."""


class StoredAnswers:
    """Implements `Answers`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, key: str, request: str) -> Answered | Turn:
        """See `Answers.begin`."""
        now = self._clock.now()
        with self._database.write() as work:
            work.answers.forget_before(now - KEPT)
            known = work.answers.get(key)
            if known is not None and known.request != request:
                return Turn.REUSED
            if known is not None and known.status:
                return Answered(known.status, known.body)
            if known is not None and now - known.at < ABANDONED:
                return Turn.IN_USE
            work.answers.forget(key)
            work.answers.begin(key, request, now)
            return Turn.OURS

    def finish(self, key: str, answer: Answered) -> None:
        """See `Answers.finish`."""
        with self._database.write() as work:
            work.answers.finish(key, answer.status, answer.body)

    def forget(self, key: str) -> None:
        """See `Answers.forget`."""
        with self._database.write() as work:
            work.answers.forget(key)


_: type[Answers] = StoredAnswers
