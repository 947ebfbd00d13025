# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of an order as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from enforcer.application.views import EventView
from enforcer.web.device_history import Happening

_TITLES = {
    "order.placed": ("Placed", "plus", "busy"),
    "order.refused": ("Refused", "s-failing", "bad"),
    "order.extended": ("Extended", "extend", "busy"),
    "order.shortened": ("Shortened", "clock", "busy"),
    "order.lifted": ("Lifted", "lift", "over"),
    "order.amended": ("Amended", "edit", "busy"),
    "order.commented": ("Comment", "comment", "note"),
    "order.reconfirmed": ("Confirmed anew", "check", "good"),
    "order.owner-changed": ("Its target changed hands", "customers", "watch"),
    "order.emergency": ("Placed as an emergency", "warning", "bad"),
    "order.reviewed": ("Emergency reviewed", "check", "good"),
    "proposal.made": ("Proposed", "approve", "watch"),
    "proposal.approved": ("Approved", "approve", "good"),
    "proposal.rejected": ("Rejected", "cross", "bad"),
    "proposal.withdrawn": ("Withdrawn", "lift", "over"),
}
_COMMENTED = "order.commented"
_PLAIN = ("", "s-unknown", "over")
_LONGEST = 300
_LEFT_OUT = frozenset(
    {"demand", "order", "command", "key", "text", "idempotency_key", "sha256", "hash"}
)
_INSTANTS = frozenset({"start", "end", "was", "at", "until", "from", "to"})
_WAS, _IS = "was", "is"


@dataclass(frozen=True)
class Step:
    """One thing that happened: title, icon, tone, and facts beneath it.

    `text`: what somebody said; `written`: what a device was told.
    """

    sequence: int
    at: datetime
    title: str
    icon: str
    tone: str
    by: str
    facts: tuple[tuple[str, str | datetime], ...]
    text: str = ""
    written: Happening | None = None


def steps(events: Iterable[EventView], writes: Iterable[Happening] = ()) -> list[Step]:
    """The events and what was written to devices, as they are shown, newest first."""
    found = [*map(_step, events), *map(_of_write, writes)]
    return sorted(found, key=lambda step: -step.sequence)


def _of_write(write: Happening) -> Step:
    facts = tuple(
        (name, value)
        for name, value in (
            ("because", write.why),
            ("it went", write.said),
            ("changed by", ", ".join(write.writers)),
        )
        if value
    )
    return Step(
        write.sequence,
        write.at,
        f"{write.title} on {write.device}" if write.drift else f"{write.device}: {write.title}",
        write.icon,
        write.tone,
        write.by or "the controller",
        facts,
        written=write,
    )


def _step(event: EventView) -> Step:
    title, icon, tone = _TITLES.get(event.kind, _PLAIN)
    by = event.actor if event.source in {"web", "controller"} else f"{event.actor} ({event.source})"
    facts = (("device", event.device),) if event.device else ()
    return Step(
        event.sequence,
        event.at,
        title or event.kind.replace(".", " ").replace("-", " "),
        icon,
        tone,
        by,
        (*facts, *_facts(event.detail)),
        str(event.detail.get("text", "")) if event.kind == _COMMENTED else "",
    )


def _facts(detail: Mapping[str, Any]) -> tuple[tuple[str, str | datetime], ...]:
    was, is_now = detail.get(_WAS), detail.get(_IS)
    changes: tuple[tuple[str, str], ...] = ()
    if isinstance(was, Mapping) and isinstance(is_now, Mapping):
        changes = tuple(
            (_plain(name), f"{_words(was.get(name))} → {_words(now)}")
            for name, now in is_now.items()
        )
    told = {_WAS, _IS} if changes else set()
    return changes + tuple(
        (_plain(name), _shown(name, value))
        for name, value in detail.items()
        if name not in _LEFT_OUT and name not in told and value not in (None, "", [], {})
    )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _words(value: object) -> str:
    """A value of the record as people write it."""
    if isinstance(value, Mapping):
        return "; ".join(f"{_plain(str(name))}: {_words(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)


def _shown(name: str, value: object) -> str | datetime:
    if name in _INSTANTS and isinstance(value, str):
        with suppress(ValueError):
            instant = datetime.fromisoformat(value)
            return instant if instant.tzinfo else value
    text = _words(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
