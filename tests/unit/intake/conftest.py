# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation that takes reports: two routers, three customers, rules."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.unit.intake.desk_of_reports import ReportOffice

MakeOffice = Callable[..., ReportOffice]


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file after `enforcer init`, to be copied."""
    file = tmp_path_factory.mktemp("intake") / "empty.db"
    migrate.upgrade(f"sqlite:///{file}")
    opened = Database(f"sqlite:///{file}")
    with opened.write() as work:
        work.control.initialise("C0FFEE")
    opened.close()
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture
def database(tmp_path: Path, empty: Path) -> Iterator[Database]:
    """A database of its own; no controller runs."""
    shutil.copy(empty, tmp_path / "enforcer.db")
    opened = Database(f"sqlite:///{tmp_path / 'enforcer.db'}")
    yield opened
    opened.close()


@pytest.fixture
def office(database: Database) -> MakeOffice:
    """Makes an office with the given rules."""

    def make(*rules: dict[str, Any], **settings: Any) -> ReportOffice:
        return ReportOffice(database, rules, **settings)

    return make
