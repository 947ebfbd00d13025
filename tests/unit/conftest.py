# SPDX-License-Identifier: GPL-2.0-or-later
"""Unit tests talk to nobody: a connection that leaves the machine's own file system fails."""

import socket

import pytest

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
