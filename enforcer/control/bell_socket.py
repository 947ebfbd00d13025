# SPDX-License-Identifier: GPL-2.0-or-later
"""The doorbell beside a SQLite file: a Unix datagram socket.

A caller that wants an answer (`device reconcile`) binds a socket of its own and waits there.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

from enforcer.control.visit import Visit

MAX_DATAGRAM = 60_000
_RING = b"{}"


def doorbell_path(database: Path) -> Path:
    """The socket of the database at `database`."""
    return database.with_name(database.name + ".bell")


class Doorbell:
    """The controller's end. Only the leader of the database may open it."""

    def __init__(self, database: Path) -> None:
        self._path = doorbell_path(database)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        _bind(self._socket, self._path)
        self._path.chmod(0o600)

    def wait(self, seconds: float) -> Visit | None:
        """The next ring, or None after `seconds`. Nonsense counts as a plain ring."""
        self._socket.settimeout(seconds)
        try:
            text, address = self._socket.recvfrom(MAX_DATAGRAM)
        except TimeoutError:
            return None
        try:
            question = json.loads(text)
        except ValueError:
            question = {}
        return Visit(
            question if isinstance(question, dict) else {},
            address if isinstance(address, str) else "",
        )

    def answer(self, visit: Visit, reply: dict[str, Any]) -> None:
        """Send `reply` to whoever asked; gone askers are no error."""
        if visit.reply_to:
            with contextlib.suppress(OSError):
                self._socket.sendto(json.dumps(reply).encode()[:MAX_DATAGRAM], visit.reply_to)

    def close(self) -> None:
        """Close and remove the socket."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()


def ring(database: Path) -> bool:
    """Wake the controller of `database`; False when nobody answers the door."""
    bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        bell.setblocking(False)
        _send(bell, _RING, doorbell_path(database))
        return True
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        bell.close()


def ask(database: Path, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """Ask the controller of `database` and wait for its answer; None: no answer in time."""
    with (
        tempfile.TemporaryDirectory(prefix="enforcer-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asker,
    ):
        asker.bind(str(Path(folder) / "reply"))
        asker.settimeout(seconds)
        try:
            _send(asker, json.dumps(question).encode(), doorbell_path(database))
            reply = json.loads(asker.recv(MAX_DATAGRAM))
        except (OSError, ValueError):
            return None
    return reply if isinstance(reply, dict) else None


_LONGEST_ADDRESS = 100


def _bind(end: socket.socket, path: Path) -> None:
    """Bind, also where the path is longer than sun_path's 108 bytes (unix(7))."""
    if len(str(path)) < _LONGEST_ADDRESS:
        end.bind(str(path))
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _send(end: socket.socket, text: bytes, path: Path) -> None:
    if len(str(path)) < _LONGEST_ADDRESS:
        end.sendto(text, str(path))
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end.sendto(text, f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
