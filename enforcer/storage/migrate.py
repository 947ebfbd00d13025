# SPDX-License-Identifier: GPL-2.0-or-later
"""Bringing a database to the schema of this version, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from enforcer.errors import StorageError
from enforcer.storage.engine import WRITES, create_file, open_engine, sqlite_file
from enforcer.storage.revision import stored_revision


def upgrade(url: str, revision: str = "head") -> None:
    """Create the database if need be (mode 0600) and bring it to `revision`.

    One transaction: two processes may do it at the same time, and a failure leaves
    everything as it was. Raises StorageError.
    """
    path = sqlite_file(url)
    create_file(path)
    _run(path, command.upgrade, revision)


def downgrade(url: str, revision: str) -> None:
    """Take the database back to `revision`; ``base`` empties it. Raises StorageError."""
    _run(sqlite_file(url), command.downgrade, revision)


def current(url: str) -> str | None:
    """The revision that the database is at; None: there is no schema (or no file) yet."""
    path = sqlite_file(url)
    if not path.exists():
        return None
    engine = open_engine(path)
    try:
        with engine.connect() as connection:
            return stored_revision(connection)
    finally:
        engine.dispose()


def head() -> str:
    """The revision that this version of the program needs."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise StorageError(f"no migrations in {migrations_folder()}: reinstall the package")
    return newest


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


def _run(path: Path, migrate: Callable[[Config, str], None], revision: str) -> None:
    config = _config()
    engine = open_engine(path)
    try:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            config.attributes["connection"] = connection
            migrate(config, revision)
    except CommandError as problem:
        raise StorageError(
            f"the database cannot be migrated ({problem}):"
            " it was made by another version; use that one, or restore a backup"
        ) from problem
    finally:
        engine.dispose()
