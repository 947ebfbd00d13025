# SPDX-License-Identifier: GPL-2.0-or-later
"""A bench on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.unit.notify.notice_bench import Bench


@pytest.fixture
def notice_database(tmp_path: Path) -> Iterator[Database]:
    """Empty, of our schema."""
    url = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(url)
    database = Database(url)
    with database.write() as work:
        work.control.initialise("C0FFEE")
    yield database
    database.close()


@pytest.fixture
def bench(notice_database: Database) -> Bench:
    """See `Bench`."""
    return Bench(notice_database)
