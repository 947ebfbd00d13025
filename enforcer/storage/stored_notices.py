# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether alarms, kill switches and signatures are as the audit chain tells of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from enforcer.storage.chain import Link
from enforcer.storage.records import VerifyResult, broken
from enforcer.storage.tables import alarms, audit_signatures, stopped_sources

_signature = select(audit_signatures).where(audit_signatures.c.seq == bindparam("of"))


@dataclass(slots=True)
class _Raised:
    kind: str
    subject: str
    said: str
    raised_us: int
    cleared_us: int | None = None


class StoredAlarms:
    """Tells the alarms again from the chain, and compares at the end: there are few."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[int, _Raised] = {}
        self._open: dict[tuple[str, str], int] = {}

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """Nothing yet: what `page` says of alarms is remembered."""
        for link, payload in _payloads(page, "alarm."):
            kind, subject, said = str(payload.get("alarm")), link.subject or "", payload.get("said")
            if link.kind == "alarm.raised":
                self._told[link.seq] = _Raised(kind, subject, str(said), link.at_us)
                self._open[kind, subject] = link.seq
            elif link.kind == "alarm.changed" and payload.get("raised") in self._told:
                self._told[payload["raised"]].said = str(said)
            elif link.kind == "alarm.cleared":
                raised = self._told.get(self._open.pop((kind, subject), 0))
                if raised is not None:
                    raised.cleared_us = link.at_us
        return None

    def end(self, head: int) -> VerifyResult | None:
        """An alarm that is missing, that nothing tells of, or that says something else."""
        stored = {
            row.seq: _Raised(row.kind, row.subject, row.said, row.raised_us, row.cleared_us)
            for row in self._connection.execute(select(alarms))
        }
        for seq in sorted(self._told.keys() | stored.keys()):
            if seq not in stored:
                return broken(seq, "tells of an alarm that is missing")
            if seq not in self._told:
                return broken(min(seq, head), "does not tell of the alarm stored with it")
            if stored[seq] != self._told[seq]:
                return broken(seq, "tells of an alarm that was changed")
        return None


class StoredStops:
    """Tells again from the chain which sources are stopped, and compares at the end."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[str, tuple[int, int, str, str]] = {}
        self._last: dict[str, int] = {}

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """Nothing yet: what `page` says of kill switches is remembered."""
        for link, payload in _payloads(page, "source."):
            name = link.subject or ""
            self._last[name] = link.seq
            if link.kind == "source.stopped":
                reason = str(payload.get("reason")).strip()
                self._told[name] = (link.seq, link.at_us, link.actor, reason)
            elif link.kind == "source.started":
                self._told.pop(name, None)
        return None

    def end(self, head: int) -> VerifyResult | None:
        """A kill switch that is missing, that nothing tells of, or that says something else."""
        rows = self._connection.execute(select(stopped_sources))
        stored = {row.name: (row.since_us, row.by, row.reason.strip()) for row in rows}
        for name, (seq, *told) in self._told.items():
            if stored.get(name) != tuple(told):
                what = "was changed" if name in stored else "is missing"
                return broken(seq, f"stops source {name}, whose kill switch {what}")
        for name in stored.keys() - self._told.keys():
            seq = self._last.get(name, head)
            return broken(seq, f"does not stop source {name}, whose kill switch is set")
        return None


class StoredSignatures:
    """Each signed head that an entry tells of is kept, as it says."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first entry in `page` whose signature is missing or was changed."""
        for link, told in _payloads(page, "audit.signed"):
            given = {"of": told.get("sequence")}
            row = self._connection.execute(_signature, given).one_or_none()
            if row is None:
                return broken(link.seq, f"tells of a signature of {given['of']}, which is missing")
            stored = (bytes(row.hash).hex(), row.key, bytes(row.signature).hex(), row.at_us)
            if stored != (told.get("hash"), told.get("key"), told.get("signature"), link.at_us):
                return broken(link.seq, f"tells of a signature of {row.seq}, which was changed")
        return None

    def end(self, head: int) -> VerifyResult | None:
        """Nothing more: signatures that no entry tells of must hold like all others."""
        return None


def _payloads(page: Sequence[Link], kind: str) -> Iterable[tuple[Link, dict[str, Any]]]:
    """Entries whose kind begins with `kind`, and what they say."""
    return ((link, json.loads(link.body)["payload"]) for link in page if link.kind.startswith(kind))
