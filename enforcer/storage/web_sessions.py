# SPDX-License-Identifier: GPL-2.0-or-later
"""Logins of the desk. What is stored opens nothing: the cookie's value is only there hashed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from enforcer.storage.service_tables import web_sessions
from enforcer.storage.times import from_us, to_us

_table = web_sessions.c
_all = select(web_sessions).order_by(_table.created_us.desc(), _table.digest)
_one = _all.where(_table.digest == bindparam("of"))
_beginning = _all.where(_table.digest.like(bindparam("of")))
_of_user = _all.where(_table.user == bindparam("of"))
_from_there = (
    select(_table.digest)
    .where(_table.user == bindparam("of"), _table.address == bindparam("of_address"))
    .limit(1)
)
_add = insert(web_sessions)
_seen = (
    update(web_sessions)
    .where(_table.digest == bindparam("of"), _table.seen_us < bindparam("now_us"))
    .values(seen_us=bindparam("now_us"))
)
_drop = delete(web_sessions).where(_table.digest == bindparam("of"))
_drop_of_user = delete(web_sessions).where(
    _table.user == bindparam("of"), _table.digest != bindparam("but")
)
_drop_over = delete(web_sessions).where(
    (_table.ends_us <= bindparam("now_us")) | (_table.seen_us <= bindparam("idle_us"))
)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One login. `digest`: SHA-256 of the cookie's value in hexadecimal."""

    digest: str
    user: str
    csrf: str
    created: datetime
    seen: datetime
    ends: datetime
    address: str
    agent: str


class WebSessionReader:
    """Logins as of one snapshot; those that are over may still be among them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, digest: str) -> StoredSession | None:
        """The login with this digest; None: there is none."""
        row = self._connection.execute(_one, {"of": digest}).one_or_none()
        return None if row is None else _session(row)

    def beginning(self, digits: str) -> list[StoredSession]:
        """The logins whose digest begins with these hexadecimal digits."""
        return [_session(r) for r in self._connection.execute(_beginning, {"of": f"{digits}%"})]

    def of_user(self, name: str) -> list[StoredSession]:
        """The logins of one account, newest first."""
        return [_session(row) for row in self._connection.execute(_of_user, {"of": name})]

    def known_from(self, name: str, address: str) -> bool:
        """Whether this account has a login from this address."""
        given = {"of": name, "of_address": address}
        return self._connection.execute(_from_there, given).first() is not None


class WebSessionWriter(WebSessionReader):
    """Logins inside one transaction that writes; record what ended beside."""

    def add(self, session: StoredSession) -> None:
        """A new login."""
        row = {
            "digest": session.digest,
            "user": session.user,
            "csrf": session.csrf,
            "created_us": to_us(session.created),
            "seen_us": to_us(session.seen),
            "ends_us": to_us(session.ends),
            "address": session.address,
            "agent": session.agent,
        }
        self._connection.execute(_add, row)

    def saw(self, digest: str, now: datetime) -> None:
        """It was used at `now`; an older instant changes nothing."""
        self._connection.execute(_seen, {"of": digest, "now_us": to_us(now)})

    def drop(self, digest: str) -> bool:
        """End one login; whether it was there."""
        return bool(self._connection.execute(_drop, {"of": digest}).rowcount)

    def drop_of_user(self, name: str, but: str = "") -> int:
        """End all logins of an account, except the one with digest `but`; how many it were."""
        return self._connection.execute(_drop_of_user, {"of": name, "but": but}).rowcount

    def drop_over(self, now: datetime, idle_since: datetime) -> None:
        """Forget logins that have ended by `now`, or were not used after `idle_since`."""
        given = {"now_us": to_us(now), "idle_us": to_us(idle_since)}
        self._connection.execute(_drop_over, given)


def _session(row: Row[Any]) -> StoredSession:
    return StoredSession(
        row.digest,
        row.user,
        row.csrf,
        from_us(row.created_us),
        from_us(row.seen_us),
        from_us(row.ends_us),
        row.address,
        row.agent,
    )
