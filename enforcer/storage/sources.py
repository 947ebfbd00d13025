# SPDX-License-Identifier: GPL-2.0-or-later
"""Kill switches: sources of orders that may not place any for now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from enforcer.core.source_limits import Stop
from enforcer.core.source_names import EVERYBODY, PEOPLE
from enforcer.storage.often import often
from enforcer.storage.tables import stopped_sources
from enforcer.storage.times import from_us, to_us

_all = select(stopped_sources).order_by(stopped_sources.c.name)
_one = often(_all.where(stopped_sources.c.name == bindparam("of")))
_add = insert(stopped_sources)
_drop = delete(stopped_sources).where(stopped_sources.c.name == bindparam("of"))


class SourceReader:
    """Kill switches as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stop_of(self, name: str) -> Stop | None:
        """Who stopped a source, alone or with all automated ones; None: it may place orders."""
        found = self._own_stop(name)
        return found if found or name in PEOPLE else self._own_stop(EVERYBODY)

    def stops(self) -> dict[str, Stop]:
        """All stopped sources, by name; under `EVERYBODY` the stop of all automated ones."""
        return {row.name: _stop(row) for row in self._connection.execute(_all)}

    def _own_stop(self, name: str) -> Stop | None:
        row = self._connection.execute(_one, {"of": name}).one_or_none()
        return None if row is None else _stop(row)


class SourceWriter(SourceReader):
    """Kill switches inside one transaction that writes; record the reason beside."""

    def stop(self, name: str, stop: Stop) -> bool:
        """No new orders from `name`; whether it was free before (else the old stop stays)."""
        if self._own_stop(name) is not None:
            return False
        row = {"name": name, "since_us": to_us(stop.since), "by": stop.by, "reason": stop.why}
        self._connection.execute(_add, row)
        return True

    def start(self, name: str) -> bool:
        """Let `name` place orders again; whether it was stopped."""
        return bool(self._connection.execute(_drop, {"of": name}).rowcount)


def _stop(row: Row[Any]) -> Stop:
    return Stop(row.by, row.reason, from_us(row.since_us), row.name == EVERYBODY)
