# SPDX-License-Identifier: GPL-2.0-or-later
"""Failed logins, counted by key (a name, an address ...), for as long as they matter."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from enforcer.storage.service_tables import failed_logins
from enforcer.storage.times import from_us, to_us

_table = failed_logins.c
_of_key = select(func.count(), func.max(_table.at_us)).where(
    _table.key == bindparam("of"), _table.at_us > bindparam("since_us")
)
_highest = select(func.max(_table.id))
_add = insert(failed_logins)
_drop_before = delete(failed_logins).where(_table.at_us <= bindparam("until_us"))


class FailedLoginReader:
    """Failures as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, key: str, since: datetime) -> tuple[int, datetime | None]:
        """How many failures of `key` there were after `since`, and when the last one was."""
        given = {"of": key, "since_us": to_us(since)}
        number, last = self._connection.execute(_of_key, given).one()
        return number, None if last is None else from_us(last)


class FailedLoginWriter(FailedLoginReader):
    """Failures inside one transaction that writes."""

    def add(self, keys: Iterable[str], at: datetime) -> list[int]:
        """One failure of each key; their ids."""
        first = (self._connection.execute(_highest).scalar() or 0) + 1
        rows = [{"id": first + n, "key": key, "at_us": to_us(at)} for n, key in enumerate(keys)]
        if rows:
            self._connection.execute(_add, rows)
        return [first + n for n in range(len(rows))]

    def drop(self, ids: Collection[int]) -> None:
        """Take failures back that were none after all."""
        self._connection.execute(delete(failed_logins).where(_table.id.in_(ids)))

    def forget(self, keys: Collection[str]) -> None:
        """Forget all failures of these keys."""
        self._connection.execute(delete(failed_logins).where(_table.key.in_(keys)))

    def forget_before(self, instant: datetime) -> None:
        """Forget what was up to `instant`, of whatever key."""
        self._connection.execute(_drop_before, {"until_us": to_us(instant)})
