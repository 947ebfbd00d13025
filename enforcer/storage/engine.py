# SPDX-License-Identifier: GPL-2.0-or-later
"""Which database a URL means, and the connections to it: to read, to write, and aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from enforcer.errors import StorageError
from enforcer.storage import sqlite

PATIENCE = 10.0
"""Seconds that a writer waits for another process."""
STALL = 60.0
"""Seconds that a transaction which writes may do nothing before PostgreSQL ends it: it keeps
everybody else from writing."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Engines on one database.

    `reads`: each transaction is one snapshot. `writes`: each excludes others that write, from
    its beginning (SQLite, whose log the writer then brings to the disk) or from the lock on the
    chain's head (PostgreSQL) on. `swift`: the same,
    not waiting for the disk where that is this machine's own. `aside`: single
    statements, each committed by itself, that wait for nobody. `error`: a problem in our terms.
    `file`: the SQLite file; None on PostgreSQL.
    """

    reads: Engine
    writes: Engine
    swift: Engine
    aside: Engine
    error: Callable[[SQLAlchemyError], StorageError]
    file: Path | None

    def dispose(self) -> None:
        """Give up all connections that are not in use."""
        for engine in (self.reads, self.writes, self.swift, self.aside):
            engine.dispose()


def is_postgresql(url: str) -> bool:
    """Whether `url` names a PostgreSQL database; everything else is taken for a SQLite file."""
    return url.partition(":")[0].partition("+")[0] in ("postgresql", "postgres")


def open_engines(url: str, patience: float = PATIENCE, stall: float = STALL) -> Engines:
    """Engines on an existing database; they connect at first use.

    Raises StorageError for another URL, and where there is no such SQLite file.
    """
    if is_postgresql(url):
        from enforcer.storage import postgres

        reads, writes, aside = postgres.open_engines(url, patience, stall)
        return Engines(reads, writes, writes, aside, postgres.storage_error, None)
    file = sqlite.sqlite_file(url).absolute()
    if not file.exists():
        raise StorageError(f"there is no database at {file}: run `enforcer init`")
    engine = sqlite.open_engine(file, patience, synced=False)
    writes = engine.execution_options(**{sqlite.WRITES: True})
    return Engines(engine, writes, writes, engine, sqlite.storage_error, file)


def migration_engine(url: str) -> Engine:
    """An engine for long transactions that change everything; a SQLite file is created."""
    if is_postgresql(url):
        from enforcer.storage import postgres

        return postgres.migration_engine(url)
    file = sqlite.sqlite_file(url)
    sqlite.create_file(file)
    return sqlite.open_engine(file, PATIENCE).execution_options(**{sqlite.WRITES: True})
