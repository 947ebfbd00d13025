# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the inventories and lists that are stored are those that the audit chain tells of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import zstandard
from sqlalchemy import Connection, bindparam, func, select

from enforcer.storage.chain import Link
from enforcer.storage.inventories import CONTENT
from enforcer.storage.list_bounds import wrong_bounds
from enforcer.storage.lists import content_digest
from enforcer.storage.records import VerifyResult, broken
from enforcer.storage.stored_passes import IMPORTED
from enforcer.storage.tables import audit, inventories, list_chunks, list_versions

_MARK = b'"' + CONTENT.encode() + b'":{'

_inventory = select(inventories).where(inventories.c.seq == bindparam("of"))
_version = select(list_versions).where(
    list_versions.c.name == bindparam("of"), list_versions.c.version == bindparam("v")
)
_imports = select(audit.c.seq, audit.c.body).where(
    audit.c.kind == IMPORTED, audit.c.subject == bindparam("of")
)


class StoredInventories:
    """Each inventory is as the entry says that put it in force, and no other is there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first entry in `page` whose inventory is missing, invented or changed."""
        between = inventories.c.seq.between(page[0].seq, page[-1].seq)
        found = self._connection.execute(select(inventories.c.seq).where(between))
        stored = set(found.scalars())
        for link in page:
            told = _told(link.body)
            if (told is None) != (link.seq not in stored):
                what = "does not tell of the" if told is None else "tells of an"
                end = "stored with it" if told is None else "that is missing"
                return broken(link.seq, f"{what} inventory {end}")
            if told is not None and not self._is(link, told):
                return broken(link.seq, "tells of an inventory that was changed")
        return None

    def end(self, head: int) -> VerifyResult | None:
        """An inventory at a position that the chain does not have."""
        beyond = (inventories.c.seq < 1) | (inventories.c.seq > head)
        for _ in self._connection.execute(select(inventories.c.seq).where(beyond)):
            return broken(head, "is followed by an inventory that nothing tells of")
        return None

    def _is(self, link: Link, told: dict[str, Any]) -> bool:
        row = self._connection.execute(_inventory, {"of": link.seq}).one()
        if (row.at_us, row.digest) != (link.at_us, told.get("digest")):
            return False
        try:
            content = zstandard.ZstdDecompressor().decompress(row.body)
        except (zstandard.ZstdError, TypeError):
            return False
        return hashlib.sha256(content).hexdigest() == told.get("sha256")


class StoredLists:
    """Each version of a list is as the entry of its import says, and no other is there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told = 0

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first import in `page` whose version is missing or was changed."""
        for link in page:
            if link.kind != IMPORTED:
                continue
            payload = json.loads(link.body)["payload"]
            number = payload.get("version")
            if not isinstance(number, int):
                continue
            self._told += 1
            what = self._wrong(link, number, payload)
            if what:
                name = f"version {number} of list {link.subject}"
                return broken(link.seq, f"tells of {name}, which {what}")
        return None

    def end(self, head: int) -> VerifyResult | None:
        """A version, or a part of one, that no import tells of."""
        count = select(func.count()).select_from(list_versions)
        if self._connection.execute(count).scalar_one() != self._told:
            for row in self._connection.execute(select(list_versions)):
                if not self._imported(row.name, row.version):
                    said = f"version {row.version} of list {row.name}"
                    return broken(head, f"is followed by {said}, which nothing tells of")
        parts = select(list_chunks.c.name).outerjoin(
            list_versions,
            (list_versions.c.name == list_chunks.c.name)
            & (list_versions.c.version == list_chunks.c.version),
        )
        for name in self._connection.execute(parts.where(list_versions.c.name.is_(None))).scalars():
            return broken(head, f"is followed by a part of list {name}, which nothing tells of")
        return None

    def _imported(self, name: str, version: int) -> bool:
        told = self._connection.execute(_imports, {"of": name})
        return any(json.loads(body)["payload"].get("version") == version for _, body in told)

    def _wrong(self, link: Link, number: int, payload: dict[str, Any]) -> str:
        row = self._connection.execute(_version, {"of": link.subject, "v": number}).one_or_none()
        if row is None:
            return "is missing"
        said = row._mapping
        same = all(said[name] == payload[name] for name in _SAID if name in payload)
        if not same or row.imported_us != link.at_us:
            return "was changed"
        # Imports from before this digest was kept have none.
        if CONTENT not in payload:
            return ""
        found = content_digest(self._connection, str(link.subject), number)
        if found != payload[CONTENT]:
            return "was changed"
        moved = wrong_bounds(self._connection, str(link.subject), number)
        return "has parts that lie elsewhere" if moved else ""


_SAID = ("source", "entries", "rejected", "sha256", "report")


def _told(body: bytes) -> dict[str, Any] | None:
    if _MARK not in body:
        return None
    told = json.loads(body)["payload"].get(CONTENT)
    return told if isinstance(told, dict) else None
