# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of each feed: when it was fetched, with which validators, and what failed."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, insert, select, update

from enforcer.core.feeds import FeedState
from enforcer.errors import StorageError
from enforcer.storage.tables import feed_states

_STATE: TypeAdapter[FeedState] = TypeAdapter(FeedState)

_all = select(feed_states.c.name, feed_states.c.body).order_by(feed_states.c.name)
_one = _all.where(feed_states.c.name == bindparam("of"))
_add = insert(feed_states)
_change = update(feed_states).where(feed_states.c.name == bindparam("of"))


class FeedReader:
    """Feeds as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> FeedState | None:
        """One feed; None: it was never tried. Raises StorageError when it is damaged."""
        row = self._connection.execute(_one, {"of": name}).one_or_none()
        return None if row is None else _read(*row)

    def all(self) -> dict[str, FeedState]:
        """By name, every feed that was ever tried."""
        return {name: _read(name, body) for name, body in self._connection.execute(_all)}


class FeedWriter(FeedReader):
    """Feeds inside one transaction that writes."""

    def save(self, name: str, state: FeedState) -> None:
        """Replace what is known of a feed."""
        body = _STATE.dump_json(state).decode()
        changed = self._connection.execute(_change.values(body=body), {"of": name})
        if not changed.rowcount:
            self._connection.execute(_add, {"name": name, "body": body})


def _read(name: str, body: str) -> FeedState:
    try:
        return _STATE.validate_json(body)
    except ValidationError as problem:
        raise StorageError(
            f"what is known of feed {name} cannot be read: it was made by another version"
        ) from problem
