# SPDX-License-Identifier: GPL-2.0-or-later
"""Appending to the audit chain inside one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import zstandard
from sqlalchemy import Connection, bindparam, insert, select, update

from enforcer.application.actor import Actor
from enforcer.errors import AuditBroken, StorageError
from enforcer.storage import chain
from enforcer.storage.audit import read_head
from enforcer.storage.chain import Head
from enforcer.storage.records import Note
from enforcer.storage.tables import audit, audit_head, blobs, intents

_IN_ONE_STATEMENT = 5_000

_append = insert(audit)
_move_head = (
    update(audit_head)
    .where(audit_head.c.id == 1, audit_head.c.seq == bindparam("from_seq"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_find_blob = select(blobs.c.digest).where(blobs.c.digest == bindparam("wanted"))
_add_blob = insert(blobs)
_add_intent = insert(intents)
_close_intent = (
    update(intents)
    .where(
        intents.c.seq == bindparam("intent"),
        intents.c.device == bindparam("at_device"),
        intents.c.closed_by.is_(None),
    )
    .values(closed_by=bindparam("outcome"))
)


class Recorder:
    """The end of the chain, owned by this transaction from its first entry on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._start = 0
        self._stored: Head | None = None
        self._head: Head | None = None

    def next_sequence(self) -> int:
        """The sequence number that the next entry will get."""
        return self._own().seq + 1

    def recorded(self, seq: int) -> bool:
        """Whether `seq` was recorded in this transaction."""
        return self._head is not None and self._start < seq <= self._head.seq

    def append(self, notes: Iterable[Note], actor: Actor, at: datetime) -> range:
        """One entry for each of `notes`; their sequence numbers."""
        first = self._own().seq + 1
        remaining = iter(notes)
        while some := list(islice(remaining, _IN_ONE_STATEMENT)):
            head = self._own()
            rows = []
            for note in some:
                link = chain.link(head, note, actor, at)
                head = Head(link.seq, link.hash)
                rows.append(link._asdict())
            self._connection.execute(_append, rows)
            self._head = head
        return range(first, self._own().seq + 1)

    def seal(self) -> None:
        """Store the new head. Raises AuditBroken when somebody else moved it meanwhile."""
        if self._stored is None or self._head is None or self._head == self._stored:
            return
        moved = self._connection.execute(
            _move_head,
            {"from_seq": self._stored.seq, "to_seq": self._head.seq, "to_hash": self._head.hash},
        )
        if moved.rowcount != 1:
            raise AuditBroken("the head of the audit chain moved under us: nothing was stored")
        self._stored = self._head

    def add_blob(self, content: bytes) -> str:
        """Store `content` once; its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        if self._connection.execute(_find_blob, {"wanted": digest}).first() is None:
            body = zstandard.ZstdCompressor(level=3).compress(content)
            self._connection.execute(_add_blob, {"digest": digest, "body": body})
        return digest

    def add_intent(self, seq: int, device: str) -> None:
        """Remember that entry `seq` waits for an outcome."""
        self._connection.execute(_add_intent, {"seq": seq, "device": device})

    def close_intent(self, seq: int, device: str, outcome: int) -> None:
        """Entry `outcome` tells what became of intent `seq`. Raises StorageError."""
        closed = self._connection.execute(
            _close_intent, {"intent": seq, "at_device": device, "outcome": outcome}
        )
        if closed.rowcount != 1:
            raise StorageError(
                f"there is no open intent {seq} for {device}: it was closed already, by this"
                " or another controller; read the device"
            )

    def _own(self) -> Head:
        if self._head is None:
            self._stored = self._head = read_head(self._connection, own=True)
            self._start = self._head.seq
        return self._head
