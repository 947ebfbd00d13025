# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations go up and down, end at the models, and a stranger's schema is refused."""

from __future__ import annotations

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
from enforcer.storage.engine import is_postgresql
from enforcer.storage.service_tables import metadata
from enforcer.storage.sqlite import create_file
from enforcer.storage.tables import REVISION
from tests.integration.storage.placing import place
from tests.integration.storage.tampering import opened, tamper
from tests.postgres import Cluster


def schema(url: str) -> dict[str, object]:
    """Every table with its columns, keys and indexes, as the database tells them."""
    with opened(url) as engine:
        there = inspect(engine)
        return {
            name: (
                [(c["name"], str(c["type"]), c["nullable"]) for c in there.get_columns(name)],
                there.get_pk_constraint(name),
                sorted(str(i) for i in there.get_indexes(name)),
                sorted(str(f) for f in there.get_foreign_keys(name)),
                sorted(str(u) for u in there.get_unique_constraints(name)),
            )
            for name in there.get_table_names()
            if name != "alembic_version"
        }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "enforcer.db"


@pytest.fixture
def empty(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database of the same kind as `url` without a schema."""
    if is_postgresql(url):
        cluster: Cluster = request.getfixturevalue("cluster")
        return cluster.empty()
    create_file(tmp_path / "empty.db")
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    with opened(url) as made:
        yield made


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


def test_tables_are_made_alike_by_migrations_and_models(url: str, empty: str) -> None:
    with opened(empty) as engine, engine.begin() as connection:
        metadata.create_all(connection)
    ours, theirs = schema(empty), schema(url)
    assert ours.keys() == theirs.keys() == metadata.tables.keys()
    for name, made in ours.items():
        assert made == theirs[name]


def test_the_program_knows_its_own_revision() -> None:
    assert migrate.head() == REVISION


def test_down_and_up_again(url: str) -> None:
    first = schema(url)
    assert migrate.current(url) == migrate.head()
    migrate.downgrade(url, "base")
    assert migrate.current(url) is None
    assert schema(url) == {}
    migrate.upgrade(url)
    assert schema(url) == first
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


@pytest.mark.parametrize("exists", [False, True])
def test_two_programs_may_create_it_at_once(empty: str, tmp_path: Path, exists: bool) -> None:
    # A file may be created by both; a PostgreSQL database is there before.
    url = empty if exists or is_postgresql(empty) else f"sqlite:///{tmp_path / 'new.db'}"
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


def test_an_empty_database(empty: str) -> None:
    assert migrate.current(empty) is None
    with pytest.raises(StorageError, match="enforcer init"):
        Database(empty)


def test_a_database_of_another_version(url: str) -> None:
    tamper(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="9999"):
        Database(url)
    with pytest.raises(StorageError, match="another version"):
        migrate.upgrade(url)


def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageError, match="damaged"):
        Database(f"sqlite:///{path}")
