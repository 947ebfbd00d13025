# SPDX-License-Identifier: GPL-2.0-or-later
"""Who leads a PostgreSQL database until when, by the server's clock alone.

One row: holder, epoch, until. The epoch is the controller's (`ControlReader.identity`), so that
a lease that was lost shows in every transaction, and as the newer mark on the devices.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    bindparam,
    literal_column,
    select,
    update,
)

from enforcer.errors import StorageError
from enforcer.storage.tables import lease

_SECOND = 1_000_000

# Not now(): that is when the transaction began, and it may have waited for its turn since.
_now: ColumnElement[int] = literal_column(
    "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)", BigInteger
)
_row = select(lease.c.holder, lease.c.epoch, lease.c.until_us, _now.label("now_us")).where(
    lease.c.id == 1
)
_take = (
    update(lease)
    .where(
        lease.c.id == 1,
        lease.c.epoch < bindparam("new_epoch"),
        (lease.c.holder.is_(None)) | (lease.c.until_us <= _now),
    )
    .values(holder=bindparam("by"), epoch=bindparam("new_epoch"), until_us=_now + bindparam("us"))
)
_ours = update(lease).where(
    lease.c.id == 1, lease.c.holder == bindparam("by"), lease.c.epoch == bindparam("of_epoch")
)
_renew = _ours.values(until_us=_now + bindparam("us"))
_release = _ours.values(holder=None, until_us=0)


@dataclass(frozen=True, slots=True)
class Held:
    """The lease as it stands: `left` seconds remain; 0 or less: whoever comes first has it."""

    holder: str | None
    epoch: int
    left: float


class LeaseReader:
    """The lease as of one snapshot; its time is that of the question."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def state(self) -> Held:
        """Who holds it and for how long. Raises StorageError for a damaged database."""
        row = self._connection.execute(_row).one_or_none()
        if row is None:
            raise StorageError("the database has lost its lease row: restore a backup")
        left = 0.0 if row.holder is None else (row.until_us - row.now_us) / _SECOND
        return Held(row.holder, row.epoch, left)


class LeaseWriter(LeaseReader):
    """The lease, to be taken, kept and given back."""

    def take(self, holder: str, epoch: int, seconds: float) -> bool:
        """Compare and set: ours for `seconds` under `epoch`, if nobody holds it now.

        `epoch` was begun in this transaction and is above all before it.
        """
        values = {"by": holder, "new_epoch": epoch, "us": int(seconds * _SECOND)}
        return self._connection.execute(_take, values).rowcount == 1

    def renew(self, holder: str, epoch: int, seconds: float) -> bool:
        """Compare and set: `seconds` more from now on; False: somebody else took it.

        One that ran out and that nobody took is still ours.
        """
        values = {"by": holder, "of_epoch": epoch, "us": int(seconds * _SECOND)}
        return self._connection.execute(_renew, values).rowcount == 1

    def release(self, holder: str, epoch: int) -> None:
        """Give it back, if it is still ours."""
        self._connection.execute(_release, {"by": holder, "of_epoch": epoch})
