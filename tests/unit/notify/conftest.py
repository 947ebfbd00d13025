# SPDX-License-Identifier: GPL-2.0-or-later
"""A bench on a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.storage.database import Database
from tests.unit.notify.notice_bench import Bench


@pytest.fixture
def notice_database(initialised: Path, tmp_path: Path) -> Iterator[Database]:
    """Empty, of our schema."""
    file = shutil.copy(initialised, tmp_path / "enforcer.db")
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


@pytest.fixture
def bench(notice_database: Database) -> Bench:
    """See `Bench`."""
    return Bench(notice_database)
