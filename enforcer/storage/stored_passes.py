# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether writes to devices, and the texts kept apart, are as the audit chain tells of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import zstandard
from sqlalchemy import ColumnElement, Connection, or_, select

from enforcer.storage.chain import Link
from enforcer.storage.records import INTENT, OUTCOME, VerifyResult, broken
from enforcer.storage.tables import audit, blobs, intents

IMPORTED = "list.imported"

# Bodies are canonical JSON: no blank stands between, and quotes inside of a text are escaped.
_CLOSES = re.compile(rb'"intent":([0-9]+)')
_NAMES_BLOB = re.compile(rb'"(?:native|report|transcript)":"([0-9a-f]{64})"')
_IN_ONE_STATEMENT = 5_000
_AT_ONCE = 100

_rows = select(intents.c.seq, intents.c.device, intents.c.closed_by)
_TELLING = (INTENT, OUTCOME, IMPORTED)
_telling = select(audit.c.seq, audit.c.body).where(audit.c.kind.in_(_TELLING))


class StoredIntents:
    """Each intent is there, open or closed by the outcome that names it, and no other is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first entry in `page` whose intent is missing, invented, or closed otherwise."""
        low, high = page[0].seq, page[-1].seq
        opened = {link.seq: link.device for link in page if link.kind == INTENT}
        ending = {
            link.seq: int(found[1])
            for link in page
            if link.kind == OUTCOME and (found := _CLOSES.search(link.body))
        }
        stored = {row.seq: row.device for row in self._some(intents.c.seq.between(low, high))}
        if (seq := _first_other(opened, stored)) is not None:
            return broken(seq, "does not agree with the table of intents")
        closed = {
            row.closed_by: row.seq for row in self._some(intents.c.closed_by.between(low, high))
        }
        if (seq := _first_other(ending, closed)) is not None:
            return broken(seq, "does not agree with what the table of intents says is closed")
        return None

    def end(self, head: int) -> VerifyResult | None:
        """Intents at positions, or closed by positions, that the chain does not have."""
        seq, by = intents.c.seq, intents.c.closed_by
        beyond = or_(seq < 1, seq > head, by < 1, by > head)
        for row in self._some(beyond):
            return broken(min(row.seq, head), "is followed by an intent that nothing tells of")
        return None

    def _some(self, condition: ColumnElement[bool]) -> Sequence[Any]:
        return self._connection.execute(_rows.where(condition)).all()


class StoredBlobs:
    """Each text that an entry names by its SHA-256 is there, and has it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first entry in `page` that names a text which is gone."""
        named = {link.seq: found for link in page if (found := _blob_of(link.kind, link.body))}
        wanted = sorted(set(named.values()))
        there: set[str] = set()
        for start in range(0, len(wanted), _IN_ONE_STATEMENT):
            some = wanted[start : start + _IN_ONE_STATEMENT]
            known = select(blobs.c.digest).where(blobs.c.digest.in_(some))
            there.update(self._connection.execute(known).scalars())
        gone = (seq for seq in sorted(named) if named[seq] not in there)
        seq = next(gone, None)
        return None if seq is None else broken(seq, f"names the text {named[seq]}, which is gone")

    def end(self, head: int) -> VerifyResult | None:
        """A text that was changed, by the first entry that names it; others prove nothing."""
        every = select(blobs.c.digest, blobs.c.body)
        changed = set[str]()
        with closing(
            self._connection.execute(every, execution_options={"yield_per": _AT_ONCE})
        ) as rows:
            changed.update(digest for digest, body in rows if not _has(digest, body))
        if not changed:
            return None
        for seq, body in self._connection.execute(_telling.order_by(audit.c.seq)):
            found = _NAMES_BLOB.search(body)
            if found and found[1].decode() in changed:
                return broken(seq, f"names the text {found[1].decode()}, which was changed")
        return None


def _blob_of(kind: str, body: bytes) -> str:
    if kind not in _TELLING:
        return ""
    found = _NAMES_BLOB.search(body)
    return found[1].decode() if found else ""


def _has(digest: str, body: bytes) -> bool:
    try:
        content = zstandard.ZstdDecompressor().decompress(body)
    except (zstandard.ZstdError, TypeError):
        return False
    return hashlib.sha256(content).hexdigest() == digest


def _first_other(told: Mapping[int, object], stored: Mapping[int, object]) -> int | None:
    """The first position at which what is told and what is stored are not the same."""
    if told == stored:
        return None
    return min(seq for seq in told.keys() | stored.keys() if told.get(seq) != stored.get(seq))
