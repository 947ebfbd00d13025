# SPDX-License-Identifier: GPL-2.0-or-later
"""The application on a real database, an inventory of two routers, and boxes in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.storage.database import Database
from tests.unit.usecases.exchange import Exchange
from tests.unit.usecases.office import Office
from tests.unit.usecases.plant import EDGES, HOSTING, Plant, files


@pytest.fixture
def office(initialised: Path, tmp_path: Path) -> Iterator[Office]:
    """An installation after `enforcer init`; no controller runs."""
    file = shutil.copy(initialised, tmp_path / "enforcer.db")
    database = Database(f"sqlite:///{file}")
    yield Office(database)
    database.close()


@pytest.fixture
def exchange(office: Office) -> Exchange:
    """Two edges with BGP neighbors, which the boxes can be asked about; no controller runs."""
    return Exchange(office.database)


@pytest.fixture
def plant(office: Office) -> Plant:
    """Two border routers and a customer at edge1, in force; the files may be edited."""
    plant = Plant(office.database, files(*EDGES, HOSTING))
    plant.reload()
    return plant
