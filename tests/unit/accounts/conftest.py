# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts on a fresh SQLite database for each test, copied from one that was made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.accounts.local import LocalAccounts
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.passwords import quick_passwords
from tests.unit.accounts.house import SETTINGS, House


@pytest.fixture(scope="session")
def empty_accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at this version's schema."""
    file = tmp_path_factory.mktemp("accounts") / "empty.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def house(empty_accounts: Path, tmp_path: Path) -> Iterator[House]:
    file = tmp_path / "enforcer.db"
    shutil.copy(empty_accounts, file)
    database, clock = Database(f"sqlite:///{file}"), FakeClock()
    yield House(LocalAccounts(database, clock, SETTINGS, quick_passwords()), database, clock)
    database.close()
