# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller's doorbell: "something changed, look", and questions with an answer.

SQLite: a Unix socket beside the file. PostgreSQL: LISTEN and NOTIFY. Ringing carries no order,
only haste: a lost ring costs at most one tick.
"""

from __future__ import annotations

from typing import Any, Protocol

from enforcer.clock import Clock
from enforcer.control import bell_notices, bell_socket
from enforcer.control.visit import Visit
from enforcer.storage.database import Database


class Bell(Protocol):
    """The controller's end. Only the leader of the database may open it."""

    def wait(self, seconds: float) -> Visit | None:
        """The next ring, or None after `seconds`. Nonsense counts as a plain ring."""
        ...

    def answer(self, visit: Visit, reply: dict[str, Any]) -> None:
        """Send `reply` to whoever asked; gone askers are no error. From any thread."""
        ...

    def close(self) -> None:
        """Nobody is at home any more."""
        ...


def open_bell(database: Database, clock: Clock) -> Bell:
    """The bell of `database`. A PostgreSQL server that is away now is heard later."""
    if database.path is not None:
        return bell_socket.Doorbell(database.path)
    return bell_notices.NoticeBell(database, clock)


def ring(database: Database) -> bool:
    """Wake the controller of `database`; False when it is known that nobody heard."""
    # In the same process it need not be woken for what it can be told.
    if database.tell_here():
        return True
    if database.path is not None:
        return bell_socket.ring(database.path)
    return bell_notices.ring(database)


def ask(database: Database, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """Ask the controller of `database` and wait for its answer; None: no answer in time."""
    if database.path is not None:
        return bell_socket.ask(database.path, question, seconds)
    return bell_notices.ask(database, question, seconds)
