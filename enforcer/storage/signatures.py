# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed heads of the audit chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select

from enforcer.storage.tables import audit_signatures
from enforcer.storage.times import from_us, to_us

_newest_first = select(audit_signatures).order_by(audit_signatures.c.seq.desc())
_add = insert(audit_signatures)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The chain up to `seq` had `hash` (32 bytes) when the key's holder signed it, at `at`.

    `key`: SHA-256 of the public key, hexadecimal. `signature`: 64 bytes of Ed25519 (RFC 8032)
    over `enforcer.signing.head_bytes`.
    """

    seq: int
    at: datetime
    hash: bytes
    key: str
    signature: bytes


class SignatureReader:
    """Signatures as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> SignedHead | None:
        """The last one; None: nothing was ever signed."""
        row = self._connection.execute(_newest_first.limit(1)).mappings().first()
        return None if row is None else _read(row)

    def all(self) -> list[SignedHead]:
        """All of them, newest first: one a day, so there are few."""
        return [_read(row) for row in self._connection.execute(_newest_first).mappings()]


class SignatureWriter(SignatureReader):
    """Signatures inside one transaction that writes."""

    def add(self, head: SignedHead) -> None:
        """Keep a signed head; its position was not signed before."""
        row = {"seq": head.seq, "at_us": to_us(head.at), "hash": head.hash, "key": head.key}
        self._connection.execute(_add, {**row, "signature": head.signature})


def _read(row: RowMapping) -> SignedHead:
    return SignedHead(
        row["seq"],
        from_us(row["at_us"]),
        bytes(row["hash"]),
        row["key"],
        bytes(row["signature"]),
    )
