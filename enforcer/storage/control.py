# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller's own state: running, paused or frozen; its name and epoch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from enforcer.core.brake import PauseState
from enforcer.core.rules import Owner
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.often import often
from enforcer.storage.records import ControlState
from enforcer.storage.tables import control
from enforcer.storage.times import from_us, to_us

_row = often(select(control).where(control.c.id == 1))
_MOVED = "moved"
"""Stored in place of a state: this database was copied to another one, which is used now."""
_change = update(control).where(control.c.id == 1)


@dataclass(frozen=True, slots=True)
class Standing:
    """`moved`: see `ControlReader.moved`. `epoch`: None before `initialise`. `state`: as stored."""

    moved: str | None
    epoch: int | None
    state: str

    @property
    def pause(self) -> PauseState:
        """Running, paused or frozen. Raises StorageError for a damaged row."""
        return _state(self.state)


class ControlReader:
    """The control row as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> ControlState:
        """Running, paused or frozen; since when, by whom, why. Survives restarts.

        Raises StorageError for a damaged row.
        """
        row = self._connection.execute(_row).one()
        return ControlState(
            state=_state(row.state),
            since=None if row.since_us is None else from_us(row.since_us),
            by=row.by,
            reason=row.reason,
        )

    def moved(self) -> str | None:
        """Where the installation was moved to, in words; None: it is here."""
        row = self._connection.execute(_row).one()
        return (row.reason or "") if row.state == _MOVED else None

    def standing(self) -> Standing:
        """What every transaction that writes must know: by one question."""
        row = self._connection.execute(_row).one()
        moved = (row.reason or "") if row.state == _MOVED else None
        return Standing(moved, row.epoch, row.state)

    def identity(self) -> Owner:
        """Controller id and epoch. Raises StorageError before `initialise`."""
        row = self._connection.execute(_row).one()
        if row.controller is None:
            raise StorageError("this database has no controller id yet: run `enforcer init`")
        return Owner(row.controller, row.epoch)


class ControlWriter(ControlReader):
    """The control row inside one transaction that writes."""

    def set_state(self, state: PauseState | str, *, at: datetime, by: str, reason: str) -> None:
        """Pause, freeze or resume. Raises InvalidInput for any other word."""
        if state not in {*PauseState}:
            raise InvalidInput(f"'{state}' is no state: write {', '.join(PauseState)}")
        self._connection.execute(
            _change.values(state=str(state), since_us=to_us(at), by=by, reason=reason)
        )

    def set_moved(self, *, at: datetime, by: str, reason: str) -> None:
        """The installation is elsewhere from now on: this database is frozen for good."""
        self._connection.execute(
            _change.values(state=_MOVED, since_us=to_us(at), by=by, reason=reason)
        )

    def initialise(self, controller: str) -> bool:
        """Name this installation, unless it has a name already; whether it was done.

        `controller` is random: it tells the marks of installations apart. The epoch is 1.
        """
        unnamed = _change.where(control.c.controller.is_(None))
        named = self._connection.execute(unnamed.values(controller=controller, epoch=1))
        return bool(named.rowcount)

    def new_epoch(self) -> Owner:
        """Advance the epoch by one. Raises StorageError before `initialise`."""
        before = self.identity()
        owner = Owner(before.controller, before.epoch + 1)
        self._connection.execute(_change.values(epoch=owner.epoch))
        return owner


def _state(stored: object) -> PauseState:
    if stored == _MOVED:
        return PauseState.FROZEN
    if stored not in {*PauseState}:
        raise StorageError(
            f"the database says that the controller is {stored!r}, which is no state: it is"
            " damaged; stop the controller and restore a backup"
        )
    return PauseState(str(stored))
