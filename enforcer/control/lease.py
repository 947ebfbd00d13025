# SPDX-License-Identifier: GPL-2.0-or-later
"""The lead of a PostgreSQL database: a lease, renewed in a thread, fenced by its epoch.

A process may be stopped at any moment for longer than its lease (SIGSTOP, a machine that
swaps). Three things keep it from writing when it wakes:

- every transaction that writes checks the epoch, under the lock that a new leader takes too;
- `holds` is asked right before each batch, and goes by the local clock from before the last
  renewal was sent, which is never later than what the server counts from;
- a batch names the device's generation, which the mark of a new leader's epoch has moved.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.core.rules import Owner
from enforcer.errors import AnotherControllerActive, StorageError
from enforcer.storage.database import Database

log = structlog.get_logger()

LEASE_SECONDS = 6.0
_ACTOR = Actor("controller", "controller")
_MARGIN = 1 / 6
"""The part of a lease that clocks may run apart, and that a batch may be on its way."""
_RENEWALS = 3
_AGAIN = 0.5
_JOIN_SECONDS = 5.0


def free(database: Database) -> bool:
    """Whether nobody holds the lease of `database` now. Raises StorageError."""
    with database.read() as reader:
        return reader.lease.state().left <= 0.0


class Lease:
    """One holder's lease on one database; as a context it is renewed, and given back."""

    def __init__(self, database: Database, clock: Clock, seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._owner: Owner | None = None
        self._until = 0.0
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    @property
    def owner(self) -> Owner | None:
        """The epoch that came with it."""
        return self._owner

    def holds(self) -> bool:
        """Whether it is ours for sure by this machine's clock."""
        return not self._lost.is_set() and self._clock.monotonic() < self._until

    def lost(self) -> bool:
        """Whether somebody else took it."""
        return self._lost.is_set()

    def take(self) -> None:
        """Take it and begin an epoch; from now on the database refuses our writes under others.

        Raises AnotherControllerActive when it is held, StorageError.
        """
        self._database.fence(None)
        asked = self._clock.monotonic()
        with self._database.write() as work:
            held = work.lease.state()
            if held.left > 0.0:
                raise self._taken(held.holder)
            owner = work.control.new_epoch()
            if not work.lease.take(self._holder, owner.epoch, self._seconds):
                raise self._taken(None)
            work.record(
                "lead.taken",
                _ACTOR,
                at=self._clock.now(),
                payload={"epoch": owner.epoch, "holder": self._holder},
            )
        self._owner = owner
        self._until = asked + self._seconds * (1 - _MARGIN)
        self._database.fence(owner.epoch)

    def _taken(self, holder: str | None) -> AnotherControllerActive:
        return AnotherControllerActive(
            f"another process ({holder or 'a quicker one'}) controls this database: stop it first,"
            " or let it do the work (orders placed here reach it by themselves)"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(_JOIN_SECONDS)
        self._until = 0.0
        # Whoever waits need not wait for it to run out.
        with suppress(StorageError):
            if self._owner is not None and not self.lost():
                self._database.release_lease(self._holder, self._owner.epoch)

    # -- the thread ----------------------------------------------------------------------

    def _keep(self) -> None:
        wait = self._seconds / _RENEWALS
        away = False
        while not self._clock.wait(self._over, min(wait, _AGAIN) if away else wait):
            try:
                self._renew()
            except StorageError as error:
                if not away:
                    log.warning("the lease cannot be renewed", error=str(error))
                away = True
                continue
            if self.lost():
                log.error("lost the lead: another controller took over; writing nothing more")
                return
            if away:
                log.warning("the lease is renewed again")
            away = False

    def _renew(self) -> None:
        assert self._owner is not None, "a lease is taken before it is kept"
        asked = self._clock.monotonic()
        if self._database.renew_lease(self._holder, self._owner.epoch, self._seconds):
            self._until = asked + self._seconds * (1 - _MARGIN)
        else:
            self._lost.set()
