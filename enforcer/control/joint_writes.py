# SPDX-License-Identifier: GPL-2.0-or-later
"""What many devices' threads have to record at once, written in few transactions.

An order for a thousand devices is two thousand small transactions, and each of them costs more
than what is written in it. Here whoever comes first begins one, and what others bring until it
is his turn to write goes with it: each with its own check, its own entries, its own answer.
Whoever is alone does not wait, and pays no more than before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Generic, TypeVar

from enforcer.control.crowd import CROWD, Crowd
from enforcer.errors import EnforcerError, StorageError
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import UnitOfWork

T = TypeVar("T")

MOST = 32
"""So many at once: others who want to write wait for one transaction, some tens of milliseconds."""


def _unchecked(work: UnitOfWork) -> None:
    """Where nothing speaks against it."""


class _Phase(Enum):
    """How far a transaction has come."""

    BEGINNING = auto()
    WRITING = auto()
    COMMITTING = auto()


class _Part(Generic[T]):
    """What one thread has to write. `told`: held until its thread may go on.

    `leads`: it goes on to write for all who wait, itself among them. `alone`: it is to be written
    in a transaction of its own.
    """

    def __init__(
        self, check: Callable[[UnitOfWork], None], write: Callable[[UnitOfWork], T]
    ) -> None:
        self._check = check
        self._write = write
        self._result: list[T] = []
        self.error: EnforcerError | None = None
        self.leads = self.alone = False
        self.told = threading.Lock()
        self.told.acquire()

    def permitted(self, work: UnitOfWork) -> bool:
        """Whether its check lets it be written; the refusal is its own."""
        try:
            self._check(work)
        except StorageError:
            # No refusal of this one: what it asked of may be undone with all that the others did.
            raise
        except EnforcerError as refusal:
            self.error = refusal
        return self.error is None

    def write(self, work: UnitOfWork) -> None:
        """Into a transaction."""
        self._result = [self._write(work)]

    def write_alone(self, work: UnitOfWork) -> T:
        """Into one that is its own."""
        self._check(work)
        return self._write(work)

    def result(self) -> T:
        """What came of it. Raises what it was refused for."""
        if self.error is not None:
            raise self.error
        return self._result[0]


class JointWrites:
    """Transactions that threads share; a call of `write` is committed when it returns.

    `swift`: as in `Database.write`. `most`: so many calls in one transaction.
    """

    def __init__(
        self, database: Database, swift: bool = False, most: int = MOST, crowd: Crowd = CROWD
    ) -> None:
        self._database = database
        self._crowd = crowd
        self._swift = swift
        self._most = most
        self._lock = threading.Lock()
        self._waiting: deque[_Part[Any]] = deque()
        self._led = False

    def write(
        self,
        write: Callable[[UnitOfWork], T],
        check: Callable[[UnitOfWork], None] = _unchecked,
    ) -> T:
        """What `write` returns, once it is committed.

        `check` reads only; it runs before anything of the transaction is written, and what it
        raises keeps this call out, and nobody else. What `write` raises undoes the transaction;
        then each call is tried alone. Both may run in another caller's thread. Raises StorageError
        for all who wait where the transaction cannot begin, and for all in it where it cannot
        be committed.
        """
        with self._crowd.outside():
            return self._written(_Part(check, write))

    def _written(self, mine: _Part[T]) -> T:
        with self._lock:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            self._wait(mine)
        if mine.leads:
            _Shared(self._database, self._swift, self._take, self._pass_on).run()
        if mine.alone:
            with self._database.write(swift=self._swift) as work:
                return mine.write_alone(work)
        return mine.result()

    def _wait(self, mine: _Part[Any]) -> None:
        try:
            mine.told.acquire()
        except BaseException:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                leads = mine.leads
            if leads:
                self._pass_on()
            raise

    def _take(self, everybody: bool) -> list[_Part[Any]]:
        with self._lock:
            number = len(self._waiting) if everybody else self._most
            return [self._waiting.popleft() for _ in range(min(number, len(self._waiting)))]

    def _pass_on(self) -> None:
        with self._lock:
            if not self._waiting:
                self._led = False
                return
            self._waiting[0].leads = True
            self._waiting[0].told.release()


class _Shared:
    """One transaction for several parts; the thread that runs it has the first of them.

    `take` hands out the parts, or everybody's; `pass_on` lets the next thread lead.
    """

    def __init__(
        self,
        database: Database,
        swift: bool,
        take: Callable[[bool], list[_Part[Any]]],
        pass_on: Callable[[], None],
    ) -> None:
        self._database = database
        self._swift = swift
        self._take = take
        self._pass_on = pass_on
        self._parts: list[_Part[Any]] = []
        self._phase = _Phase.BEGINNING
        self._passed = False

    def run(self) -> None:
        """Until every part has its answer, whatever happens."""
        failure: EnforcerError | None = StorageError(
            "whoever wrote this along broke off: nothing of it is known to be stored; try again"
        )
        try:
            self._transaction()
            failure = None
        except EnforcerError as error:
            failure = error
        finally:
            self._answer(failure)

    def _transaction(self) -> None:
        with self._database.write(swift=self._swift, written=self._let_go) as work:
            self._parts = self._take(False)
            self._phase = _Phase.WRITING
            for part in [one for one in self._parts if one.permitted(work)]:
                part.write(work)
            self._phase = _Phase.COMMITTING

    def _let_go(self) -> None:
        """Others may write while the disk still works."""
        if not self._passed:
            self._passed = True
            self._pass_on()

    def _answer(self, failure: EnforcerError | None) -> None:
        if failure is not None and self._phase is _Phase.BEGINNING:
            # What keeps one from beginning keeps everybody who waits here.
            self._parts = self._take(True)
        for part in self._parts:
            if failure is None or part.error is not None:
                continue
            if self._phase is _Phase.WRITING:
                part.alone = True
            else:
                part.error = _again(failure)
        self._let_go()
        for part in self._parts:
            if not part.leads:
                part.told.release()


def _again(failure: EnforcerError) -> StorageError:
    """The same for another thread: an exception that is raised twice tells of both."""
    kind = type(failure) if isinstance(failure, StorageError) else StorageError
    made = kind(str(failure))
    made.__cause__ = failure
    return made
