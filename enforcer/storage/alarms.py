# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms: what a person must know of or decide, raised once, open until it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from enforcer.storage.tables import alarms
from enforcer.storage.times import from_us, to_us

_all = select(alarms).order_by(alarms.c.seq.desc())
_open = _all.where(alarms.c.cleared_us.is_(None))
_one_open = _open.where(
    alarms.c.kind == bindparam("of_kind"), alarms.c.subject == bindparam("of_subject")
)
_add = insert(alarms)
_say = update(alarms).where(alarms.c.seq == bindparam("of_seq")).values(said=bindparam("is_said"))
_clear = (
    update(alarms)
    .where(
        alarms.c.kind == bindparam("of_kind"),
        alarms.c.subject == bindparam("of_subject"),
        alarms.c.cleared_us.is_(None),
    )
    .values(cleared_us=bindparam("now_us"))
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `kind` is a stable word (braked, contested, feed-stale, customer-gone,
    device-gone, owner-changed, inventory-bad, ...); `subject` what it is about (a device, a
    customer, an order's id, a list); `said` a sentence with the way out."""

    seq: int
    kind: str
    subject: str
    said: str
    raised: datetime
    cleared: datetime | None = None


class AlarmReader:
    """Alarms as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self) -> list[Alarm]:
        """The alarms that nobody and nothing has cleared yet, newest first."""
        return [_alarm(row) for row in self._connection.execute(_open)]

    def newest(self, limit: int = 100) -> list[Alarm]:
        """The newest alarms, cleared ones too."""
        return [_alarm(row) for row in self._connection.execute(_all.limit(limit))]

    def is_open(self, kind: str, subject: str) -> bool:
        """Whether this one is raised and not cleared."""
        return self.open_one(kind, subject) is not None

    def open_one(self, kind: str, subject: str) -> Alarm | None:
        """This one, if it is raised and not cleared."""
        given = {"of_kind": kind, "of_subject": subject}
        row = self._connection.execute(_one_open, given).first()
        return None if row is None else _alarm(row)


class AlarmWriter(AlarmReader):
    """Alarms inside one transaction that writes; `UnitOfWork.raise_alarm` records them."""

    def add(self, seq: int, kind: str, subject: str, said: str, *, at: datetime) -> None:
        """Raise an alarm under audit entry `seq`."""
        row = {"seq": seq, "kind": kind, "subject": subject, "said": said, "raised_us": to_us(at)}
        self._connection.execute(_add, row)

    def say(self, seq: int, said: str) -> None:
        """Another sentence for the alarm that was raised under `seq`."""
        self._connection.execute(_say, {"of_seq": seq, "is_said": said})

    def clear(self, kind: str, subject: str, *, at: datetime) -> bool:
        """It is over; whether it was open."""
        given = {"of_kind": kind, "of_subject": subject, "now_us": to_us(at)}
        return bool(self._connection.execute(_clear, given).rowcount)


def _alarm(row: Row[Any]) -> Alarm:
    cleared = row.cleared_us
    return Alarm(
        row.seq,
        row.kind,
        row.subject,
        row.said,
        from_us(row.raised_us),
        None if cleared is None else from_us(cleared),
    )
