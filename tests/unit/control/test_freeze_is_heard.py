# SPDX-License-Identifier: GPL-2.0-or-later
"""A freeze counts at once, whatever else cannot be read at that moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from enforcer.core.brake import PauseState
from enforcer.core.topology import Topology
from enforcer.errors import StorageError
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import Reader
from tests.unit.control.desk import ANN, Desk, edge, inventory
from tests.unit.control.test_controller_inventory import put, running


class Damaged(Database):
    """Its newest inventory cannot be read, where `damaged`."""

    damaged = False

    @contextmanager
    def read(self) -> Iterator[Reader]:
        with super().read() as reader:
            if self.damaged:
                reader.inventories = Unreadable(reader.inventories)  # type: ignore[assignment]  # it stands in for it
            yield reader


class Unreadable:
    """Another inventory is there, and nobody can say what is in it."""

    def __init__(self, stored: object) -> None:
        self._stored = stored

    def __getattr__(self, name: str) -> object:
        return getattr(self._stored, name)

    def content(self, version: object) -> Topology:
        """It cannot be read."""
        raise StorageError("the inventory cannot be read")


def test_it_is_heard_though_the_inventory_cannot_be_read(
    new_database: Callable[[], Path],
) -> None:
    live = Desk(new_database(), inventory(edge("edge1")), live=True)
    database = Damaged(live.url)
    live.database.close()
    live.database = database
    live.restart()
    with running(live) as controller:
        put(live, inventory(edge("edge2")))
        database.damaged = True
        with database.write() as work:
            at = live.time.now()
            work.control.set_state(PauseState.FROZEN, at=at, by="ann", reason="test")
            work.record("control.changed", ANN, at=at, payload={})
        controller.follow("test")
        assert controller.pause is PauseState.FROZEN
    live.close()
