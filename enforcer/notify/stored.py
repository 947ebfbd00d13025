# SPDX-License-Identifier: GPL-2.0-or-later
"""What is stored of a notice: its text, the event as programs get it, and what was gathered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from enforcer.notify.events import Event
from enforcer.notify.gathering import Flood
from enforcer.notify.texts import Text


def notice_body(
    text: Text, event: Event, at: datetime, many: Flood | None = None
) -> dict[str, Any]:
    """The body of a notice that is made at `at`."""
    body: dict[str, Any] = {
        "title": text.subject,
        "text": text.body,
        "entry": event.seq,
        "made": at.isoformat(),
        "told": event_body(event),
        "error": "",
    }
    if many is not None:
        body["flood"] = {
            "count": many.count,
            "first": [event_body(one) for one in many.first],
            "last": event_body(many.last),
        }
    return body


def flood_of(body: Mapping[str, Any]) -> Flood:
    """What was gathered into a notice."""
    many = body["flood"]
    last = _event(many["last"])
    return Flood(last.name, many["count"], tuple(_event(one) for one in many["first"]), last)


def event_body(event: Event) -> dict[str, Any]:
    """An event as JSON."""
    return {
        "event": event.name,
        "sequence": event.seq,
        "at": event.at.isoformat(),
        "subject": event.subject,
        "device": event.device,
        "actor": event.actor,
        "source": event.source,
        "detail": dict(event.detail),
    }


def _event(body: Mapping[str, Any]) -> Event:
    return Event(
        body["event"],
        body["sequence"],
        datetime.fromisoformat(body["at"]),
        body["subject"],
        body["device"],
        body["actor"],
        body["source"],
        body["detail"],
    )
