# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened on devices, as sentences: each write with its outcome, and what else was noted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from enforcer.application.commands import AuditFilter
from enforcer.application.views import EventView
from enforcer.web.desk import Desk

INTENT, OUTCOME = "device.intent", "device.outcome"
_DRIFT = "drift: "
_KINDS = {
    "device.braked": ("Stopped by the brake", "s-held", "bad"),
    "device.contested": ("Contested: left alone", "s-drifted", "bad"),
    "device.failing": ("Failing", "s-failing", "bad"),
    "device.recovered": ("Answers again", "s-enforced", "good"),
    "device.paused": ("Paused", "pause", "watch"),
    "device.resumed": ("Resumed", "play", "good"),
    "device.released": ("Released", "check", "good"),
    "device.mode": ("Mode changed", "edit", "busy"),
    "device.adopted": ("Adopted", "check", "good"),
    "device.draining": ("Being drained", "s-removing", "watch"),
    "device.retired": ("Retired", "s-over", "over"),
    "rollout.halted": ("The rollout stopped here", "s-held", "bad"),
}
"""Title, icon and tone of what is noted about a device."""
_RESULTS = {
    "applied": ("s-enforced", "good"),
    "unknown": ("s-unverified", "watch"),
    "": ("s-enforcing", "busy"),
}
_REASONS = {
    "rung": "something was decided",
    "the loop began": "the controller began",
    "started": "the controller began",
}
_MOST = 400


@dataclass(frozen=True)
class Happening:
    """One thing that happened on a device. `page`: its entry of the record.

    `why`: what made us write; `said`: how it went; `drift`: somebody had changed the device.
    """

    sequence: int
    at: datetime
    device: str
    title: str
    icon: str
    tone: str
    why: str = ""
    said: str = ""
    by: str = ""
    orders: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    drift: bool = False


def happenings(desk: Desk, device: str | None, most: int) -> list[Happening]:
    """The newest `most`, of one device or of all; none for who may not read the record."""
    if not desk.may("audit"):
        return []
    kinds = (INTENT, OUTCOME, *_KINDS)
    limit = min(_MOST, most * 3)
    which = AuditFilter(kinds=kinds, device=device, limit=limit)
    return told(desk.application.audit_list(desk.actor, which))[:most]


def repairs(desk: Desk, most: int) -> list[Happening]:
    """The newest writes because somebody had changed a device."""
    return [one for one in happenings(desk, None, _MOST) if one.drift][:most]


def told(events: Sequence[EventView]) -> list[Happening]:
    """`events`, newest first, as happenings; an outcome is told with its intent."""
    outcomes = {
        event.detail.get("intent"): event.detail for event in events if event.kind == OUTCOME
    }
    found = []
    for event in events:
        if event.kind == INTENT:
            found.append(_write(event, outcomes.get(event.sequence, {})))
        elif event.kind in _KINDS:
            found.append(_note(event))
    return found


def _write(event: EventView, outcome: dict[str, Any]) -> Happening:
    why = str(event.detail.get("why", ""))
    result = str(outcome.get("result", ""))
    icon, tone = _RESULTS.get(result, ("s-failing", "bad"))
    drift = why.startswith(_DRIFT)
    what = "Drift repaired" if drift else "Written"
    if result != "applied":
        what = {"": "Being written", "unknown": "Written, outcome unknown"}.get(
            result, "Not written"
        )
    return Happening(
        event.sequence,
        event.at,
        event.device or "",
        what,
        icon,
        tone,
        _REASONS.get(why, why.removeprefix(_DRIFT)),
        str(outcome.get("said", "")).removeprefix(f"{event.device}: "),
        "",
        _texts(event.detail.get("orders")),
        _texts(event.detail.get("writers")),
        drift,
    )


def _note(event: EventView) -> Happening:
    title, icon, tone = _KINDS[event.kind]
    said = event.detail.get("said") or event.detail.get("reason") or ""
    if mode := event.detail.get("mode"):
        title = f"{title} to {mode}"
    by = "" if event.source == "controller" else event.actor
    return Happening(
        event.sequence, event.at, event.device or "", title, icon, tone, "", str(said), by
    )


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Iterable) and value else ()
