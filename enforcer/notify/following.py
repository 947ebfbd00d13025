# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes notices of the audit chain: each channel reads it by a cursor of its own.

A cursor moves in the transaction that stores the notices which it makes, so that none is lost
and none is made twice, whenever the process ends. A channel that is new begins at the newest
entry. Orders and devices, of which no entry tells everything, are looked at in the same
transaction (`enforcer.notify.watching`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from enforcer.clock import Clock
from enforcer.core.orders import order_number
from enforcer.notify.events import KINDS, Event, event_of, is_repair, wanted
from enforcer.notify.gathering import (
    GATHER,
    SHOWN,
    Flood,
    Shared,
    flood,
    share,
    spent_body,
    spent_of,
)
from enforcer.notify.stored import flood_of, notice_body
from enforcer.notify.texts import Order, Text, Texts
from enforcer.notify.watching import Mind, States, Watching, counted, mind_of
from enforcer.service_settings import NotifySettings
from enforcer.storage.audit import Which
from enforcer.storage.database import Database
from enforcer.storage.notices import DEAD, SENT, WAITING, Cursor, StoredNotice
from enforcer.storage.records import AuditEntry
from enforcer.storage.unit_of_work import Reader, UnitOfWork

log = structlog.get_logger()

WATCH = ":orders"
"""The reader that looks at orders and devices; no channel can be called so."""
PAGE = 1_000
_FAR = 500
_OLD = timedelta(seconds=60)
_KEEP = {SENT: timedelta(days=30), DEAD: timedelta(days=90)}
_NOT_CONFIGURED = "the channel is not configured any more"


class Orders(States, Protocol):
    """Knows orders: what has become of them, and how they are called."""

    def described(self, numbers: Sequence[int]) -> Mapping[int, Order]:
        """Those of `numbers` that are orders, in the words of templates."""
        ...

    def target(self, demand: Mapping[str, Any]) -> str:
        """What a demand in wire form is about; "": it cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """What one look found: up to `head`, by whom what was known."""

    before: Cursor | None
    head: int
    mind: Mind
    events: Sequence[Event]
    now: datetime


@dataclass(frozen=True, slots=True)
class _Made:
    """What a channel is told: new notices, and those gathering that have grown."""

    cursor: Cursor
    new: list[StoredNotice] = field(default_factory=list)
    grown: list[tuple[StoredNotice, StoredNotice]] = field(default_factory=list)
    """As it was, and as it is to be."""


class Following:
    """Looks for what there is to tell; for one thread, in the process that leads."""

    def __init__(
        self,
        database: Database,
        channels: Sequence[NotifySettings],
        orders: Orders,
        texts: Texts,
        clock: Clock,
        ahead: timedelta,
    ) -> None:
        self._database = database
        self._channels = channels
        self._orders = orders
        self._texts = texts
        self._clock = clock
        self._watching = Watching(orders, ahead)

    def begin(self) -> None:
        """Give up what waits for channels that are gone, and let new ones begin here.

        Raises StorageError.
        """
        names = {channel.name for channel in self._channels}
        with self._database.read() as reader:
            gone = [n for n in reader.notices.readers() if n != WATCH and n not in names]
        if gone:
            with self._database.write() as work:
                for name in gone:
                    work.notices.forget(name)
                    for notice in work.notices.waiting(name):
                        body = {**notice.body, "error": _NOT_CONFIGURED}
                        work.notices.change(replace(notice, state=DEAD, body=body))

    def look(self) -> bool:
        """Make notices of what happened since; whether there is more at once.

        Raises EnforcerError.
        """
        now = self._clock.now()
        with self._database.read() as reader:
            found = self._find(reader, now)
            cursors = {c.name: reader.notices.cursor(c.name) for c in self._channels}
            gathering = {
                c.name: [n for n in reader.notices.waiting(c.name) if _gathers(n, now)]
                for c in self._channels
            }
        made = {
            channel: self._made(channel, cursors[channel.name], gathering[channel.name], found)
            for channel in self._channels
        }
        if self._worth_it(found, cursors):
            self._store(found, cursors, made)
        with self._database.read() as reader:
            return reader.audit.head()[0] > found.head and len(found.events) >= PAGE

    # -- finding ---------------------------------------------------------------------------

    def _find(self, reader: Reader, now: datetime) -> _Found:
        head = reader.audit.head()[0]
        before = reader.notices.cursor(WATCH)
        since = head if before is None else before.seq
        entries = reader.audit.page(Which(after=since, kinds=KINDS), limit=PAGE)
        if len(entries) == PAGE:
            head = entries[-1].seq
        mind = Mind(looked=now) if before is None else mind_of(before.body)
        mind, events = self._told(entries, mind)
        placed = [n for e in events if e.name == "order.placed" and (n := _number(e)) is not None]
        mind, seen = self._watching.look(reader, mind, placed, head, now)
        every = [*events, *seen]
        return _Found(before, head, counted(mind, every), every, now)

    def _told(self, entries: Sequence[AuditEntry], mind: Mind) -> tuple[Mind, list[Event]]:
        repairs = set(mind.repairs)
        events = []
        for entry in entries:
            if is_repair(entry):
                repairs.add(entry.seq)
            event = event_of(entry, frozenset(repairs))
            if event is not None:
                events.append(event)
            repairs.discard(int(str(entry.payload.get("intent") or 0)))
        return replace(mind, repairs=frozenset(repairs)), events

    def _worth_it(self, found: _Found, cursors: Mapping[str, Cursor | None]) -> bool:
        """Whether anything was found, or what is stored grows old: nothing else is written."""
        before = found.before
        if before is None or found.events or None in cursors.values():
            return True
        known = mind_of(before.body)
        late = known.looked is None or not timedelta(0) <= found.now - known.looked < _OLD
        same = (known.waiting, known.failing, known.drifting, known.repairs) == (
            found.mind.waiting,
            found.mind.failing,
            found.mind.drifting,
            found.mind.repairs,
        )
        return late or not same or found.head - before.seq > _FAR

    # -- making ----------------------------------------------------------------------------

    def _made(
        self,
        channel: NotifySettings,
        cursor: Cursor | None,
        gathering: Sequence[StoredNotice],
        found: _Found,
    ) -> _Made:
        if cursor is None:
            return _Made(Cursor(found.head))
        events = [
            e
            for e in found.events
            if wanted(e.name, channel.events) and (e.derived or e.seq > cursor.seq)
        ]
        if not events:
            return _Made(Cursor(found.head, cursor.body))
        shared = share(
            events,
            spent_of(cursor.body),
            frozenset(notice.event for notice in gathering),
            found.now,
        )
        made = _Made(Cursor(found.head, spent_body(shared.spent)))
        made.new.extend(self._single(channel, event, found.now) for event in shared.single)
        self._gather(channel, shared, {n.event: n for n in gathering}, found.now, made)
        return made

    def _gather(
        self,
        channel: NotifySettings,
        shared: Shared,
        gathering: Mapping[str, StoredNotice],
        now: datetime,
        made: _Made,
    ) -> None:
        for name, events in shared.gathered.items():
            open_ = gathering.get(name)
            many = flood(events) if open_ is None else flood_of(open_.body).more(events)
            body = notice_body(self._flood_text(many), many.last, now, many)
            if open_ is None:
                made.new.append(
                    StoredNotice(channel.name, _column(many.last), name, now + GATHER, body)
                )
            else:
                made.grown.append((open_, replace(open_, body=body)))

    def _single(self, channel: NotifySettings, event: Event, now: datetime) -> StoredNotice:
        body = notice_body(self._text(event), event, now)
        return StoredNotice(channel.name, _column(event), event.name, now, body)

    def _flood_text(self, many: Flood) -> Text:
        lines = [self._text(event).subject for event in many.first[:SHOWN]]
        return self._texts.flood(many, lines)

    def _text(self, event: Event) -> Text:
        number = _number(event)
        order = None if number is None else self._orders.described([number]).get(number)
        demand = event.detail.get("demand")
        if isinstance(demand, Mapping) and order is None:
            target = self._orders.target(demand)
            if target:
                event = replace(event, detail={**event.detail, "target": target})
        return self._texts.event(event, order)

    # -- storing ---------------------------------------------------------------------------

    def _store(
        self,
        found: _Found,
        cursors: Mapping[str, Cursor | None],
        made: Mapping[NotifySettings, _Made],
    ) -> None:
        with self._database.write() as work:
            grown = [pair for one in made.values() for pair in one.grown]
            if work.notices.cursor(WATCH) != found.before or any(
                work.notices.get(before.id) != before for before, _ in grown
            ):
                # Sent meanwhile, or read by somebody else: the next look begins there.
                return
            work.notices.move(WATCH, Cursor(found.head, found.mind.body()))
            for channel, one in made.items():
                if work.notices.cursor(channel.name) == cursors[channel.name]:
                    self._keep(work, channel.name, one)
            for state, keep in _KEEP.items():
                work.notices.drop(state, found.now - keep)
        for event in found.events:
            about = {"order" if _number(event) is not None else "subject": event.subject}
            log.info("told", name=event.name, sequence=event.seq, device=event.device, **about)

    def _keep(self, work: UnitOfWork, channel: str, made: _Made) -> None:
        work.notices.move(channel, made.cursor)
        work.notices.add_many(made.new)
        for _, notice in made.grown:
            work.notices.change(notice)


def _gathers(notice: StoredNotice, now: datetime) -> bool:
    """Whether more may be added: it was not tried, and is not due."""
    return (
        notice.state == WAITING
        and not notice.attempts
        and notice.next > now
        and ("flood" in notice.body)
    )


def _column(event: Event) -> int:
    return 0 if event.derived else event.seq


def _number(event: Event) -> int | None:
    return order_number(event.subject) if event.name.startswith("order.") else None
