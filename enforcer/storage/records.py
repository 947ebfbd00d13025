# SPDX-License-Identifier: GPL-2.0-or-later
"""What the database answers, where the core has no word for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from enforcer.core.brake import PauseState
from enforcer.wire import JSONValue


@dataclass(frozen=True, slots=True)
class Note:
    """What an audit entry is to say, apart from who and when."""

    kind: str
    payload: Mapping[str, JSONValue]
    subject: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry of the audit chain, read from its hashed bytes.

    `seq` is the change sequence. `subject` is an order's printed id or another name;
    `source` the kind of call (cli, api, controller). `hash` is
    SHA-256(hash of the entry before | body).
    """

    seq: int
    at: datetime
    kind: str
    actor: str
    source: str
    subject: str | None
    device: str | None
    payload: Mapping[str, JSONValue]
    hash: bytes


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Whether the chain holds. `entries`: how many were good before the first bad one.

    `first_bad`: its sequence number (of the missing one, where one is missing).
    """

    ok: bool
    entries: int
    first_bad: int | None = None
    why: str = ""


INTENT = "device.intent"
"""The kind of the entry before anything is sent to a device."""
OUTCOME = "device.outcome"
"""The kind of the entry that tells what became of an intent."""


def broken(seq: int, why: str) -> VerifyResult:
    """What is wrong with entry `seq`, which is the first that is."""
    return VerifyResult(False, seq - 1, seq, f"entry {seq} {why}")


@dataclass(frozen=True, slots=True)
class ListVersion:
    """One immutable version of a named list, without its content.

    `entries`: ranges stored, both families. `rejected`: lines of the source that were not
    addresses. `sha256`: of the source, in hexadecimal. `report`: the blob that tells what was
    rejected (`enforcer.core.list_report`); None: nothing was.
    """

    name: str
    version: int
    imported_at: datetime
    source: str
    entries: int
    rejected: int
    sha256: str
    report: str | None = None


@dataclass(frozen=True, slots=True)
class ControlState:
    """What the controller is allowed to do, since when, by whose decision and why."""

    state: PauseState
    since: datetime | None
    by: str | None
    reason: str | None
