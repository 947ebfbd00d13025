# SPDX-License-Identifier: GPL-2.0-or-later
"""Which URLs are databases, and what a person reads when one refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from enforcer.errors import StorageError
from enforcer.storage.errors import DatabaseBusy, DuplicateKey, SchemaDiffers
from enforcer.storage.sqlite import WRITES, create_file, open_engine, sqlite_file, storage_error


def test_sqlite_urls() -> None:
    assert sqlite_file("sqlite:///a/b.db") == Path("a/b.db")
    assert sqlite_file("sqlite:////var/lib/e.db") == Path("/var/lib/e.db")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:a?mode=memory&uri=true",
        "postgresql://ann:secret@host/db",
    ],
)
def test_other_urls_are_refused_with_an_example(url: str) -> None:
    with pytest.raises(StorageError, match="sqlite:////") as refused:
        sqlite_file(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "problem, kind, says",
    [
        (OperationalError("", {}, Exception("database is locked")), DatabaseBusy, "try again"),
        (OperationalError("", {}, Exception("no such table: orders")), SchemaDiffers, "init"),
        (OperationalError("", {}, Exception("database or disk is full")), StorageError, "room"),
        (
            OperationalError("", {}, Exception("attempt to write a readonly database")),
            StorageError,
            "belong",
        ),
        (
            DBAPIError("", {}, Exception("database disk image is malformed")),
            StorageError,
            "backup",
        ),
        (
            IntegrityError("", {}, Exception("UNIQUE constraint failed: orders.idempotency_key")),
            DuplicateKey,
            "look it up",
        ),
        (
            IntegrityError(
                "",
                {},
                Exception('violates unique constraint "uq_orders_idempotency_key"'),
            ),
            DuplicateKey,
            "look it up",
        ),
        (
            IntegrityError("", {}, Exception("FOREIGN KEY constraint failed")),
            StorageError,
            "nothing of this change",
        ),
    ],
)
def test_refusals_say_what_to_do(problem: DBAPIError, kind: type, says: str) -> None:
    ours = storage_error(problem)
    assert type(ours) is kind
    assert says in str(ours)


def test_a_new_file_is_private_and_an_old_one_untouched(tmp_path: Path) -> None:
    path = tmp_path / "e.db"
    create_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    sqlite3.connect(path).close()
    path.chmod(0o640)
    create_file(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        create_file(tmp_path / "nowhere" / "e.db")


@pytest.mark.parametrize(
    "pragma, value",
    # 2: FULL (https://www.sqlite.org/pragma.html#pragma_synchronous).
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 1_500)],
)
def test_every_connection_is_durable_and_strict(
    tmp_path: Path, pragma: str, value: str | int
) -> None:
    path = tmp_path / "e.db"
    create_file(path)
    engine = open_engine(path, patience=1.5)
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    engine.dispose()


class Held(sqlite3.Connection):
    """Somebody else refers to its cursors too: a debugger, a search of all objects."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursors: list[sqlite3.Cursor] = []

    def execute(self, *args: Any) -> sqlite3.Cursor:
        self.cursors.append(super().execute(*args))
        return self.cursors[-1]


@pytest.mark.parametrize("synced", [False, True])
def test_a_new_connection_commits_while_somebody_holds_its_cursors(
    tmp_path: Path, synced: bool
) -> None:
    path = tmp_path / "e.db"
    create_file(path)
    engine = open_engine(path, synced=synced)

    @event.listens_for(engine, "do_connect")
    def connect(*given: Any) -> None:
        given[-1]["factory"] = Held

    with engine.execution_options(**{WRITES: True}).begin() as connection:
        held = connection.connection.driver_connection
        assert isinstance(held, Held) and held.cursors
        connection.exec_driver_sql("CREATE TABLE kept (number INTEGER)")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM kept").scalar() == 0
    engine.dispose()
