# SPDX-License-Identifier: GPL-2.0-or-later
"""The way into the database: one transaction that writes, a snapshot to read, the head."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from enforcer.errors import StorageError
from enforcer.storage.audit import read_head
from enforcer.storage.engine import (
    PATIENCE,
    WRITES,
    open_engine,
    sqlite_file,
    storage_error,
)
from enforcer.storage.errors import DatabaseBusy
from enforcer.storage.revision import require_revision
from enforcer.storage.unit_of_work import Reader, UnitOfWork


class Database:
    """A database at this version's schema; safe to share between threads, not over a fork.

    Args:
        url: ``sqlite:////absolute/path`` or ``sqlite:///relative/path``.
        patience: seconds that a writer waits behind others.

    Raises StorageError when there is none, or when its schema is of another version (the
    message says to run ``enforcer init``).
    """

    path: Path | None
    """The SQLite file: what concerns the same database (lock, doorbell) lies beside it."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        file = sqlite_file(url).absolute()
        if not file.exists():
            raise StorageError(f"there is no database at {file}: run `enforcer init`")
        self.path = file
        self._engine = open_engine(file, patience)
        self._writes = self._engine.execution_options(**{WRITES: True})
        self._patience = patience
        # Threads of one process queue here: SQLite's own waiting polls, and is not fair.
        self._turn = threading.Lock()
        self._writer: int | None = None
        try:
            with self._engine.connect() as connection:
                require_revision(connection)
        except StorageError:
            self.close()
            raise

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """One transaction: committed when the block ends, undone when it raises.

        Raises DatabaseBusy after `patience` behind other writers, StorageError.
        """
        return self._write()

    def read(self) -> AbstractContextManager[Reader]:
        """One consistent snapshot, from the first question on; never waits for writers."""
        return self._read()

    def head(self) -> int:
        """The highest committed change sequence."""
        with self._engine.connect() as connection:
            return read_head(connection).seq

    def close(self) -> None:
        """Give up all connections; transactions under way keep theirs until they end."""
        self._engine.dispose()

    @contextmanager
    def _write(self) -> Iterator[UnitOfWork]:
        with self._own_turn(), _our_errors(), self._writes.begin() as connection:
            unit = UnitOfWork(connection)
            yield unit
            unit.seal()

    @contextmanager
    def _read(self) -> Iterator[Reader]:
        with _our_errors(), self._engine.connect() as connection:
            yield Reader(connection)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._writer == me:
            raise StorageError("a transaction is open in this thread: write through that one")
        if not self._turn.acquire(timeout=self._patience):
            raise DatabaseBusy(
                f"another thread has been writing for more than {self._patience:g} s: try again"
            )
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.release()


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as problem:
        raise storage_error(problem) from problem
