# SPDX-License-Identifier: GPL-2.0-or-later
"""What one pass found and did, and the one sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from enforcer.core.drift import Tally


class Outcome(StrEnum):
    """How a pass ended."""

    CLEAN = "clean"
    APPLIED = "applied"
    REPAIRED = "repaired"
    OBSERVED = "observed"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PassFacts:
    """Facts of one pass over one device.

    `added`/`removed`: members written because orders began or ended. `drift`: members that
    somebody else had changed; `findings`: the same for structure. `held`: members not
    written because of a pause, a freeze, a hold, a marker or observe mode; `why`: a hold's or
    marker's words. `contested`: objects left as somebody else made them. `seconds`: duration.
    `retryable`: whether trying again by itself may help after a failure. `again`: seconds after
    which what waits for its turn may be written.
    """

    device: str
    outcome: Outcome
    at: datetime
    seconds: float = 0.0
    full: bool = True
    added: int = 0
    removed: int = 0
    verified: int = 0
    drift: Tally = field(default_factory=Tally)
    findings: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    held: int = 0
    why: str = ""
    contested: int = 0
    error: str = ""
    retryable: bool = True
    again: float | None = None


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}".replace(",", " ")


def sentence(facts: PassFacts) -> str:
    """For people: "edge1: 3 added, 1 removed, 41 882 verified, no drift, 38 ms"."""
    if facts.outcome is Outcome.FAILED:
        return f"{facts.device}: failed: {facts.error}"
    parts = []
    if facts.added:
        parts.append(_counted(facts.added, "added"))
    if facts.removed:
        parts.append(_counted(facts.removed, "removed"))
    if facts.full or facts.verified:
        parts.append(_counted(facts.verified, "verified"))
    else:
        parts.append("nothing changed since the last proof")
    if facts.held:
        parts.append(_counted(facts.held, "held back") + (f" ({facts.why})" if facts.why else ""))
    if facts.contested:
        parts.append(_counted(facts.contested, "contested and left alone"))
    parts.append(_drift_words(facts))
    parts.append(f"{facts.seconds * 1000:.0f} ms")
    return f"{facts.device}: " + ", ".join(parts)


def _drift_words(facts: PassFacts) -> str:
    drift = facts.drift
    words = [
        _counted(number, word)
        for number, word in (
            (drift.missing, "missing"),
            (drift.extra, "extra"),
            (drift.altered, "altered"),
            (len(facts.findings), "structural"),
        )
        if number
    ]
    if not words:
        return "no drift"
    verb = "drift repaired" if facts.outcome is Outcome.REPAIRED else "drift"
    by = f" by {', '.join(facts.writers)}" if facts.writers else ""
    return f"{verb} ({', '.join(words)}{by})"
