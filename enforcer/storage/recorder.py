# SPDX-License-Identifier: GPL-2.0-or-later
"""Appending to the audit chain inside one transaction."""

from __future__ import annotations

import hashlib
import threading
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import zstandard
from sqlalchemy import (
    Connection,
    LargeBinary,
    String,
    bindparam,
    insert,
    literal,
    select,
    update,
)

from enforcer.application.actor import Actor
from enforcer.errors import AuditBroken, StorageError
from enforcer.storage import chain
from enforcer.storage.audit import read_head
from enforcer.storage.chain import DIGESTS, SINCE, Head
from enforcer.storage.often import often
from enforcer.storage.records import Note
from enforcer.storage.tables import audit, audit_head, blobs, intents
from enforcer.wire import JSONValue

STORED = "orders.stored"
"""Says what orders became that were stored with another entry's change."""

_ABOUT_ORDERS = "order."
_IN_ONE_STATEMENT = 5_000

_append = often(insert(audit))
_move_head = often(
    update(audit_head)
    .where(audit_head.c.id == 1, audit_head.c.seq == bindparam("from_seq"))
    .values(seq=bindparam("to_seq"), hash=bindparam("to_hash"))
)
_digest, _body = bindparam("wanted", type_=String), bindparam("packed", type_=LargeBinary)
_is_there = select(literal(1)).where(blobs.c.digest == _digest).exists()
_add_blob = often(
    insert(blobs).from_select(
        ["digest", "body"], select(_digest.label("digest"), _body.label("body")).where(~_is_there)
    )
)
_add_intent = often(insert(intents))
_close_intent = often(
    update(intents)
    .where(
        intents.c.seq == bindparam("intent"),
        intents.c.device == bindparam("at_device"),
        intents.c.closed_by.is_(None),
    )
    .values(closed_by=bindparam("outcome"))
)


_of_thread = threading.local()


def _compressor() -> zstandard.ZstdCompressor:
    """One for each thread: making one anew takes longer than compressing a few lines."""
    if not hasattr(_of_thread, "compressor"):
        _of_thread.compressor = zstandard.ZstdCompressor(level=3)
    made: zstandard.ZstdCompressor = _of_thread.compressor
    return made


@dataclass(slots=True)
class _Waiting:
    """An entry that is not written yet; `digests` of stored orders by id, to be added to it."""

    note: Note
    actor: Actor
    at: datetime
    digests: dict[str, JSONValue] = field(default_factory=dict)

    def told(self) -> Note:
        if not self.digests:
            return self.note
        return replace(self.note, payload={**self.note.payload, DIGESTS: self.digests})


class Recorder:
    """The end of the chain, owned by this transaction from its first entry on. `kinds`: of entries.

    Entries about orders wait until the orders that they are about were stored, because they
    name the digests of what was stored; every other entry is written at once, and takes the
    waiting ones before it along.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.kinds: set[str] = set()
        self._start = 0
        self._stored: Head | None = None
        self._head: Head | None = None
        self._waiting: list[_Waiting] = []
        self._instants: list[tuple[int, datetime]] = []
        self._late: dict[str, tuple[int, str]] = {}
        self._last: tuple[Actor, datetime] | None = None

    def next_sequence(self) -> int:
        """The sequence number that the next entry will get."""
        return self._own().seq + len(self._waiting) + 1

    def moved(self) -> tuple[int, Head] | None:
        """From where to where the chain's head was moved, once it is sealed; None: nowhere."""
        head = self._head
        return None if head is None or head.seq == self._start else (self._start, head)

    def recorded(self, seq: int) -> bool:
        """Whether `seq` was recorded in this transaction."""
        return self._head is not None and self._start < seq < self.next_sequence()

    def instant(self, seq: int) -> datetime:
        """What entry `seq`, recorded in this transaction, gives as its time."""
        at = bisect_right(self._instants, seq, key=lambda some: some[0])
        return self._instants[at - 1][1]

    def append(self, notes: Iterable[Note], actor: Actor, at: datetime) -> range:
        """One entry for each of `notes`; their sequence numbers."""
        first = self.next_sequence()
        self._instants.append((first, at))
        self._last = (actor, at)
        about_orders = True
        for note in notes:
            self._waiting.append(_Waiting(note, actor, at))
            self.kinds.add(note.kind)
            about_orders &= note.kind.startswith(_ABOUT_ORDERS)
            if not about_orders and len(self._waiting) >= _IN_ONE_STATEMENT:
                self.flush()
        if not about_orders:
            self.flush()
        return range(first, self.next_sequence())

    def stored(self, seq: int, order_id: str, digest: str) -> None:
        """Let entry `seq` say that the order is stored with this digest.

        Where it is written already, one more entry at the end of the transaction says so.
        """
        place = seq - self._own().seq - 1
        if 0 <= place < len(self._waiting):
            self._waiting[place].digests[order_id] = digest
            self._late.pop(order_id, None)
        else:
            if self._late.get(order_id, (seq, ""))[0] != seq:
                self._tell_late()
            self._late[order_id] = (seq, digest)

    def seal(self) -> None:
        """Store the new head. Raises AuditBroken when somebody else moved it meanwhile."""
        self._tell_late()
        self.flush()
        if self._stored is None or self._head is None or self._head == self._stored:
            return
        moved = self._connection.execute(
            _move_head,
            {"from_seq": self._stored.seq, "to_seq": self._head.seq, "to_hash": self._head.hash},
        )
        if moved.rowcount != 1:
            raise AuditBroken("the head of the audit chain moved under us: nothing was stored")
        self._stored = self._head

    def _tell_late(self) -> None:
        if self._late and self._last is not None:
            self.kinds.add(STORED)
            said: dict[str, JSONValue] = {
                DIGESTS: {name: digest for name, (_, digest) in self._late.items()},
                SINCE: {name: seq for name, (seq, _) in self._late.items()},
            }
            self._waiting.append(_Waiting(Note(STORED, said), *self._last))
            self._late = {}

    def flush(self) -> None:
        """Write the waiting entries."""
        for start in range(0, len(self._waiting), _IN_ONE_STATEMENT):
            head = self._own()
            rows = []
            for one in self._waiting[start : start + _IN_ONE_STATEMENT]:
                link = chain.link(head, one.told(), one.actor, one.at)
                head = Head(link.seq, link.hash)
                rows.append(link._asdict())
            self._connection.execute(_append, rows)
            self._head = head
        self._waiting.clear()

    def add_blob(self, content: bytes) -> str:
        """Store `content` once; its SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        body = _compressor().compress(content)
        self._connection.execute(_add_blob, {"wanted": digest, "packed": body})
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
