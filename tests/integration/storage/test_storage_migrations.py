# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations go up and down, end at the models, and a stranger's schema is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from enforcer.errors import StorageError
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.storage.engine import create_file, open_engine
from enforcer.storage.tables import REVISION, metadata
from tests.integration.storage.placing import place


def schema(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'"
        ).fetchall()
    connection.close()
    return {"".join(sql.split()) for (sql,) in rows}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "enforcer.db"


@pytest.fixture
def engine(url: str, path: Path) -> Iterator[Engine]:
    opened = open_engine(path)
    yield opened
    opened.dispose()


def test_models_match_the_head(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_primary_keys_match_too(engine: Engine) -> None:
    # Alembic does not compare them.
    there = inspect(engine)
    for table in metadata.tables.values():
        columns = [column.name for column in table.primary_key.columns]
        assert there.get_pk_constraint(table.name)["constrained_columns"] == columns


def test_tables_are_made_alike_by_migrations_and_models(
    url: str, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "models.db"
    create_file(other)
    engine = open_engine(other)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()
    ours = {line for line in schema(other) if line.startswith("CREATEINDEX")}
    assert {line for line in schema(path) if line.startswith("CREATEINDEX")} == ours


def test_the_program_knows_its_own_revision() -> None:
    assert migrate.head() == REVISION


def test_down_and_up_again(url: str, path: Path) -> None:
    first = schema(path)
    assert migrate.current(url) == migrate.head()
    migrate.downgrade(url, "base")
    assert migrate.current(url) is None
    assert schema(path) == set()
    migrate.upgrade(url)
    assert schema(path) == first
    database = Database(url)
    assert place(database).number == 1
    database.close()


def test_upgrading_twice_keeps_everything(url: str) -> None:
    database = Database(url)
    order = place(database)
    database.close()
    migrate.upgrade(url)
    again = Database(url)
    with again.read() as reader:
        assert reader.orders.search() == [order]
    again.close()


def test_two_programs_may_create_it_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    program = "import sys; from enforcer.storage.migrate import upgrade; upgrade(sys.argv[1])"
    both = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert migrate.current(url) == migrate.head()


def test_no_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none.db'}"
    assert migrate.current(url) is None
    with pytest.raises(StorageError, match="enforcer init"):
        Database(url)
    assert not (tmp_path / "none.db").exists()


def test_an_empty_database(path: Path) -> None:
    create_file(path)
    with pytest.raises(StorageError, match="enforcer init"):
        Database(f"sqlite:///{path}")


def test_a_database_of_another_version(url: str, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StorageError, match="9999"):
        Database(url)
    with pytest.raises(StorageError, match="another version"):
        migrate.upgrade(url)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="damaged"):
        Database(f"sqlite:///{path}")
