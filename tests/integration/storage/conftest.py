# SPDX-License-Identifier: GPL-2.0-or-later
"""A database of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.storage import migrate
from enforcer.storage.database import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database at this version's schema."""
    place = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(place)
    return place


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()
