# SPDX-License-Identifier: GPL-2.0-or-later
"""A database of its own for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.postgres import Cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database at this version's schema."""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as place:
            yield place
        return
    place = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(place)
    yield place


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()
