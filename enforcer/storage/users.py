# SPDX-License-Identifier: GPL-2.0-or-later
"""People with an account: who they are; `enforcer.accounts` knows what their `body` says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from enforcer.storage.often import often
from enforcer.storage.service_tables import users
from enforcer.storage.times import from_us, to_us

_all = select(users).order_by(users.c.name)
_one = often(_all.where(users.c.name == bindparam("of")))
_of_subject = _all.where(
    users.c.provider == bindparam("of_provider"), users.c.subject == bindparam("of_subject")
)
_any = select(users.c.name).limit(1)
_add = insert(users)
_save = (
    update(users)
    .where(users.c.name == bindparam("of"))
    .values(
        password=bindparam("is_password"),
        disabled_us=bindparam("is_disabled"),
        body=bindparam("is_body"),
    )
)


@dataclass(frozen=True, slots=True)
class StoredUser:
    """One account. `password`: an argon2 hash; `provider`, `subject`: iss and sub of an OpenID
    provider; `body`: JSON of `enforcer.accounts`."""

    name: str
    password: str | None
    provider: str | None
    subject: str | None
    created: datetime
    disabled: datetime | None
    body: str


class UserReader:
    """Accounts as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def exist(self) -> bool:
        """Whether there is any account."""
        return self._connection.execute(_any).first() is not None

    def get(self, name: str) -> StoredUser | None:
        """The account of this name; None: there is none."""
        return _user(self._connection.execute(_one, {"of": name}).one_or_none())

    def by_subject(self, provider: str, subject: str) -> StoredUser | None:
        """The account of whom `provider` calls `subject`; None: never seen."""
        given = {"of_provider": provider, "of_subject": subject}
        return _user(self._connection.execute(_of_subject, given).one_or_none())

    def all(self) -> list[StoredUser]:
        """Every account, by name."""
        found = (_user(row) for row in self._connection.execute(_all))
        return [user for user in found if user is not None]


class UserWriter(UserReader):
    """Accounts inside one transaction that writes; record what changed beside."""

    def add(self, user: StoredUser) -> None:
        """A new account. Raises DuplicateKey for a name, or a subject, that is there."""
        row = {
            "name": user.name,
            "password": user.password,
            "provider": user.provider,
            "subject": user.subject,
            "created_us": to_us(user.created),
            "disabled_us": None if user.disabled is None else to_us(user.disabled),
            "body": user.body,
        }
        self._connection.execute(_add, row)

    def save(self, user: StoredUser) -> None:
        """Password, body and whether it is disabled, as `user` has them."""
        given = {
            "of": user.name,
            "is_password": user.password,
            "is_disabled": None if user.disabled is None else to_us(user.disabled),
            "is_body": user.body,
        }
        self._connection.execute(_save, given)


@lru_cache(maxsize=1024)
def _user(row: Row[Any] | None) -> StoredUser | None:
    return None if row is None else user_of(row)


def user_of(row: Iterable[Any]) -> StoredUser:
    """The account in one row of the table, column by column."""
    name, password, provider, subject, created_us, disabled_us, body = row
    disabled = None if disabled_us is None else from_us(disabled_us)
    return StoredUser(name, password, provider, subject, from_us(created_us), disabled, body)
