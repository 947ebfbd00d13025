# SPDX-License-Identifier: GPL-2.0-or-later
"""Bringing a database to the schema of this version, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from enforcer.errors import StorageError
from enforcer.storage.engine import is_postgresql, migration_engine
from enforcer.storage.revision import stored_revision
from enforcer.storage.sqlite import sqlite_file


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to `revision`; a SQLite file is created if need be (mode 0600).

    One transaction: two processes may do it at the same time, and a failure leaves
    everything as it was. Raises StorageError.
    """
    with _transaction(url) as connection:
        migrate(connection, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`; ``base`` empties it. Raises StorageError."""
    with _transaction(url) as connection:
        _run(connection, command.downgrade, revision)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the database to `revision` within the transaction of `connection`."""
    _run(connection, command.upgrade, revision)


def current(url: str) -> str | None:
    """The revision that the database is at; None: there is no schema (or no file) yet."""
    if not is_postgresql(url) and not sqlite_file(url).exists():
        return None
    with _transaction(url) as connection:
        return stored_revision(connection)


def head() -> str:
    """The revision that this version of the program needs."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise StorageError(f"no migrations in {migrations_folder()}: reinstall the package")
    return newest


def is_known(revision: str) -> bool:
    """Whether this version of the program has that revision: it is ours, or older."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def migrations_folder() -> Path:
    """Beside the packages in the source tree, inside this one in a wheel."""
    here = Path(__file__).resolve().parent
    for folder in (here / "_migrations", here.parents[1] / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise StorageError("the migrations are missing: reinstall the package")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = migration_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _run(connection: Connection, migration: Callable[[Config, str], None], revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    try:
        migration(config, revision)
    except CommandError as problem:
        raise StorageError(
            f"the database cannot be migrated ({problem}):"
            " it was made by another version; use that one, or restore a backup"
        ) from problem
