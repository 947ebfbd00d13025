# SPDX-License-Identifier: GPL-2.0-or-later
"""A fresh desk per test; the database is migrated once and copied."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enforcer.control.worker import Worker
from tests.unit.control.desk import PATIENCE, Desk

MakeDesk = Callable[..., Desk]
Start = Callable[[Desk], Worker]


@pytest.fixture
def new_database(initialised: Path, tmp_path: Path) -> Callable[[], Path]:
    """Copies of it."""

    def copy() -> Path:
        number = len(list(tmp_path.glob("*.db")))
        return Path(shutil.copy(initialised, tmp_path / f"{number}.db"))

    return copy


@pytest.fixture
def make_desk(new_database: Callable[[], Path]) -> Iterator[MakeDesk]:
    """Desks of all sorts: arguments as for `Desk`, the database aside."""
    made: list[Desk] = []

    def make(*arguments: object, **named: object) -> Desk:
        desk = Desk(new_database(), *arguments, **named)  # type: ignore[arg-type]  # passed on
        made.append(desk)
        return desk

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """One enforced border router, a fake clock, an empty order book."""
    return make_desk()


@pytest.fixture
def start() -> Iterator[Start]:
    """Workers in threads of their own; stopped and joined at the end."""
    running: list[tuple[Worker, threading.Thread]] = []

    def begin(desk: Desk) -> Worker:
        worker = desk.worker()
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        running.append((worker, thread))
        return worker

    yield begin
    for worker, thread in running:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()
