# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation that takes reports: two routers, three customers, rules."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from enforcer.storage.database import Database
from tests.unit.intake.desk_of_reports import ReportOffice

MakeOffice = Callable[..., ReportOffice]


@pytest.fixture
def database(tmp_path: Path, initialised: Path) -> Iterator[Database]:
    """A database of its own; no controller runs."""
    shutil.copy(initialised, tmp_path / "enforcer.db")
    opened = Database(f"sqlite:///{tmp_path / 'enforcer.db'}")
    yield opened
    opened.close()


@pytest.fixture
def office(database: Database) -> MakeOffice:
    """Makes an office with the given rules."""

    def make(*rules: dict[str, Any], **settings: Any) -> ReportOffice:
        return ReportOffice(database, rules, **settings)

    return make
