# SPDX-License-Identifier: GPL-2.0-or-later
"""One active controller per database; the others stand by.

SQLite: a lock on a file (`lock_file`), free at once when its holder dies. PostgreSQL: a lease
(`lease`) that its holder renews, and that runs out by the server's clock. Both say through
`holds` whether a device may still be written to, and through `lost` that it is over.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import structlog

from enforcer.clock import Clock, SystemClock
from enforcer.control.lease import LEASE_SECONDS, Lease, free
from enforcer.control.lock_file import is_locked, locked
from enforcer.core.rules import Owner
from enforcer.errors import AnotherControllerActive
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseAway, DatabaseBusy

log = structlog.get_logger()

_LOOK_EVERY = 0.5
"""Seconds between two looks of a standby."""


class Lead(Protocol):
    """The right to write to the devices of one database."""

    @property
    def owner(self) -> Owner | None:
        """The epoch that came with it; None: it comes with none."""
        ...

    def holds(self) -> bool:
        """Whether a device may be written to now; asked right before each batch."""
        ...

    def lost(self) -> bool:
        """Whether somebody else has it: it does not come back."""
        ...


class FileLead:
    """Ours until this process gives it back or ends."""

    owner: Owner | None = None

    def holds(self) -> bool:
        """See `Lead`."""
        return True

    def lost(self) -> bool:
        """See `Lead`."""
        return False


@contextmanager
def leading(
    database: Database, clock: Clock | None = None, seconds: float = LEASE_SECONDS
) -> Iterator[Lead]:
    """Hold the lead of `database`; raises AnotherControllerActive at once when it is taken.

    Raises StorageError when the database is away. `seconds`: how long the lease of a dead
    process stands.
    """
    if database.path is not None:
        with locked(database.path):
            yield FileLead()
        return
    lease = Lease(database, clock or SystemClock(), seconds)
    lease.take()
    with lease:
        yield lease


def is_led(database: Database) -> bool:
    """Whether some process leads `database` now. Raises StorageError."""
    if database.path is not None:
        return is_locked(database.path)
    return not free(database)


@contextmanager
def standing_by(
    database: Database, clock: Clock, stop: threading.Event, seconds: float = LEASE_SECONDS
) -> Iterator[Lead | None]:
    """Wait for the lead of `database` and hold it; None: `stop` was set before.

    A database that is away is waited for. Raises StorageError for one that is damaged.
    """
    waiting = _Waiting(database)
    with ExitStack() as held:
        while not stop.is_set():
            lead = _taken(held, database, clock, seconds, waiting)
            if lead is not None:
                waiting.over()
                yield lead
                return
            clock.wait(stop, _LOOK_EVERY)
        yield None


def _taken(
    held: ExitStack, database: Database, clock: Clock, seconds: float, waiting: _Waiting
) -> Lead | None:
    """The lead if it is free; None: it is not, or nobody can tell."""
    try:
        if not is_led(database):
            return held.enter_context(leading(database, clock, seconds))
    except AnotherControllerActive:
        pass
    except (DatabaseAway, DatabaseBusy) as away:
        waiting.says("database away", error=str(away))
        return None
    waiting.says("standing by: another controller leads this database")
    return None


class _Waiting:
    """Says once what is waited for."""

    def __init__(self, database: Database) -> None:
        self._database = database.name
        self._said = ""

    def says(self, what: str, **more: str) -> None:
        """Log it, unless it was the last thing said."""
        if what != self._said:
            self._said = what
            log.warning(what, database=self._database, **more)

    def over(self) -> None:
        """Log that the lead was taken, if somebody had to wait for it."""
        if self._said:
            log.warning("taking over: the lead was free", database=self._database)
