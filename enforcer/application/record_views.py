# SPDX-License-Identifier: GPL-2.0-or-later
"""What the record answers: audit entries with their evidence, list versions, reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enforcer.application.views import EventView, View


class AuditEntryView(View):
    """One audit entry with everything that proves it."""

    entry: EventView
    hash: str
    """Hexadecimal; `previous` that of the entry before."""
    previous: str
    native: list[str] = []
    """For a write to a device: the first native commands of its plan."""
    transcript: list[str] = []
    """For a write to a device, and for its outcome: what was sent (``> ``) and answered, in
    excerpt, without secrets."""
    outcome: EventView | None = None
    """For an intent: what became of it."""


class SignatureView(View):
    """One signed head of the audit chain."""

    sequence: int
    at: datetime
    hash: str
    key: str
    """SHA-256 of the public key, hexadecimal."""
    ok: bool | None
    """Whether the signature holds; null: the public key is not at hand."""


class KeyView(View):
    """A key that was just made; the private one stays in its file."""

    file: str
    key: str
    """SHA-256 of the public key, hexadecimal, as signatures name it."""
    public: str
    """The public key, 32 bytes, hexadecimal (Ed25519)."""


class Report(View):
    """Everything about one order or customer, for a dispute."""

    subject: str
    made_at: datetime
    html: str
    """The same as one self-contained page."""
    document: dict[str, Any]
    """Orders, history, evidence, proofs per device, and the chain's proof."""


class ListDiff(View):
    """Two versions of one list compared; ranges as CIDR blocks or first-last."""

    name: str
    old: int
    new: int
    added: list[str]
    removed: list[str]
    added_total: int
    removed_total: int
