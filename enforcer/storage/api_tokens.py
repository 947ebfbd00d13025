# SPDX-License-Identifier: GPL-2.0-or-later
"""API tokens, hashed; `enforcer.accounts` knows what their `body` says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from enforcer.storage.often import often
from enforcer.storage.service_tables import api_tokens, users
from enforcer.storage.times import from_us, to_us
from enforcer.storage.users import StoredUser, user_of

_table = api_tokens.c
_all = select(api_tokens).order_by(_table.created_us.desc(), _table.name)
_one = _all.where(_table.name == bindparam("of"))
_by_digest = often(
    select(*_table, *(column.label(f"owner_{column.name}") for column in users.c))
    .outerjoin_from(api_tokens, users, users.c.name == _table.owner)
    .where(_table.digest == bindparam("of"))
)
_add = insert(api_tokens)
_used = (
    update(api_tokens)
    .where(
        _table.name == bindparam("of"),
        _table.used_us.is_(None) | (_table.used_us < bindparam("now_us")),
    )
    .values(used_us=bindparam("now_us"))
)
_revoke = (
    update(api_tokens)
    .where(_table.name == bindparam("of"), _table.revoked_us.is_(None))
    .values(revoked_us=bindparam("now_us"))
)


@dataclass(frozen=True, slots=True)
class StoredToken:
    """One token. `name`: its public beginning; `digest`: SHA-256 of the whole in hexadecimal;
    `owner`: an account's name, empty for one that belongs to none."""

    name: str
    digest: str
    source: str
    owner: str
    created: datetime
    ends: datetime | None
    revoked: datetime | None
    used: datetime | None
    body: str


class TokenReader:
    """Tokens as of one snapshot, revoked ones too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> StoredToken | None:
        """The token that is called so; None: there is none."""
        row = self._connection.execute(_one, {"of": name}).one_or_none()
        return None if row is None else _token(row)

    def by_digest(self, digest: str) -> tuple[StoredToken, StoredUser | None] | None:
        """The token with this digest, and its owner's account; None: there is none."""
        row = self._connection.execute(_by_digest, {"of": digest}).one_or_none()
        return None if row is None else _with_owner(row)

    def all(self) -> list[StoredToken]:
        """Every token, newest first."""
        return [_token(row) for row in self._connection.execute(_all)]


class TokenWriter(TokenReader):
    """Tokens inside one transaction that writes; record what changed beside."""

    def add(self, token: StoredToken) -> None:
        """A new token. Raises DuplicateKey for a name that is there."""
        row = {
            "name": token.name,
            "digest": token.digest,
            "source": token.source,
            "owner": token.owner,
            "created_us": to_us(token.created),
            "ends_us": None if token.ends is None else to_us(token.ends),
            "revoked_us": None,
            "used_us": None,
            "body": token.body,
        }
        self._connection.execute(_add, row)

    def saw(self, name: str, now: datetime) -> None:
        """It was used at `now`; an older instant changes nothing."""
        self._connection.execute(_used, {"of": name, "now_us": to_us(now)})

    def revoke(self, name: str, now: datetime) -> bool:
        """It opens nothing from now on; whether it did until now."""
        return bool(self._connection.execute(_revoke, {"of": name, "now_us": to_us(now)}).rowcount)


@lru_cache(maxsize=1024)
def _with_owner(row: Row[Any]) -> tuple[StoredToken, StoredUser | None]:
    owner = tuple(row)[len(_table) :]
    return _token(row), None if row.owner_name is None else user_of(owner)


def _token(row: Row[Any]) -> StoredToken:
    def instant(microseconds: int | None) -> datetime | None:
        return None if microseconds is None else from_us(microseconds)

    return StoredToken(
        row.name,
        row.digest,
        row.source,
        row.owner,
        from_us(row.created_us),
        instant(row.ends_us),
        instant(row.revoked_us),
        instant(row.used_us),
        row.body,
    )
