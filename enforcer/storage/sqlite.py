# SPDX-License-Identifier: GPL-2.0-or-later
"""How we talk to SQLite: durable, concurrent readers, writers that queue, our own errors.

Python's sqlite3 opens transactions on its own terms; it is told not to
(`isolation_level=None`), and BEGIN is ours: IMMEDIATE for writers, because a transaction
that reads first and writes later fails at once whatever the busy timeout
(https://www.sqlite.org/rescode.html#busy_snapshot).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from enforcer.clock import SystemClock
from enforcer.errors import EnforcerError, InvalidInput, StorageError
from enforcer.storage.errors import DUPLICATE, DatabaseBusy, DuplicateKey, SchemaDiffers

WRITES = "enforcer_writes"
"""Execution option: transactions of this connection will write."""
BEGUN = "enforcer_begun"
"""Execution option: whoever uses this connection begins its transactions himself."""

LOG_BYTES = 4 << 20
"""So long the log becomes before it is taken into the database: SQLite's own measure."""
_LOOK_AGAIN = 0.002
"""Seconds between two looks whether another process still writes."""
_WRITE_AHEAD = "PRAGMA journal_mode = WAL"
_PRAGMAS = (
    _WRITE_AHEAD,
    # With WAL, FULL is what makes a commit survive a power cut.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # The log is cut when it begins anew: its size tells how long it is (`log_length`).
    f"PRAGMA journal_size_limit = {LOG_BYTES}",
    # KiB: a transaction of 100,000 orders should not spill its pages half way.
    "PRAGMA cache_size = -65536",
)


def sqlite_file(url: str) -> Path:
    """The file behind ``sqlite:///relative`` or ``sqlite:////absolute``.

    Raises StorageError for every other URL; passwords in it are not repeated.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:
        raise StorageError(
            "the database's URL cannot be read: write it like sqlite:////var/lib/enforcer/db.sqlite"
        ) from problem
    if parsed.get_backend_name() != "sqlite":
        raise StorageError(
            f"databases of the kind '{parsed.get_backend_name()}' are not supported:"
            " use sqlite:////path/to/file or postgresql://user@host/database"
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.query:
        raise StorageError(
            "the database must be a plain file, which the controller and the shell can share:"
            " use sqlite:////path/to/file"
        )
    return Path(parsed.database)


def create_file(path: Path) -> None:
    """Make sure that `path` exists, readable by its owner alone if it is new (mode 0600).

    A new file appears under its name with the write-ahead log switched on already: SQLite
    does not wait for a lock where two programs switch it on at the same time.
    """
    if path.exists():
        return
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            new = Path(folder) / path.name
            os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with closing(sqlite3.connect(new)) as connection:
                _set(connection, _WRITE_AHEAD)
            with suppress(FileExistsError):
                os.link(new, path)
    except OSError as problem:
        raise StorageError(
            f"{path} cannot be created ({problem.strerror}):"
            " make its directory, or give this user the right to write there"
        ) from problem


def log_of(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def open_engine(path: Path, patience: float = 10.0, *, synced: bool = True) -> Engine:
    """An engine on an existing file; its errors are ours. Connects at first use.

    `synced`: each commit is on the disk when it returns, and one that makes the log long takes it
    into the database; else whoever commits sees to both (`enforcer.storage.durable`,
    `enforcer.storage.log_length`).
    """
    engine = create_engine(
        f"sqlite:///{path}",
        pool_size=8,
        max_overflow=-1,
        connect_args={"isolation_level": None, "timeout": patience},
    )
    event.listen(engine, "connect", _prepare)
    if not synced:
        event.listen(engine, "connect", _prepare_unsynced)
    event.listen(engine, "begin", partial(_begin, patience))
    event.listen(engine, "handle_error", _translate)
    return engine


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    for pragma in _PRAGMAS:
        _set(connection, pragma)


def _set(connection: sqlite3.Connection, pragma: str) -> None:
    # It answers with a row, and `journal_mode` counts as a statement that writes until that is
    # left: no commit succeeds before. The last reference need not be ours, a debugger's or a
    # search for garbage in another thread may hold the cursor for a moment longer.
    connection.execute(pragma).close()


def _prepare_unsynced(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    _set(connection, "PRAGMA synchronous = NORMAL")
    # Whoever waits for the disk takes the log into the database, having told others.
    _set(connection, "PRAGMA wal_autocheckpoint = 0")


def _begin(patience: float, connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(BEGUN, False):
        return
    if not options.get(WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        if not _taken(raw, patience):
            # Says what is wrong, in our terms.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")


def begin_to_write(own: sqlite3.Connection, patience: float) -> None:
    """As soon as no other process does; SQLite's own waiting is switched off, here and later.

    Raises sqlite3.Error: others write for longer than `patience` seconds, or the file is away.
    """
    _set(own, "PRAGMA busy_timeout = 0")
    if not _taken(own, patience):
        # Says what is wrong.
        own.execute("BEGIN IMMEDIATE")


def _taken(raw: Any, patience: float) -> bool:  # noqa: ANN401  # as SQLAlchemy hands it out
    """Begin to write as soon as no other process does; False: it could not within `patience`.

    SQLite itself sleeps up to 100 ms between two looks
    (https://www.sqlite.org/c3ref/busy_timeout.html), so that one who writes again and again, as
    who places very many orders, would keep everybody else out for seconds.
    """
    clock = SystemClock()
    until = clock.monotonic() + patience
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return False
        else:
            return True
        if clock.monotonic() >= until:
            return False
        clock.sleep(_LOOK_AGAIN)


def refusal(original: Exception) -> EnforcerError:
    """What SQLite, or Python before it, said about a statement that was handed to it directly."""
    if isinstance(original, UnicodeError | OverflowError):
        return _unfit(original)
    known = DBAPIError.instance(None, None, original, sqlite3.Error)
    assert isinstance(known, SQLAlchemyError)
    return storage_error(known)


def _unfit(original: Exception) -> InvalidInput:
    return InvalidInput(f"the database cannot hold such a text or number ({original}): correct it")


def _translate(context: ExceptionContext) -> None:
    original = context.original_exception
    if isinstance(original, UnicodeError | OverflowError):
        raise _unfit(original) from original
    if context.sqlalchemy_exception is not None:
        raise storage_error(context.sqlalchemy_exception) from original


def storage_error(problem: SQLAlchemyError) -> StorageError:
    """`problem` in our terms."""
    text = str(getattr(problem, "orig", None) or problem)
    if isinstance(problem, IntegrityError) and "idempotency_key" in text:
        return DuplicateKey(DUPLICATE)
    if "locked" in text or "busy" in text:
        return DatabaseBusy(
            f"the database is busy ({text}), another process has been writing for too long:"
            " try again, and look for one that hangs"
        )
    if "no such table" in text or "no such column" in text:
        return SchemaDiffers(f"the database has another schema ({text}): run `enforcer init`")
    if "disk is full" in text:
        return StorageError("the disk is full: make room; nothing of this change was stored")
    if "readonly" in text or "unable to open" in text:
        return StorageError(
            f"the database cannot be used ({text}):"
            " check that the file and its directory belong to this user"
        )
    if "malformed" in text or "not a database" in text:
        return StorageError(
            f"the database file is damaged ({text}): stop the controller and restore a backup"
        )
    return StorageError(f"the database refused ({text}): nothing of this change was stored")
