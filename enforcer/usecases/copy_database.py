# SPDX-License-Identifier: GPL-2.0-or-later
"""Moving an installation to another database, and leaving the old one so that nobody serves it."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.database_views import DatabaseCopied, DatabaseStatus
from enforcer.clock import Clock
from enforcer.control.leadership import leading
from enforcer.core.brake import PauseState
from enforcer.errors import AnotherControllerActive, InvalidInput
from enforcer.storage.copying import Progress, no_progress
from enforcer.storage.database import Database
from enforcer.storage.tables import REVISION
from enforcer.wire import JSONValue


def copy_database(
    database: Database,
    actor: Actor,
    clock: Clock,
    target: str,
    shown: str,
    progress: Progress = no_progress,
) -> DatabaseCopied:
    """Copy `database` into the empty one at the URL `target`; `shown`: without its password.

    Nobody else writes meanwhile. Afterwards the source is closed for writing, with the reason: a
    controller that is started on it ends at once, and no order is taken. Raises
    AnotherControllerActive while a controller runs, StorageError; then nothing has changed, on
    either side.
    """
    try:
        with leading(database, clock), database.write() as work:
            done = work.copy_to(target, progress)
            head = work.audit.head()[0]
            now, reason = clock.now(), f"copied to {shown}: use that one"
            work.control.set_moved(at=now, by=actor.name, reason=reason)
            rows = sum(done.rows.values())
            payload: dict[str, JSONValue] = {"to": shown, "rows": rows, "head": head}
            work.record("database.copied", actor, at=now, payload=payload)
    except AnotherControllerActive as error:
        raise AnotherControllerActive(
            f"{error}; a database is copied while no controller runs on it"
        ) from error
    finally:
        database.fence(None)
    return DatabaseCopied(to=shown, rows=rows, entries=done.entries, frozen=reason)


def reclaim_database(database: Database, actor: Actor, clock: Clock) -> None:
    """Take a database that was copied elsewhere back into use; it stays frozen until `resume`.

    Raises InvalidInput where it was not moved, StorageError.
    """
    with database.write(moved=True) as work:
        where = work.control.moved()
        if where is None:
            raise InvalidInput("this database was not copied elsewhere: it is in use already")
        now, reason = clock.now(), f"taken back into use; before, it was {where}"
        work.control.set_state(PauseState.FROZEN, at=now, by=actor.name, reason=reason)
        work.record("database.reclaimed", actor, at=now, payload={"was": where})


def database_status(database: Database, shown: str, led: bool) -> DatabaseStatus:
    """One database: what it is, how much it holds, who leads it. Raises StorageError."""
    holder = None
    with database.read() as reader:
        if database.path is None and led:
            holder = reader.lease.state().holder
        state = reader.control.state()
        return DatabaseStatus(
            url=shown,
            kind="sqlite" if database.path is not None else "postgresql",
            revision=REVISION,
            rows=reader.rows(),
            head=reader.audit.head()[0],
            led=led,
            leader=holder,
            state="moved" if reader.control.moved() is not None else str(state.state),
            reason=state.reason,
        )
