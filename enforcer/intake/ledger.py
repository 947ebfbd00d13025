# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports entered in one transaction: what is like what, what is to be ordered or lifted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from enforcer.application.actor import Actor
from enforcer.core.intake_rules import Ordering, Rule, filled, one_line
from enforcer.core.ladder import Ladder
from enforcer.core.orders import Order, is_over, order_id
from enforcer.core.prefixes import format_network
from enforcer.core.signals import Signal, Status
from enforcer.core.times import say_when
from enforcer.errors import Throttled
from enforcer.intake.arrivals import LARGEST_RAW, Arrival, Receipt, bounded, digest, likeness
from enforcer.intake.deciding import Verdict
from enforcer.storage.reports import StoredReport
from enforcer.storage.times import from_us, to_us
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.wire import demand_to_wire

AGAIN = timedelta(hours=1)
"""As a rule's `again`, where no rule took it."""
_RETRY = timedelta(minutes=1)
_MOST_IDS = 200
_TIDY_SECONDS = 60.0


class Ledger:
    """Enters arrivals one after the other; `store` writes them.

    `known`: how far back what was about a target matters. `strangers`: reports that nobody
    authenticated, by source and hour.
    """

    def __init__(
        self,
        work: UnitOfWork,
        now: datetime,
        rules: Mapping[str, Rule],
        known: timedelta,
        strangers: int,
    ) -> None:
        self._work = work
        self._now = now
        self._rules = rules
        self._since = now - known
        self._strangers = strangers
        self._next = work.reports.next_id()
        self._rows: dict[int, StoredReport] = {}
        self._new: dict[int, bytes | None] = {}
        self._alike: dict[str, int] = {}
        self._about: dict[str, list[int]] = {}
        self._orders: dict[int, Order | None] = {}
        self._came: dict[str, int] = {}

    def enter(self, arrival: Arrival, verdict: Verdict) -> Receipt | Throttled:
        """Count it, coalesce it, or set it down; what is to be done about it is in its state."""
        if verdict.seen.status is Status.RESOLVED and arrival.trusted:
            return self._receipt(self._resolve(arrival, verdict))
        like = likeness(verdict.seen, arrival.actor.source, arrival.raw)
        name = verdict.rule.name if verdict.rule else None
        dedup = digest(like, verdict.course, name, arrival.trusted)
        row = self._like(dedup, verdict.rule.again if verdict.rule else AGAIN)
        if row is not None and _id(verdict.seen) in row.body["ids"]:
            return replace(self._receipt(row), duplicate=True)
        if row is None or self._is_done(row, verdict):
            if not arrival.trusted and self._too_many(arrival.actor.source):
                return Throttled(_TIDY_SECONDS, "too many reports of strangers: come again later")
            row = self._set_down(arrival, verdict, like, dedup)
        else:
            row = self._count(row, verdict)
        if verdict.course == "order":
            row = self._order(row, arrival.actor, verdict)
        return self._receipt(row)

    def store(self) -> None:
        """Write everything."""
        new = [(self._rows[at], raw) for at, raw in self._new.items()]
        self._work.reports.add_many(new)
        self._work.reports.change_many(r for at, r in self._rows.items() if at not in self._new)

    def current(self, state: str) -> list[StoredReport]:
        """What was entered or changed here and is in `state`."""
        return [row for row in self._rows.values() if row.state == state]

    # -- what is like what ---------------------------------------------------------------

    def _like(self, dedup: str, again: timedelta) -> StoredReport | None:
        if dedup in self._alike:
            return self._rows[self._alike[dedup]]
        row = self._work.reports.alike(dedup, self._now - again)
        return None if row is None else self._known(row)

    def _known(self, row: StoredReport) -> StoredReport:
        return self._rows.get(row.id, row)

    def _keep(self, row: StoredReport) -> StoredReport:
        self._rows[row.id] = row
        self._alike[row.dedup] = row.id
        if row.target is not None and row.target in self._about:
            ids = self._about[row.target]
            if row.id not in ids:
                ids.insert(0, row.id)
        return row

    def _same_target(self, target: str) -> list[StoredReport]:
        """What is known about this target, newest first."""
        if target not in self._about:
            found = [self._known(r) for r in self._work.reports.about(target, self._since)]
            here = [r for r in self._rows.values() if r.target == target]
            known = {r.id: r for r in (*found, *here)}
            self._about[target] = sorted(known, reverse=True)
            self._far = {**getattr(self, "_far", {}), **known}
        return [self._rows.get(at) or self._far[at] for at in self._about[target]]
