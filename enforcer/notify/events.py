# SPDX-License-Identifier: GPL-2.0-or-later
"""Events that somebody may want to be told, and which audit entries tell of them.

Four are in no entry, because nothing is written when a moment merely passes: they are told by
`enforcer.notify.watching`, which looks at the orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from enforcer.storage.records import INTENT, OUTCOME, AuditEntry

ENFORCED, FAILING = "order.enforced", "order.failing"
EXPIRED, EXPIRING = "order.expired", "order.expiring"
DRIFT_FOUND, DRIFT_REPAIRED = "drift.found", "drift.repaired"
TEST = "test"

_BY_KIND = {
    "order.placed": "order.placed",
    "order.refused": "order.refused",
    "order.extended": "order.changed",
    "order.shortened": "order.changed",
    "order.lifted": "order.lifted",
    "order.emergency": "order.emergency",
    "proposal.made": "approval.needed",
    "proposal.approved": "approval.decided",
    "proposal.rejected": "approval.decided",
    "proposal.withdrawn": "approval.decided",
    "proposal.lapsed": "approval.decided",
    "device.failing": "device.unreachable",
    "device.recovered": "device.recovered",
    "alarm.raised": "alarm.raised",
    "alarm.cleared": "alarm.cleared",
    "control.paused": "control.changed",
    "control.frozen": "control.changed",
    "control.running": "control.changed",
    "source.stopped": "source.stopped",
    "source.started": "source.started",
}
_BRAKED = {"alarm.raised": "brake.held", "alarm.cleared": "brake.released"}
_TOLD_OTHERWISE = frozenset({"approval-needed", "emergency-review"})
"""Alarms beside entries that are an event of their own."""
_DRIFT = "drift"

KINDS = (*_BY_KIND, INTENT, OUTCOME)
"""The audit entries that readers look at."""
EVENTS = tuple(
    sorted(
        {*_BY_KIND.values(), *_BRAKED.values()}
        | {ENFORCED, FAILING, EXPIRED, EXPIRING, DRIFT_FOUND, DRIFT_REPAIRED}
    )
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `seq`: the entry that it is told under; `subject`: an order's id or another name.

    `detail`: what the entry says, or what was seen. `derived`: no entry tells of it; `seq` is
    then an order's number, or the newest entry.
    """

    name: str
    seq: int
    at: datetime
    subject: str = ""
    device: str = ""
    actor: str = ""
    source: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    derived: bool = False


def event_of(entry: AuditEntry, repairs: frozenset[int] = frozenset()) -> Event | None:
    """The event behind an entry; None: there is none that anybody is told.

    `repairs`: intents that repair drift, whose outcome says whether it is repaired.
    """
    name = _name(entry, repairs)
    if name is None:
        return None
    return Event(
        name,
        entry.seq,
        entry.at,
        entry.subject or "",
        entry.device or "",
        entry.actor,
        entry.source,
        {**entry.payload, "kind": entry.kind},
    )


def is_repair(entry: AuditEntry) -> bool:
    """Whether an entry is the intent to put back what somebody else changed on a device."""
    return entry.kind == INTENT and str(entry.payload.get("why", "")).startswith(_DRIFT)


def _name(entry: AuditEntry, repairs: frozenset[int]) -> str | None:
    payload = entry.payload
    if entry.kind == INTENT:
        return DRIFT_FOUND if is_repair(entry) else None
    if entry.kind == OUTCOME:
        repaired = payload.get("intent") in repairs and payload.get("result") == "applied"
        return DRIFT_REPAIRED if repaired else None
    if entry.kind.startswith("alarm."):
        alarm = payload.get("alarm")
        if alarm in _TOLD_OTHERWISE:
            return None
        if alarm == "braked":
            return _BRAKED.get(entry.kind)
    return _BY_KIND.get(entry.kind)


def wanted(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a channel with these patterns (``*``, ``alarm.*``, ``order.placed``) is told."""
    return name == TEST or any(fnmatchcase(name, pattern) for pattern in patterns)


def unknown(patterns: tuple[str, ...]) -> list[str]:
    """Those patterns that no event fits: a name was mistyped."""
    return [p for p in patterns if not any(fnmatchcase(name, p) for name in EVENTS)]
