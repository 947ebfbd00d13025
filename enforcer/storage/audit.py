# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the audit chain, its blobs and the intents that nobody closed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

import zstandard
from sqlalchemy import Connection, select

from enforcer.errors import AuditBroken, NotFound
from enforcer.storage import chain
from enforcer.storage.chain import Head, Link
from enforcer.storage.records import AuditEntry, VerifyResult
from enforcer.storage.tables import audit, audit_head, blobs, intents

_STEP = 5_000

_columns = [audit.c[name] for name in Link._fields]
_head = select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == 1)
_owned_head = _head.with_for_update()
_entries = select(audit.c.seq, audit.c.body, audit.c.hash).order_by(audit.c.seq)
_open = _entries.join(intents, intents.c.seq == audit.c.seq).where(intents.c.closed_by.is_(None))


class AuditReader:
    """The chain as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> tuple[int, bytes]:
        """Sequence and hash of the newest entry; 0 and 32 zero bytes before the first."""
        found = read_head(self._connection)
        return found.seq, found.hash

    def entries(
        self,
        after: int = 0,
        subject: str | None = None,
        device: str | None = None,
        kinds: Collection[str] | None = None,
        limit: int = 1_000,
    ) -> list[AuditEntry]:
        """Entries with a sequence above `after` that match all that is given, oldest first.

        Raises AuditBroken when one cannot be read.
        """
        wanted = _entries.where(audit.c.seq > after).limit(limit)
        if subject is not None:
            wanted = wanted.where(audit.c.subject == subject)
        if device is not None:
            wanted = wanted.where(audit.c.device == device)
        if kinds is not None:
            wanted = wanted.where(audit.c.kind.in_(kinds))
        return [chain.entry(*row) for row in self._connection.execute(wanted)]

    def open_intents(self) -> list[AuditEntry]:
        """Intents without an outcome, oldest first: what became of them is unknown."""
        return [chain.entry(*row) for row in self._connection.execute(_open)]

    def blob(self, digest: str) -> bytes:
        """The bytes with this SHA-256 (hexadecimal). Raises NotFound, AuditBroken."""
        stored = self._connection.execute(
            select(blobs.c.body).where(blobs.c.digest == digest)
        ).scalar()
        if stored is None:
            raise NotFound(f"there is no blob {digest}: it was erased, or the digest is wrong")
        try:
            content = zstandard.ZstdDecompressor().decompress(stored)
        except zstandard.ZstdError as problem:
            raise AuditBroken(f"blob {digest} is damaged ({problem}): see a backup") from problem
        if hashlib.sha256(content).hexdigest() != digest:
            raise AuditBroken(f"blob {digest} was changed after it was written: see a backup")
        return content

    def verify(self) -> VerifyResult:
        """Check every entry: changed, removed, moved, or cut off at the end."""
        return chain.verify(self._links(), read_head(self._connection))

    def _links(self) -> Iterator[Link]:
        after: int | None = None
        while True:
            page = select(*_columns).order_by(audit.c.seq).limit(_STEP)
            if after is not None:
                page = page.where(audit.c.seq > after)
            links = [Link(*row) for row in self._connection.execute(page)]
            if not links:
                return
            yield from links
            after = links[-1].seq


def read_head(connection: Connection, own: bool = False) -> Head:
    """The head row; with `own`, locked until the transaction ends. Raises AuditBroken."""
    row = connection.execute(_owned_head if own else _head).one_or_none()
    if row is None:
        raise AuditBroken("the audit chain has lost its head: restore a backup")
    return Head(*row)
