# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit tests talk to nobody: a connection that leaves the machine's own file system fails.

A database is made once and copied: making one by migrations takes most of a test's time.
"""

import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.storage import migrate
from enforcer.storage.database import Database

Address = tuple[str | int, ...] | str | bytes


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets connect to AF_UNIX addresses only."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def refuse_network(family: int, address: Address) -> None:
        if family != socket.AF_UNIX:
            pytest.fail(f"a unit test opened a connection to {address!r}", pytrace=True)

    def guarded_connect(self: socket.socket, address: Address) -> None:
        refuse_network(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Address) -> int:
        refuse_network(self.family, address)
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file after `enforcer init` and nothing else, to be copied."""
    file = tmp_path_factory.mktemp("template") / "enforcer.db"
    migrate.upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    with database.write() as work:
        work.control.initialise("C0FFEE")
    database.close()
    with closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file
