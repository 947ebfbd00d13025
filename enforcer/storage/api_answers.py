# SPDX-License-Identifier: GPL-2.0-or-later
"""The first answer to each request that came with a key of its client's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from enforcer.storage.service_tables import api_answers
from enforcer.storage.times import from_us, to_us

_one = select(
    api_answers.c.request, api_answers.c.at_us, api_answers.c.status, api_answers.c.body
).where(api_answers.c.key == bindparam("of"))
_add = insert(api_answers)
_change = update(api_answers).where(api_answers.c.key == bindparam("of"))
_drop = delete(api_answers).where(api_answers.c.key == bindparam("of"))
_drop_old = delete(api_answers).where(api_answers.c.at_us < bindparam("before"))


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """`request`: a digest, hexadecimal. `status` 0: it is being worked on since `at`."""

    request: str
    at: datetime
    status: int
    body: str


class AnswerReader:
    """Answers as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> StoredAnswer | None:
        """The answer to a key; None: it is new."""
        row = self._connection.execute(_one, {"of": key}).one_or_none()
        if row is None:
            return None
        return StoredAnswer(row.request, from_us(row.at_us), row.status, row.body)


class AnswerWriter(AnswerReader):
    """Answers inside one transaction that writes."""

    def begin(self, key: str, request: str, at: datetime) -> None:
        """A key is taken; there is no answer to it yet."""
        row = {"key": key, "request": request, "at_us": to_us(at), "status": 0, "body": ""}
        self._connection.execute(_add, row)

    def finish(self, key: str, status: int, body: str) -> None:
        """What was answered."""
        self._connection.execute(_change.values(status=status, body=body), {"of": key})

    def forget(self, key: str) -> None:
        """As if it had never come."""
        self._connection.execute(_drop, {"of": key})

    def forget_before(self, instant: datetime) -> None:
        """Those that are older."""
        self._connection.execute(_drop_old, {"before": to_us(instant)})
