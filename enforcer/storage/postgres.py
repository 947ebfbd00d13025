# SPDX-License-Identifier: GPL-2.0-or-later
"""How we talk to PostgreSQL: snapshots to read, one writer at a time, no endless waiting.

Readers see one snapshot (REPEATABLE READ READ ONLY). Writers are READ COMMITTED and lock the
audit chain's head before anything else, so that each sees all that was committed before it.
Error codes: https://www.postgresql.org/docs/15/errcodes-appendix.html.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.errors import (
    DUPLICATE,
    DatabaseAway,
    DatabaseBusy,
    DuplicateKey,
    SchemaDiffers,
)

DRIVER = "postgresql+psycopg"
_EXAMPLE = "postgresql://enforcer@db.example.net/enforcer"
_CONNECT_SECONDS = 5
_STATEMENT_MS = 60_000
_ASIDE_MS = 5_000
_LONG_WAIT_MS = 60_000
_MIGRATIONS = 0x656E66
"""Advisory lock: two programs that migrate the same database wait for each other."""

# A server whose machine is gone answers nothing at all, not even that it is gone
# (https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-KEEPALIVES).
_NETWORK = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "enforcer",
}


def database_url(url: str) -> URL:
    """`url` for psycopg. Raises StorageError; passwords in it are not repeated."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as problem:
        raise StorageError(
            f"the database's URL cannot be read: write it like {_EXAMPLE}"
        ) from problem
    if parsed.drivername not in ("postgresql", "postgres", DRIVER):
        raise StorageError(
            f"the driver of '{parsed.drivername}' is not supported: write {_EXAMPLE}"
        )
    if not parsed.database:
        raise StorageError(f"the database's URL names no database: write it like {_EXAMPLE}")
    if "password" in parsed.query:
        raise StorageError(
            "the database's URL has its password among the parameters, where it would be shown:"
            " write postgresql://user:password@host/database, or use a password file"
        )
    return parsed.set(drivername=DRIVER)


def open_engines(url: str, patience: float, stall: float) -> tuple[Engine, Engine, Engine]:
    """Engines to read, to write and for single statements; they connect at first use."""
    parsed = database_url(url)
    reads = _engine(parsed, {"statement_timeout": _STATEMENT_MS}, pool_size=8, max_overflow=8)
    writing = {
        "statement_timeout": _STATEMENT_MS,
        "lock_timeout": max(int(patience * 1000), 1),
        "idle_in_transaction_session_timeout": int(stall * 1000),
    }
    # Writers of one process queue before they come here: a pool of their own is never empty.
    writes = _engine(parsed, writing, pool_size=1, max_overflow=1)
    aside = _engine(
        parsed,
        {"statement_timeout": _ASIDE_MS},
        pool_size=2,
        max_overflow=2,
        isolation_level="AUTOCOMMIT",
    )
    snapshot = reads.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return snapshot, writes, aside


def migration_engine(url: str) -> Engine:
    """One connection at a time; a transaction waits first for others that migrate."""
    settings = {"lock_timeout": _LONG_WAIT_MS}
    engine = _engine(database_url(url), settings, pool_size=1, max_overflow=0)
    event.listen(engine, "begin", _wait_for_other_migrations)
    return engine


def connect(url: str) -> psycopg.Connection[Any]:
    """A plain connection in autocommit, for what is no transaction. Raises StorageError."""
    parsed = database_url(url)
    arguments = {**_NETWORK, **parsed.translate_connect_args(username="user", database="dbname")}
    try:
        return psycopg.connect(**{**arguments, **parsed.query}, autocommit=True)
    except psycopg.Error as problem:
        raise our_error(problem) from problem


def _engine(url: URL, settings: dict[str, int], **options: Any) -> Engine:  # noqa: ANN401 - as SQLAlchemy takes them
    given = url.query.get("options", "")
    stated = [given] if isinstance(given, str) else [*given]
    chosen = " ".join([*stated, *(f"-c {name}={value}" for name, value in settings.items())])
    network = {name: value for name, value in _NETWORK.items() if name not in url.query}
    engine = create_engine(
        url.difference_update_query(["options"]),
        connect_args={**network, "options": chosen.strip()},
        # One empty question more, so that a server that was started again is not an error.
        pool_pre_ping=True,
        pool_timeout=10.0,
        **options,
    )
    event.listen(engine, "handle_error", _translate)
    return engine


def _wait_for_other_migrations(connection: Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATIONS})")


def _translate(context: ExceptionContext) -> None:
    original = context.original_exception
    # SQLAlchemy asks whether a pooled connection still lives, and opens another one itself.
    if context.is_pre_ping:
        return
    if isinstance(original, UnicodeError | OverflowError):
        raise InvalidInput(
            f"the database cannot hold such a text or number ({original}): correct it"
        ) from original
    if isinstance(original, psycopg.Error):
        raise our_error(original) from original


def storage_error(problem: SQLAlchemyError) -> StorageError:
    """`problem` in our terms."""
    if isinstance(problem, DBAPIError) and isinstance(problem.orig, psycopg.Error):
        found = our_error(problem.orig)
        return found if isinstance(found, StorageError) else StorageError(str(found))
    if isinstance(problem, PoolTimeout):
        return DatabaseBusy("all connections to the database are in use: try again")
    return StorageError(f"the database refused ({_first_line(problem)}): see the server's log")


_AWAY = "check that the server runs and can be reached from here; it is tried again"
_BY_CODE: dict[str, tuple[type[StorageError | InvalidInput], str]] = {
    "28P01": (StorageError, "check user and password in the database's URL"),
    "28000": (StorageError, "check the user in the database's URL, and the server's pg_hba.conf"),
    "3D000": (StorageError, "create the database first: `createdb --owner=USER NAME`"),
    "42501": (StorageError, "the user lacks rights: make it the owner of the database"),
    "42P01": (SchemaDiffers, "the database has another schema: run `enforcer init`"),
    "42703": (SchemaDiffers, "the database has another schema: run `enforcer init`"),
    "53100": (StorageError, "the server's disk is full: make room; nothing of this was stored"),
    "53300": (DatabaseBusy, "the server has no connection left: raise its max_connections"),
    "25006": (
        StorageError,
        "it may only be read, it is a standby: name the primary in the database's URL",
    ),
    "57014": (DatabaseBusy, "it took too long: try again, and look at the server's load"),
    "55P03": (
        DatabaseBusy,
        "another process has been writing for too long: try again, and look for one that hangs",
    ),
    "40001": (DatabaseBusy, "another process was quicker: try again"),
    "40P01": (DatabaseBusy, "another process was quicker: try again"),
    "25P03": (DatabaseBusy, "this process kept a transaction open for too long: try again"),
    "57P01": (DatabaseAway, _AWAY),
    "57P02": (DatabaseAway, _AWAY),
    "57P03": (DatabaseAway, "the server is starting or stopping; it is tried again"),
    "57P05": (DatabaseAway, _AWAY),
    "22021": (InvalidInput, "the database cannot hold such a text: correct it"),
    "22P05": (InvalidInput, "the database cannot hold such a text: correct it"),
    "22003": (InvalidInput, "the database cannot hold such a number: correct it"),
}


def our_error(problem: psycopg.Error) -> StorageError | InvalidInput:
    """`problem` in our terms; nothing of a URL is repeated."""
    said, code = _first_line(problem), problem.sqlstate
    if code == "23505" and "idempotency_key" in str(problem):
        return DuplicateKey(DUPLICATE)
    if code in _BY_CODE:
        kind, advice = _BY_CODE[code]
        return kind(f"the database refused ({said}): {advice}")
    if code is not None and code.startswith("08"):
        return DatabaseAway(f"the database is away ({said}): {_AWAY}")
    if code is None and isinstance(problem, psycopg.OperationalError):
        return _not_connected(said)
    if code is None and isinstance(problem, psycopg.DataError):
        return InvalidInput(f"the database cannot hold this ({said}): correct it")
    return StorageError(f"the database refused ({said}): nothing of this change was stored")


def _not_connected(said: str) -> StorageError:
    """libpq tells why a connection was refused in words alone, without a code."""
    known = {
        "password authentication failed": "28P01",
        "no password supplied": "28P01",
        'role "': "28P01",
        "no pg_hba.conf entry": "28000",
        "does not exist": "3D000",
        "too many clients": "53300",
    }
    for words, code in known.items():
        if words in said:
            kind, advice = _BY_CODE[code]
            if issubclass(kind, StorageError):
                return kind(f"the database refused the connection ({said}): {advice}")
    return DatabaseAway(f"the database is away ({said}): {_AWAY}")


def _first_line(problem: Exception) -> str:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    return lines[0] if lines else type(problem).__name__
