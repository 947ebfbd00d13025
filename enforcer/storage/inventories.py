# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventories that are and were in force: one immutable row per change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import zstandard
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Select, bindparam, insert, select

from enforcer.core.topology import Topology
from enforcer.errors import StorageError
from enforcer.storage.often import often
from enforcer.storage.tables import inventories
from enforcer.storage.times import from_us, to_us
from enforcer.wire import JSONValue

CONTENT = "content"
"""In the payload of an entry: digests of the inventory, or the list, that is stored with it."""

_TOPOLOGY: TypeAdapter[Topology] = TypeAdapter(Topology)

_about = select(
    inventories.c.seq, inventories.c.at_us, inventories.c.digest, inventories.c.origin
).order_by(inventories.c.seq.desc())
_newest = often(_about.limit(1))
_at = _about.where(inventories.c.at_us <= bindparam("instant")).limit(1)
_of_digest = _about.where(inventories.c.digest == bindparam("wanted")).limit(1)
_body = select(inventories.c.body).where(inventories.c.seq == bindparam("wanted"))
_add = insert(inventories)


@dataclass(frozen=True, slots=True)
class InventoryVersion:
    """One inventory without its content: in force from audit entry `seq`, at `at`, on."""

    seq: int
    at: datetime
    digest: str
    origin: str


class InventoryReader:
    """Inventories as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> InventoryVersion | None:
        """The inventory in force; None: none was ever loaded."""
        return self._one(_newest, {})

    def in_force_at(self, instant: datetime) -> InventoryVersion | None:
        """The inventory that was in force at `instant`; None: none was."""
        return self._one(_at, {"instant": to_us(instant)})

    def with_digest(self, digest: str) -> InventoryVersion | None:
        """The newest inventory with this digest (`Topology.digest`)."""
        return self._one(_of_digest, {"wanted": digest})

    def versions(self) -> list[InventoryVersion]:
        """All of them, newest first."""
        return [_version(*row) for row in self._connection.execute(_about)]

    def content(self, version: InventoryVersion) -> Topology:
        """What it says. Raises StorageError for one that cannot be read any more."""
        body = self._connection.execute(_body, {"wanted": version.seq}).scalar_one()
        try:
            return _TOPOLOGY.validate_json(zstandard.ZstdDecompressor().decompress(body))
        except (ValidationError, zstandard.ZstdError) as problem:
            raise StorageError(
                f"the inventory stored at {version.seq} cannot be read: it was made by another"
                " version of the program, or is damaged; reload the inventory"
            ) from problem

    def _one(self, statement: Select[Any], given: dict[str, Any]) -> InventoryVersion | None:
        row = self._connection.execute(statement, given).first()
        return None if row is None else _version(*row)


class InventoryWriter(InventoryReader):
    """Inventories inside one transaction that writes."""

    def add(self, seq: int, topology: Topology, *, at: datetime, origin: str) -> None:
        """Put `topology` in force from audit entry `seq` (recorded in this transaction) on.

        The entry's payload has `content_of(topology)` under `CONTENT`, and its time is `at`.

        `origin`: where it comes from, for people ("reload", "device retire edge1").
        """
        body = zstandard.ZstdCompressor(level=3).compress(_TOPOLOGY.dump_json(topology))
        row = {"seq": seq, "at_us": to_us(at), "digest": topology.digest}
        self._connection.execute(_add, {**row, "origin": origin, "body": body})


def content_of(topology: Topology) -> dict[str, JSONValue]:
    """What the entry that puts `topology` in force says under `CONTENT`.

    `digest`: `Topology.digest`; `sha256`: of the JSON that is stored.
    """
    content = _TOPOLOGY.dump_json(topology)
    return {"digest": topology.digest, "sha256": hashlib.sha256(content).hexdigest()}


def _version(seq: int, at_us: int, digest: str, origin: str) -> InventoryVersion:
    return InventoryVersion(seq, from_us(at_us), digest, origin)
