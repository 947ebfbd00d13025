# SPDX-License-Identifier: GPL-2.0-or-later
"""Events that no entry tells of: an order is proved everywhere, fails, nears its end, is over.

Nothing is written per order when a pass proves it, so this looks: at each order that was placed,
until it was proved on every device, and at the ends that lie between two looks. What it keeps in
mind is stored with the notices that it causes, in one transaction.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from enforcer.core.orders import Order, order_id
from enforcer.notify.events import DRIFT_FOUND, DRIFT_REPAIRED, ENFORCED, EXPIRED, EXPIRING, FAILING
from enforcer.notify.events import Event as Told
from enforcer.storage.unit_of_work import Reader

log = structlog.get_logger()

MOST = 20_000
"""So many orders that are not proved yet are followed at once, the newest."""
AT_ONCE = 1_000
"""Orders whose state is asked at one look."""
BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds from placed (or from the start, where that is later) to proved everywhere."""
_LONGEST_BACK = timedelta(days=1)
_ENDS_AT_ONCE = 10_000
_DONE = frozenset({"withheld", "unsupported", "lifted", "expired", "removing"})
_FAILING = frozenset({"failing", "unsupported", "withheld"})


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order as it is seen now. `status`: as people see it; `proved`: on every device, since
    `at`; `devices`: those whose passes fail; `why`: what is said of them."""

    number: int
    status: str
    proved: bool
    since: datetime
    at: datetime | None = None
    devices: tuple[str, ...] = ()
    why: str = ""


class States(Protocol):
    """Knows what has become of orders. Raises EnforcerError."""

    def states(self, numbers: Collection[int]) -> Sequence[OrderState]:
        """Those of `numbers` that are orders."""
        ...


@dataclass(frozen=True, slots=True)
class Mind:
    """What is kept between two looks.

    `waiting`: numbers of orders that are not proved everywhere; of those `failing` was told.
    `looked`: up to when ends were told; `warned`: up to which end it was said that it is near.
    `drifting`: devices with drift that stays. `counts`: per name; `buckets`: not cumulative, the
    last one open; `seconds`: their sum.
    """

    waiting: tuple[int, ...] = ()
    failing: frozenset[int] = frozenset()
    looked: datetime | None = None
    warned: datetime | None = None
    drifting: frozenset[str] = frozenset()
    repairs: frozenset[int] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    buckets: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    seconds: float = 0.0

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "waiting": [*self.waiting],
            "failing": sorted(self.failing),
            "looked": None if self.looked is None else self.looked.isoformat(),
            "warned": None if self.warned is None else self.warned.isoformat(),
            "drifting": sorted(self.drifting),
            "repairs": sorted(self.repairs),
            "counts": dict(self.counts),
            "buckets": [*self.buckets],
            "seconds": self.seconds,
        }

    def count(self, name: str, number: int = 1) -> Mind:
        """With so many more of `name`."""
        return replace(self, counts={**self.counts, name: self.counts.get(name, 0) + number})


def mind_of(body: Mapping[str, Any]) -> Mind:
    """The inverse of `Mind.body`."""
    looked, warned = body.get("looked"), body.get("warned")
    return Mind(
        tuple(body.get("waiting", ())),
        frozenset(body.get("failing", ())),
        None if looked is None else datetime.fromisoformat(looked),
        None if warned is None else datetime.fromisoformat(warned),
        frozenset(body.get("drifting", ())),
        frozenset(body.get("repairs", ())),
        dict(body.get("counts", {})),
        tuple(body.get("buckets", ())) or Mind().buckets,
        float(body.get("seconds", 0.0)),
    )


class Watching:
    """Looks at orders and devices; for one thread. `ahead`: how long before an end it is said."""

    def __init__(self, states: States, ahead: timedelta) -> None:
        self._states = states
        self._ahead = ahead
        self._seen: object = None
        self._turn = 0

    def look(
        self, reader: Reader, mind: Mind, placed: Sequence[int], head: int, now: datetime
    ) -> tuple[Mind, list[Told]]:
        """What there is to tell since `mind`; `placed`: orders placed since, `head`: the newest
        entry that was read. Raises EnforcerError."""
        mind = _with(mind, placed)
        events: list[Told] = []
        for look in (self._ends, self._near, self._drift):
            mind, some = look(reader, mind, head, now)
            events += some
        mind, some = self._proofs(reader, mind, bool(placed), head, now)
        return mind, [*events, *some]

    def _ends(
        self, reader: Reader, mind: Mind, head: int, now: datetime
    ) -> tuple[Mind, list[Told]]:
        since = max(mind.looked or now, now - _LONGEST_BACK)
        if since >= now:
            return replace(mind, looked=mind.looked or now), []
        over = reader.tallies.ending(since, now, _ENDS_AT_ONCE)
        until = now if len(over) < _ENDS_AT_ONCE else (over[-1].end or now)
        mind = _without(replace(mind, looked=until), {order.number for order in over})
        dropped = reader.dropped.newest() if over else {}
        return mind, [_about(EXPIRED, order, dropped, now) for order in over]

    def _near(
        self, reader: Reader, mind: Mind, head: int, now: datetime
    ) -> tuple[Mind, list[Told]]:
        """Once for each end: an order that is extended is told again before its new one.

        Orders that are shorter than the time ahead are not told: that was known when placed.
        """
        horizon = now + self._ahead
        since = max(mind.warned or horizon, now)
        if since >= horizon:
            return replace(mind, warned=mind.warned or horizon), []
        near = reader.tallies.ending(since, horizon, _ENDS_AT_ONCE)
        until = horizon if len(near) < _ENDS_AT_ONCE else (near[-1].end or horizon)
        told = [order for order in near if order.end and order.end - order.created > self._ahead]
        dropped = reader.dropped.newest() if told else {}
        return (
            replace(mind, warned=until),
            [_about(EXPIRING, order, dropped, now) for order in told],
        )

    def _drift(
        self, reader: Reader, mind: Mind, head: int, now: datetime
    ) -> tuple[Mind, list[Told]]:
        """Drift that stays: on devices that are observed only, paused, or held."""
        facts = reader.devices.all_facts()
        open_ = frozenset(name for name, one in facts.items() if one.drift_open)
        found, over = open_ - mind.drifting, mind.drifting - open_
        events = [
            Told(
                DRIFT_FOUND,
                head,
                now,
                device=name,
                detail={"why": f"{facts[name].drift_open} differences, left as they are"},
                derived=True,
            )
            for name in sorted(found)
        ]
        said = {"said": "nothing differs any more"}
        events += [
            Told(DRIFT_REPAIRED, head, now, device=name, detail=said, derived=True)
            for name in sorted(over)
        ]
        return replace(mind, drifting=open_), events

    def _proofs(
        self, reader: Reader, mind: Mind, new: bool, head: int, now: datetime
    ) -> tuple[Mind, list[Told]]:
        facts = reader.devices.all_facts()
        if not mind.waiting or (facts == self._seen and not new and not self._turn):
            self._seen = facts
            return mind, []
        self._seen = facts
        events: list[Told] = []
        gone: set[int] = set()
        for state in self._states.states(self._some(mind.waiting)):
            if state.proved or state.status in _DONE:
                gone.add(state.number)
            mind, told = _judged(mind, state, now)
            events += told
        return _without(mind, gone), events

    def _some(self, waiting: tuple[int, ...]) -> tuple[int, ...]:
        """All of them, or those whose turn it is."""
        start = self._turn if self._turn < len(waiting) else 0
        end = start + AT_ONCE
        self._turn = end if end < len(waiting) else 0
        return waiting[start:end]


def _with(mind: Mind, placed: Sequence[int]) -> Mind:
    waiting = (*mind.waiting, *placed)
    if len(waiting) > MOST:
        log.warning("orders are not followed to their proof", orders=len(waiting) - MOST)
        mind = mind.count("unfollowed", len(waiting) - MOST)
        waiting = waiting[-MOST:]
    return replace(mind, waiting=waiting, failing=mind.failing & frozenset(waiting))


def _judged(mind: Mind, state: OrderState, now: datetime) -> tuple[Mind, list[Told]]:
    if state.proved:
        return _proved(mind, state, now)
    if state.status in _FAILING and state.number not in mind.failing:
        mind = replace(mind, failing=mind.failing | {state.number})
        return mind, [_state(FAILING, state, now)]
    return mind, []


def _proved(mind: Mind, state: OrderState, now: datetime) -> tuple[Mind, list[Told]]:
    seconds = max(((state.at or now) - state.since).total_seconds(), 0.0)
    at = bisect_left(BUCKETS, seconds)
    buckets = tuple(n + (i == at) for i, n in enumerate(mind.buckets))
    mind = replace(mind, buckets=buckets, seconds=mind.seconds + seconds)
    return mind, [_state(ENFORCED, state, now, seconds)]


def _without(mind: Mind, gone: Collection[int]) -> Mind:
    if not gone:
        return mind
    waiting = tuple(n for n in mind.waiting if n not in gone)
    return replace(mind, waiting=waiting, failing=mind.failing.difference(gone))


def _state(name: str, state: OrderState, now: datetime, seconds: float | None = None) -> Told:
    detail: dict[str, Any] = {
        "status": state.status,
        "devices": [*state.devices],
        "said": state.why,
    }
    if seconds is not None:
        detail["seconds"] = round(seconds, 3)
    return Told(name, state.number, now, order_id(state.number), detail=detail, derived=True)


def _about(name: str, order: Order, dropped: Mapping[int, int], now: datetime) -> Told:
    """`dropped`: by order the packets that were seen last, of those that were looked at."""
    end = None if order.end is None else order.end.isoformat()
    detail = {"end": end, "dropped": dropped.get(order.number)}
    return Told(name, order.changed, now, order.id, detail=detail, derived=True)


def counted(mind: Mind, events: Sequence[Told]) -> Mind:
    """With what `events` add to the numbers that `/metrics` shows."""
    for key in _keys(events):
        mind = mind.count(key)
    return mind


def _keys(events: Sequence[Told]) -> Iterator[str]:
    for event in events:
        yield event.name
        if event.device and event.name in (DRIFT_FOUND, DRIFT_REPAIRED):
            yield f"{event.name} {event.device}"
