# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods become one notice with a number. Pure: it is given the time.

Of each event a channel gets `SINGLE` notices of their own in `WINDOW`. More, or more than
`SINGLE` found at one look, are gathered: one notice that goes out `GATHER` later and says how
many there were, and about what the first of them were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from enforcer.notify.events import Event

SINGLE = 5
WINDOW = timedelta(seconds=60)
GATHER = timedelta(seconds=30)
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Spent:
    """How many notices of one event a channel was sent since `since`."""

    since: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Flood:
    """Events of one name that go out as one notice. `first`: the first `SHOWN` of them."""

    name: str
    count: int
    first: tuple[Event, ...]
    last: Event

    def more(self, events: Sequence[Event]) -> Flood:
        """With these too."""
        shown = (*self.first, *events)[:SHOWN]
        return replace(self, count=self.count + len(events), first=shown, last=events[-1])


def flood(events: Sequence[Event]) -> Flood:
    """One notice of all of `events`, which have one name."""
    return Flood(events[0].name, len(events), tuple(events[:SHOWN]), events[-1])


@dataclass(frozen=True, slots=True)
class Shared:
    """What a look makes of its events: notices of their own, and what is gathered, by name."""

    single: tuple[Event, ...] = ()
    gathered: Mapping[str, Sequence[Event]] = field(default_factory=dict)
    spent: Mapping[str, Spent] = field(default_factory=dict)


def share(
    events: Sequence[Event], spent: Mapping[str, Spent], gathering: frozenset[str], now: datetime
) -> Shared:
    """`spent`: as the last look left it; `gathering`: names of which a notice is gathering now."""
    by_name: dict[str, list[Event]] = {}
    for event in events:
        by_name.setdefault(event.name, []).append(event)
    single: list[Event] = []
    gathered: dict[str, Sequence[Event]] = {}
    left = {name: one for name, one in spent.items() if _recent(one, now)}
    for name, some in by_name.items():
        before = left.get(name, Spent(now, 0))
        if name in gathering or before.number + len(some) > SINGLE:
            gathered[name] = some
            left[name] = replace(before, number=SINGLE)
        else:
            single += some
            left[name] = replace(before, number=before.number + len(some))
    return Shared(tuple(sorted(single, key=lambda event: event.seq)), gathered, left)


def _recent(one: Spent, now: datetime) -> bool:
    return one.since <= now < one.since + WINDOW


def spent_body(spent: Mapping[str, Spent]) -> dict[str, Any]:
    """As JSON."""
    return {name: [one.since.isoformat(), one.number] for name, one in spent.items()}


def spent_of(body: Mapping[str, Any]) -> dict[str, Spent]:
    """The inverse of `spent_body`."""
    return {
        name: Spent(datetime.fromisoformat(since), int(number))
        for name, (since, number) in body.items()
    }
