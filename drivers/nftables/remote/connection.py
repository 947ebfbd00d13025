# SPDX-License-Identifier: GPL-2.0-or-later
"""One SSH connection for everything that this process does on a router: passes and events."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers._ssh.login import Client


class SharedConnection:
    """Opened by the first who needs it, closed by the last; a broken one is replaced."""

    def __init__(self, open_: Callable[[], Client]) -> None:
        self._open = open_
        self._lock = threading.Lock()
        self._users: dict[Client, int] = {}
        self._current: Client | None = None

    @contextmanager
    def use(self) -> Iterator[Client]:
        """A connection that stands. Raises as `open_client` does."""
        with self._lock:
            if self._current is None or not self._current.alive():
                self._current = _prompt(self._open())
            client = self._current
            self._users[client] = self._users.get(client, 0) + 1
        try:
            yield client
        finally:
            self._leave(client)

    def _leave(self, client: Client) -> None:
        with self._lock:
            self._users[client] -= 1
            if self._users[client]:
                return
            del self._users[client]
            if self._current is client:
                self._current = None
        client.close()


def _prompt(client: Client) -> Client:
    """Questions are small and many: none waits until the last one was acknowledged (tcp(7))."""
    transport = client.get_transport()
    if transport is not None and isinstance(transport.sock, socket.socket):
        transport.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client
