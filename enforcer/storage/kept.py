# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections to a SQLite file that stay open from one transaction to the next.

A pool asks, with each transaction, who listens to what it does, makes objects that stand for the
connection, and hands out the one that was used longest ago, whose pages and statements are in no
cache any more. An order needs five transactions. Here the last used connection is the next, and
SQLAlchemy is asked for statements alone that are not `often` (`enforcer.storage.often`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Engine

from enforcer.errors import StorageError
from enforcer.storage.often import Direct
from enforcer.storage.sqlite import BEGUN, begin_to_write, refusal

_MOST = 8
"""Connections that are kept; what more are needed at the same time are closed afterwards."""


class _Open(NamedTuple):
    """One connection, as SQLAlchemy and as SQLite know it."""

    usual: Connection
    own: sqlite3.Connection


class Kept:
    """Transactions on connections of `engine`; safe to share between threads.

    Args:
        writes: whether they write; else each is a snapshot.
        patience: seconds that one which writes waits for another process.
    """

    def __init__(self, engine: Engine, writes: bool, patience: float) -> None:
        self._engine = engine
        self._patience = patience
        self._writes = writes
        # Taking from it and adding to it are single steps of the interpreter.
        self._free: list[_Open] = []
        self._closed = False

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One snapshot, from the first question on; or, where it writes, what is committed when
        the block ends and undone when it raises.

        Raises StorageError, DatabaseBusy; SQLAlchemyError as the engine does.
        """
        taken = self._taken()
        direct, done = Direct(*taken, self._writes), False
        try:
            if self._writes:
                self._begin(taken.own)
            yield cast(Connection, direct)
            if self._writes:
                _commit(taken)
            done = True
        finally:
            direct.end()
            self._give_back(taken, done)

    def close(self) -> None:
        """Close what is free; what is in use is closed when its transaction ends."""
        self._closed = True
        while self._free:
            _close(self._free.pop())

    def _taken(self) -> _Open:
        try:
            return self._free.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> _Open:
        usual = self._engine.connect().execution_options(**{BEGUN: True})
        driver: Any = usual.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        usual.detach()
        return _Open(usual, driver)

    def _begin(self, own: sqlite3.Connection) -> None:
        try:
            begin_to_write(own, self._patience)
        except sqlite3.Error as problem:
            raise refusal(problem) from problem

    def _give_back(self, taken: _Open, done: bool) -> None:
        """One whose transaction failed is closed: a statement that stands half way, which whoever
        has the error may keep, would hold an old snapshot for all who come after."""
        usual, own = taken
        by_others = usual.in_transaction()
        try:
            if by_others:
                usual.rollback()
            if own.in_transaction:
                own.rollback()
        except sqlite3.Error as problem:
            _close(taken)
            raise refusal(problem) from problem
        if not done or len(self._free) >= _MOST:
            _close(taken)
            return
        self._free.append(taken)
        if self._closed:
            self.close()


class Pooled:
    """The same where it is no file: by the engine's own pool, with the server's patience."""

    def __init__(self, engine: Engine, writes: bool, _patience: float) -> None:
        self._engine = engine
        self._writes = writes

    def transaction(self) -> AbstractContextManager[Connection]:
        """As `Kept.transaction`."""
        return self._engine.begin() if self._writes else self._engine.connect()

    def close(self) -> None:
        """Nothing is kept."""


def _commit(taken: _Open) -> None:
    if not taken.own.in_transaction:
        # SQLite undoes all of it by itself, where the disk is full (lang_transaction.html).
        raise StorageError("the transaction was undone by an earlier error: nothing was stored")
    if taken.usual.in_transaction():
        taken.usual.commit()
        return
    try:
        taken.own.commit()
    except sqlite3.Error as problem:
        raise refusal(problem) from problem


def _close(one: _Open) -> None:
    one.usual.close()
