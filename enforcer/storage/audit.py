# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading the audit chain, its blobs and the intents that nobody closed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

import zstandard
from sqlalchemy import Connection, Select, bindparam, select

from enforcer.errors import AuditBroken, NotFound
from enforcer.storage import chain
from enforcer.storage.chain import Head, Link, Walk
from enforcer.storage.often import often
from enforcer.storage.records import AuditEntry, VerifyResult
from enforcer.storage.signatures import SignatureReader, SignedHead
from enforcer.storage.stored_inventories import StoredInventories, StoredLists
from enforcer.storage.stored_notices import StoredAlarms, StoredSignatures, StoredStops
from enforcer.storage.stored_orders import StoredOrders
from enforcer.storage.stored_passes import StoredBlobs, StoredIntents
from enforcer.storage.stored_proposals import StoredProposals
from enforcer.storage.tables import audit, audit_head, blobs, intents
from enforcer.storage.times import from_us, to_us

_STEP = 5_000
_BEFORE_ALL = -(2**62)

_STORED = (
    StoredOrders,
    StoredInventories,
    StoredLists,
    StoredIntents,
    StoredBlobs,
    StoredSignatures,
    StoredAlarms,
    StoredStops,
    StoredProposals,
)
"""What is compared with the chain; the first that finds anything has the word."""

_columns = [audit.c[name] for name in Link._fields]
_head = often(select(audit_head.c.seq, audit_head.c.hash).where(audit_head.c.id == 1))
_owned_head = often(_head.with_for_update())
_entries = select(audit.c.seq, audit.c.body, audit.c.hash).order_by(audit.c.seq)
_open = _entries.join(intents, intents.c.seq == audit.c.seq).where(intents.c.closed_by.is_(None))

_closed = _entries.join(intents, intents.c.closed_by == audit.c.seq).where(
    intents.c.seq == bindparam("intent")
)
_hash_at = select(audit.c.hash).where(audit.c.seq == bindparam("of"))
_moment_after = (
    select(audit.c.seq)
    .where(
        audit.c.seq > bindparam("of"),
        audit.c.seq <= bindparam("last"),
        audit.c.at_us
        != select(audit.c.at_us).where(audit.c.seq == bindparam("of")).scalar_subquery(),
    )
    .order_by(audit.c.seq)
    .limit(1)
)
_first = select(audit.c.at_us).order_by(audit.c.seq).limit(1)


class AuditReader:
    """The chain as of one snapshot; `flush` writes what a transaction still holds back."""

    def __init__(self, connection: Connection, flush: Callable[[], None] = lambda: None) -> None:
        self._connection = connection
        self._flush = flush

    def head(self) -> tuple[int, bytes]:
        """Sequence and hash of the newest entry; 0 and 32 zero bytes before the first."""
        found = read_head(self._connection)
        return found.seq, found.hash

    def end_of_moment(self, seq: int, head: int) -> int:
        """The last entry, not after `head`, of those in a row that have the time of entry `seq`.

        Entries of one transaction have one time, unless it took several.
        """
        given = {"of": seq, "last": head}
        later = self._connection.execute(_moment_after, given).scalar()
        return head if later is None else later - 1

    def hash_at(self, seq: int) -> bytes | None:
        """The hash of one entry; None: the chain has no such position."""
        return self._connection.execute(_hash_at, {"of": seq}).scalar_one_or_none()

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
        which = Which(after, None, subject, device, kinds)
        return self.page(which, limit=limit)

    def page(
        self, which: Which, *, limit: int | None, newest_first: bool = False
    ) -> list[AuditEntry]:
        """The first `limit` entries (None: all) of `which`. Raises AuditBroken."""
        self._flush()
        wanted = _filtered(_entries, which).limit(limit)
        if newest_first:
            wanted = wanted.order_by(None).order_by(audit.c.seq.desc())
        return [chain.entry(*row) for row in self._connection.execute(wanted)]

    def links(self, which: Which, *, limit: int | None = None) -> Iterator[Link]:
        """The rows of `which` as they are stored, oldest first, read in pages."""
        self._flush()
        after, left = which.after, limit
        while left is None or left > 0:
            size = _STEP if left is None else min(_STEP, left)
            page = _filtered(select(*_columns), replace(which, after=after))
            rows = self._connection.execute(page.order_by(audit.c.seq).limit(size))
            links = [Link(*row) for row in rows]
            yield from links
            if len(links) < size:
                return
            after, left = links[-1].seq, None if left is None else left - len(links)

    def link(self, seq: int) -> Link | None:
        """One row as it is stored; None: there is none."""
        return next(self.links(Which(after=seq - 1, before=seq + 1)), None)

    def outcome(self, intent: int) -> AuditEntry | None:
        """What became of an intent; None: nobody knows yet, or it is no intent."""
        row = self._connection.execute(_closed, {"intent": intent}).first()
        return None if row is None else chain.entry(*row)

    def first_instant(self) -> datetime | None:
        """When the records began; None: there are none."""
        at = self._connection.execute(_first).scalar()
        return None if at is None else from_us(at)

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

    def verify(
        self,
        told: Callable[[int, int], None] = lambda done, of: None,
        known: Iterable[SignedHead | Head] = (),
    ) -> VerifyResult:
        """Check every entry, what is stored of all that they tell of, and every signed head.

        `told` is called with how many entries were walked, and of how many. `known`: heads
        from elsewhere (an export) that the chain must hold too. Reads in pages: memory
        does not grow with the chain.
        """
        self._flush()
        head = read_head(self._connection)
        stored = [check(self._connection) for check in _STORED]
        walk = Walk(head, [*SignatureReader(self._connection).all(), *known])
        for page in _pages(self._links()):
            bad = walk.pages(page) or _earliest(one.differing(page) for one in stored)
            if bad is not None:
                return bad
            told(page[-1].seq, head.seq)
        bad = walk.end() or _earliest(one.end(head.seq) for one in stored)
        return bad or VerifyResult(True, head.seq)

    def _links(self) -> Iterator[Link]:
        """All rows; those at or below 0 too, which should not be there."""
        return self.links(Which(after=_BEFORE_ALL))


@dataclass(frozen=True, slots=True)
class Which:
    """Which entries; everything that is given must match. `after`, `before`: positions."""

    after: int = 0
    before: int | None = None
    subject: str | None = None
    device: str | None = None
    kinds: Collection[str] | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def _filtered(statement: Select[Any], which: Which) -> Select[Any]:
    columns = audit.c
    wanted = statement.where(columns.seq > which.after)
    if which.before is not None:
        wanted = wanted.where(columns.seq < which.before)
    if which.kinds is not None:
        wanted = wanted.where(columns.kind.in_(which.kinds))
    for column, value in (
        (columns.subject, which.subject),
        (columns.device, which.device),
        (columns.actor, which.actor),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if which.since is not None:
        wanted = wanted.where(columns.at_us >= to_us(which.since))
    if which.until is not None:
        wanted = wanted.where(columns.at_us <= to_us(which.until))
    return wanted


def _earliest(found: Iterable[VerifyResult | None]) -> VerifyResult | None:
    return next(filter(None, found), None)


def _pages(links: Iterator[Link]) -> Iterator[list[Link]]:
    while page := list(islice(links, _STEP)):
        yield page


def read_head(connection: Connection, own: bool = False) -> Head:
    """The head row; with `own`, locked until the transaction ends. Raises AuditBroken."""
    row = connection.execute(_owned_head if own else _head).one_or_none()
    if row is None:
        raise AuditBroken("the audit chain has lost its head: restore a backup")
    head = Head(*row)
    if type(head.seq) is not int or type(head.hash) is not bytes or head.seq < 0:
        raise AuditBroken(f"the audit chain's head cannot be read: {AuditBroken.REMEDY}")
    return head
