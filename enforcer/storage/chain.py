# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit chain's arithmetic: the bytes of an entry, its hash, and what breaks a chain.

An entry's `body` is the canonical JSON of all of it; hash = SHA-256(previous hash | body).
The table's other columns repeat what the body says, so that they can be indexed, and are
checked against it. Removing the newest entries shows because the head is kept apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from enforcer.application.actor import Actor
from enforcer.core.times import format_when
from enforcer.errors import AuditBroken, InvalidInput
from enforcer.storage.records import AuditEntry, Note, VerifyResult
from enforcer.storage.signatures import SignedHead
from enforcer.storage.times import to_us
from enforcer.wire import canonical

GENESIS = bytes(32)
"""The hash before the first entry."""

DIGESTS = "sha256"
"""In a payload: by order id, the digest of each order as it was stored with this entry."""
SINCE = "since"
"""Beside it: by order id, the change that made it so, where that is not this entry."""

_REPEATED = ("seq", "kind", "actor", "source", "subject", "device")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest position of the chain and its hash."""

    seq: int
    hash: bytes


class Link(NamedTuple):
    """An entry as its table row, in the order of the table's columns."""

    seq: int
    at_us: int
    kind: str
    actor: str
    source: str
    subject: str | None
    device: str | None
    prev: bytes
    hash: bytes
    body: bytes


def link(head: Head, note: Note, actor: Actor, at: datetime) -> Link:
    """The row that follows `head`. Raises InvalidInput for what JSON cannot say."""
    if at.utcoffset() is None:
        raise InvalidInput(f"the time {at.isoformat()} has no zone: give it in UTC")
    body = canonical(
        {
            "seq": head.seq + 1,
            "at": format_when(at),
            "kind": note.kind,
            "actor": actor.name,
            "source": actor.source,
            "subject": note.subject,
            "device": note.device,
            "payload": note.payload,
        }
    )
    return Link(
        seq=head.seq + 1,
        at_us=to_us(at),
        kind=note.kind,
        actor=actor.name,
        source=actor.source,
        subject=note.subject,
        device=note.device,
        prev=head.hash,
        hash=hashlib.sha256(head.hash + body).digest(),
        body=body,
    )


def entry(seq: int, body: bytes, digest: bytes) -> AuditEntry:
    """The entry that `body` says. Raises AuditBroken when it cannot be read."""
    try:
        said = json.loads(body)
        return AuditEntry(
            seq=said["seq"],
            at=_instant(said["at"]),
            kind=said["kind"],
            actor=said["actor"],
            source=said["source"],
            subject=said["subject"],
            device=said["device"],
            payload=said["payload"],
            hash=digest,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise AuditBroken(
            f"audit entry {seq} cannot be read ({problem}): run `enforcer audit verify`"
            " and compare with a backup"
        ) from problem


def verify(rows: Iterable[Link], head: Head) -> VerifyResult:
    """Walk the whole chain; `rows` are all table rows, ordered by ``seq``."""
    walk = Walk(head)
    return walk.pages(rows) or walk.end() or VerifyResult(True, head.seq)


class Walk:
    """A walk along a chain whose recorded head is `head`, from its first row on.

    `signed`: heads that somebody signed or kept elsewhere, in any order; the chain must
    have held each.
    """

    def __init__(self, head: Head, signed: Iterable[SignedHead | Head] = ()) -> None:
        self._head = head
        self._at = Head(0, GENESIS)
        self._signed = sorted(signed, key=lambda one: one.seq, reverse=True)

    def pages(self, rows: Iterable[Link]) -> VerifyResult | None:
        """Go on over the next rows; what is wrong with the first bad one."""
        for row in rows:
            at = self._at
            if row.seq > self._head.seq:
                return _bad(at, row.seq, f"stands after the recorded head, {self._head.seq}")
            if row.seq != at.seq + 1:
                missing = at.seq + 1 if row.seq > at.seq else row.seq
                return _bad(at, missing, "is missing" if missing > at.seq else "has no such place")
            why = _wrong(row, at) or self._unsigned(row)
            if why:
                return _bad(at, row.seq, why)
            self._at = Head(row.seq, row.hash)
        return None

    def end(self) -> VerifyResult | None:
        """After the last row: what is wrong with the chain's end."""
        at, head = self._at, self._head
        if self._signed:
            known = self._signed[0].seq
            return _bad(at, at.seq + 1, f"is missing: the chain was signed up to {known}")
        if at.seq < head.seq:
            return _bad(at, at.seq + 1, f"is missing: the recorded head is {head.seq}")
        if at.hash != head.hash:
            return _bad(Head(at.seq - 1, GENESIS), at.seq, "is not the recorded head")
        return None

    def _unsigned(self, row: Link) -> str:
        while self._signed and self._signed[-1].seq <= row.seq:
            signed = self._signed.pop()
            if (signed.seq, signed.hash) != (row.seq, row.hash):
                return "is not the one that was signed"
        return ""


def _bad(before: Head, seq: int, why: str) -> VerifyResult:
    return VerifyResult(False, before.seq, seq, f"entry {seq} {why}")


def _wrong(row: Link, before: Head) -> str:
    """Why `row` cannot follow `before`; empty when it can."""
    body = row.body
    if type(body) is not bytes:
        return "was replaced by something that is not an entry"
    if row.prev != before.hash:
        return "does not follow the entry before it"
    if row.hash != hashlib.sha256(before.hash + body).digest():
        return "was changed after it was written"
    try:
        said = entry(row.seq, body, row.hash)
    except AuditBroken:
        return "cannot be read"
    for name in _REPEATED:
        in_body, in_column = getattr(said, name), getattr(row, name)
        if in_body != in_column:
            return f"says {in_body!r} as {name}, its column {in_column!r}"
    if row.at_us != to_us(said.at):
        return "has another time in its column"
    return ""


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
