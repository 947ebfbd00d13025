# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that go out, and how far each reader of the change sequence has come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from enforcer.errors import NotFound, StorageError
from enforcer.storage.service_tables import notice_channels, notices
from enforcer.storage.times import from_us, to_us

WAITING, SENT, DEAD = "waiting", "sent", "dead"

_all = select(notices).order_by(notices.c.id.desc())
_one = select(notices).where(notices.c.id == bindparam("wanted"))
_highest = select(func.coalesce(func.max(notices.c.id), 0))
_of_channel = select(notices).where(
    notices.c.state == WAITING, notices.c.channel == bindparam("of_channel")
)
_due = (
    _of_channel.where(notices.c.next_us <= bindparam("now_us"))
    .order_by(notices.c.next_us, notices.c.id)
    .limit(bindparam("most"))
)
_counts = select(notices.c.channel, notices.c.state, func.count()).group_by(
    notices.c.channel, notices.c.state
)
_cursor = select(notice_channels.c.seq, notice_channels.c.body).where(
    notice_channels.c.name == bindparam("of_name")
)
_readers = select(notice_channels.c.name).order_by(notice_channels.c.name)
_forget = delete(notice_channels).where(notice_channels.c.name == bindparam("of_name"))
_add = insert(notices)
_change = (
    update(notices)
    .where(notices.c.id == bindparam("this"))
    .values({c.name: bindparam(c.name) for c in notices.c if c.name != "id"})
)
_drop = delete(notices).where(
    notices.c.state == bindparam("in_state"), notices.c.next_us < bindparam("before_us")
)
_begin = insert(notice_channels)
_move = (
    update(notice_channels)
    .where(notice_channels.c.name == bindparam("of_name"))
    .values(seq=bindparam("to_seq"), body=bindparam("to_body"))
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last entry that a reader has read, and what it keeps in mind (JSON)."""

    seq: int
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """One notice. `next`: from when on it is tried; of one that was sent: when that was.

    `body`: JSON that `enforcer.notify` writes; `id` is given when it is added.
    """

    channel: str
    seq: int
    event: str
    next: datetime
    body: Mapping[str, Any]
    state: str = WAITING
    attempts: int = 0
    id: int = 0


class NoticeReader:
    """Notices as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, notice_id: int) -> StoredNotice:
        """One notice. Raises NotFound."""
        row = self._connection.execute(_one, {"wanted": notice_id}).first()
        if row is None:
            raise NotFound(f"no notice {notice_id}: see `enforcer notice list --all`")
        return _notice(row)

    def newest(
        self, state: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[StoredNotice]:
        """The newest `limit` (with an id below `before`), newest first."""
        wanted = _all if state is None else _all.where(notices.c.state == state)
        wanted = wanted if before is None else wanted.where(notices.c.id < before)
        return [_notice(row) for row in self._connection.execute(wanted.limit(limit))]

    def due(self, channel: str, now: datetime, most: int) -> list[StoredNotice]:
        """What `channel` should be sent now, the longest due first."""
        given = {"of_channel": channel, "now_us": to_us(now), "most": most}
        return [_notice(row) for row in self._connection.execute(_due, given)]

    def waiting(self, channel: str) -> list[StoredNotice]:
        """All that wait for `channel`."""
        rows = self._connection.execute(_of_channel, {"of_channel": channel})
        return [_notice(row) for row in rows]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many notices there are, by channel and state."""
        return {(c, state): n for c, state, n in self._connection.execute(_counts)}

    def cursor(self, name: str) -> Cursor | None:
        """How far this reader has come; None: it never read. Raises StorageError."""
        row = self._connection.execute(_cursor, {"of_name": name}).first()
        return None if row is None else Cursor(row.seq, _read(row.body, f"reader {name}"))

    def readers(self) -> list[str]:
        """Who has read the change sequence."""
        return [*self._connection.execute(_readers).scalars()]


class NoticeWriter(NoticeReader):
    """Notices inside one transaction that writes."""

    def add_many(self, new: Iterable[StoredNotice]) -> None:
        """Add notices; each gets the next id.

        One that is about no entry of its own (`seq` 0) gets a number below 0, so that no two of
        a channel and event are alike.
        """
        first = int(self._connection.execute(_highest).scalar_one()) + 1
        rows = [
            {"id": at, **_columns(replace(one, seq=one.seq or -at))}
            for at, one in enumerate(new, first)
        ]
        if rows:
            self._connection.execute(_add, rows)

    def change(self, notice: StoredNotice) -> None:
        """Keep a notice as it is now."""
        self._connection.execute(_change, {"this": notice.id, **_columns(notice)})

    def move(self, name: str, to: Cursor) -> None:
        """A reader has come so far."""
        given = {"of_name": name, "to_seq": to.seq, "to_body": json.dumps(dict(to.body))}
        if not self._connection.execute(_move, given).rowcount:
            row = {"name": name, "seq": to.seq, "body": given["to_body"]}
            self._connection.execute(_begin, row)

    def forget(self, name: str) -> None:
        """A reader that is no more."""
        self._connection.execute(_forget, {"of_name": name})

    def drop(self, state: str, before: datetime) -> int:
        """Forget notices in this state from before an instant; how many."""
        given = {"in_state": state, "before_us": to_us(before)}
        return self._connection.execute(_drop, given).rowcount


def _columns(notice: StoredNotice) -> dict[str, Any]:
    return {
        "channel": notice.channel,
        "seq": notice.seq,
        "event": notice.event,
        "state": notice.state,
        "attempts": notice.attempts,
        "next_us": to_us(notice.next),
        "body": json.dumps(dict(notice.body)),
    }


def _notice(row: Row[Any]) -> StoredNotice:
    return StoredNotice(
        row.channel,
        row.seq,
        row.event,
        from_us(row.next_us),
        _read(row.body, f"notice {row.id}"),
        row.state,
        row.attempts,
        row.id,
    )


def _read(body: str, what: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StorageError(f"{what} cannot be read: the database is damaged; restore a backup")
    return found
