# SPDX-License-Identifier: GPL-2.0-or-later
"""Named lists of addresses: immutable versions, stored in columnar chunks."""

from __future__ import annotations

import hashlib
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, Row, bindparam, func, insert, select

from enforcer.core.lists import ListContent
from enforcer.core.orders import Network
from enforcer.core.rules import Addresses
from enforcer.errors import StorageError
from enforcer.storage.columns import packed, unpacked
from enforcer.storage.list_bounds import add_bounds, near
from enforcer.storage.often import often
from enforcer.storage.records import ListVersion
from enforcer.storage.tables import list_chunks, list_versions
from enforcer.storage.times import from_us, to_us

_FAMILIES = (4, 6)

_names = often(select(list_versions.c.name).distinct().order_by(list_versions.c.name))
_newest = often(
    select(func.max(list_versions.c.version)).where(list_versions.c.name == bindparam("of"))
)
_entries = (
    select(list_versions.c.entries)
    .where(list_versions.c.name == bindparam("of"))
    .order_by(list_versions.c.version.desc())
    .limit(1)
)
_versions = select(list_versions).where(list_versions.c.name == bindparam("of"))
_chunks = (
    select(list_chunks.c.family, list_chunks.c.rows, list_chunks.c.body)
    .where(list_chunks.c.name == bindparam("of"), list_chunks.c.version == bindparam("v"))
    .order_by(list_chunks.c.family, list_chunks.c.part)
)
_parts = (
    select(list_chunks.c.family, list_chunks.c.part, list_chunks.c.rows, list_chunks.c.body)
    .where(list_chunks.c.name == bindparam("of"), list_chunks.c.version == bindparam("v"))
    .order_by(list_chunks.c.family, list_chunks.c.part)
)
_add_version = insert(list_versions)
_add_chunks = insert(list_chunks)


class ListReader:
    """Lists as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def names(self) -> list[str]:
        """All lists that ever had a version, sorted."""
        return list(self._connection.execute(_names).scalars())

    def current_version(self, name: str) -> int | None:
        """The newest version's number, without loading it; None: no such list."""
        return self._connection.execute(_newest, {"of": name}).scalar()

    def current(self, name: str) -> ListContent | None:
        """The newest version; None: no such list. Raises StorageError when it is damaged."""
        newest = self.current_version(name)
        return None if newest is None else self.version(name, newest)

    def version(self, name: str, version: int) -> ListContent | None:
        """One version; None: no such one. Raises StorageError when it is damaged."""
        stored = self._connection.execute(
            _versions.where(list_versions.c.version == version), {"of": name}
        ).one_or_none()
        if stored is None:
            return None
        chunks = self._connection.execute(_chunks, {"of": name, "v": version}).all()
        parts = [(chunk.family, *unpacked(*chunk)) for chunk in chunks]
        if sum(len(first) for _, first, _ in parts) != stored.entries:
            raise StorageError(f"list {name} version {version} is incomplete: import it again")
        columns = [
            _joined([part[end] for part in parts if part[0] == family])
            for family in _FAMILIES
            for end in (1, 2)
        ]
        return ListContent(version, *columns)

    def near(self, name: str, version: int, asked: Network) -> ListContent:
        """The entries of one version that overlap `asked`, as they stand; no others.

        Reads the parts around `asked` alone. Empty where there is no such version. Raises
        StorageError when it is damaged.
        """
        return near(self._connection, name, version, asked)

    def entries(self, name: str) -> int:
        """How many entries the newest version has, without loading it; 0: no such list."""
        return self._connection.execute(_entries, {"of": name}).scalar() or 0

    def content_digest(self, name: str, version: int) -> str:
        """The digest of what one version holds, which the entry of its import names."""
        return content_digest(self._connection, name, version)

    def versions(self, name: str) -> list[ListVersion]:
        """All versions of a list, oldest first, without their content."""
        oldest_first = _versions.order_by(list_versions.c.version)
        return [_described(row) for row in self._connection.execute(oldest_first, {"of": name})]


class ListWriter(ListReader):
    """Lists inside one transaction that writes."""

    def add_version(
        self,
        name: str,
        content: ListContent,
        *,
        source: str,
        at: datetime,
        rejected: int,
        sha256: str,
        report: str | None = None,
    ) -> int:
        """Store the columns of `content` as the next version of `name`; its number, from 1 on.

        `content.version` is ignored; `report` is the digest of a blob. Raises InvalidInput
        when the columns do not fit.
        """
        version = (self.current_version(name) or 0) + 1
        key = {"name": name, "version": version}
        entries = len(content.v4_first) + len(content.v6_first)
        about = {"source": source, "rejected": rejected, "sha256": sha256, "entries": entries}
        row = {**key, **about, "report": report, "imported_us": to_us(at)}
        self._connection.execute(_add_version, row)
        for family in _FAMILIES:
            ranges = content.ranges(family)
            for part, (rows, body) in enumerate(packed(family, ranges.first, ranges.last)):
                chunk = {"family": family, "part": part, "rows": rows, "body": body}
                self._connection.execute(_add_chunks, {**key, **chunk})
            add_bounds(self._connection, name, version, family, ranges)
        return version


def content_digest(connection: Connection, name: str, version: int) -> str:
    """SHA-256 (hexadecimal) of a version's parts as they are stored, in their order."""
    summed = hashlib.sha256()
    for family, part, rows, body in connection.execute(_parts, {"of": name, "v": version}):
        size = len(body) if isinstance(body, bytes) else -1
        summed.update(f"{family} {part} {rows} {size}\n".encode())
        summed.update(body if size >= 0 else b"")
    return summed.hexdigest()


def _joined(parts: list[Addresses]) -> Addresses:
    return np.concatenate(parts) if parts else np.zeros((0, 2), np.uint64)


def _described(row: Row[tuple[str, int, int, str, int, int, str, str | None]]) -> ListVersion:
    return ListVersion(
        name=row.name,
        version=row.version,
        imported_at=from_us(row.imported_us),
        source=row.source,
        entries=row.entries,
        rejected=row.rejected,
        sha256=row.sha256,
        report=row.report,
    )
