# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports entered in one transaction: what is like what, what is to be ordered or lifted.

States on the way: ``taken`` is to become an order, ``lifting`` is to end one. Both are finished
after the transaction, or by the next `repair`, with what stands in the row: nothing depends on
the process that entered it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from enforcer.application.actor import Actor
from enforcer.core.four_eyes import NEEDS_APPROVAL
from enforcer.core.intake_rules import Ordering, Rule, filled, one_line
from enforcer.core.orders import Order, is_over, order_id
from enforcer.core.prefixes import format_network
from enforcer.core.signals import Status
from enforcer.core.times import say_when
from enforcer.errors import Throttled
from enforcer.intake.arrivals import (
    LARGEST_RAW,
    Arrival,
    Receipt,
    bounded,
    digest,
    identity,
    likeness,
    likeness_of,
)
from enforcer.intake.deciding import Verdict
from enforcer.intake.rows import Rows
from enforcer.intake.strangers import Networks
from enforcer.storage.reports import StoredReport
from enforcer.storage.times import from_us, to_us
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.wire import demand_to_wire

AGAIN = timedelta(hours=1)
"""As a rule's `again`, where no rule took it."""
_RETRY = timedelta(minutes=1)
"""What was refused is not asked again sooner."""
_HOUR = timedelta(hours=1)
_MOST_IDS = 200
_LATER_SECONDS = 60.0
MOST_WORDS = 5
"""Of reports that are counted in one that strangers sent."""
_LONGEST_WORDS = 8000


@dataclass(frozen=True, slots=True)
class Habits:
    """`rules` by name. `known`: how far back what was about a target matters; `strangers`: so
    many new reports a source may open in an hour without being authenticated; `networks`: how
    many of them one network may."""

    rules: Mapping[str, Rule]
    known: timedelta = timedelta(days=90)
    strangers: int = 1000
    networks: Networks = field(default_factory=lambda: Networks(1000))


class Ledger:
    """Enters arrivals one after the other; `rows.store` writes them."""

    def __init__(self, work: UnitOfWork, now: datetime, habits: Habits) -> None:
        self.rows = Rows(work, now - habits.known)
        self._work = work
        self._now = now
        self._habits = habits
        self._orders: dict[int, Order | None] = {}
        self._opened: dict[str, int] = {}

    def enter(self, arrival: Arrival, verdict: Verdict) -> Receipt | Throttled:
        """Count it, coalesce it, or set it down; what is to be done about it is in its state."""
        if verdict.seen.status is Status.RESOLVED and arrival.trusted:
            return receipt(self._resolve(arrival, verdict))
        rule = verdict.rule
        like = likeness_of(arrival, verdict.seen)
        dedup = digest(like, verdict.course, rule.name if rule else None, arrival.trusted)
        row = self.rows.alike(dedup, self._now - (rule.again if rule else AGAIN))
        if row is not None and _known(row, arrival):
            return replace(receipt(row), duplicate=True)
        if row is None or self._is_past(row, rule, arrival.trusted):
            if not arrival.trusted and self._too_many(arrival.actor):
                said = "too many reports that nobody vouches for: come again later"
                return Throttled(_LATER_SECONDS, said)
            row = self._set_down(arrival, verdict, like, dedup)
        else:
            row = self._count(row, arrival)
        if verdict.course == "order":
            row = self._order(row, arrival.actor, verdict)
        return receipt(row)

    # -- rows ----------------------------------------------------------------------------

    def _is_past(self, row: StoredReport, rule: Rule | None, trusted: bool) -> bool:
        """Whether what comes now is another case, though it is like this one.

        What a person dismissed of a stranger was that one: another may be genuine. Nor is more
        counted in what strangers sent than it keeps the words of.
        """
        full = row.state == "dismissed" or len(row.body.get("words", ())) >= MOST_WORDS
        if row.state == "lifted" or (full and not trusted):
            return True
        if row.state == "dismissed":
            again = rule.again if rule else AGAIN
            return from_us(row.body.get("decided_us", to_us(row.last))) + again <= self._now
        order = self._order_of(row)
        return order is not None and is_over(order, self._now)

    def _set_down(self, arrival: Arrival, verdict: Verdict, like: str, dedup: str) -> StoredReport:
        signal, raw = verdict.seen, arrival.raw
        target = None if signal.target is None else format_network(signal.target)
        row = StoredReport(
            self.rows.new_id(),
            self._now,
            one_line(signal.format, 40),
            arrival.actor.source,
            dedup,
            target,
            one_line(signal.type, 80),
            verdict.course if verdict.course != "order" else "counted",
            1,
            self._now,
            None,
            _body(arrival, verdict, like, self._now),
        )
        return self.rows.add(row, None if raw is None else raw[:LARGEST_RAW])

    def _count(self, row: StoredReport, arrival: Arrival) -> StoredReport:
        ids = [*row.body["ids"], identity(arrival)][-_MOST_IDS:]
        times = [*row.body["times"], to_us(self._now)][-_MOST_IDS * 5 :]
        body = {**row.body, "ids": [one for one in ids if one], "times": times}
        words = body.get("words", [])
        if not arrival.trusted and arrival.raw is not None and len(words) < MOST_WORDS:
            text = arrival.raw[:_LONGEST_WORDS].decode("utf-8", "replace")
            body["words"] = [*words, text.replace("\0", "\ufffd")]
        return self.rows.change(replace(row, count=row.count + 1, last=self._now, body=body))

    def _say(self, row: StoredReport, state: str, said: str, **body: object) -> StoredReport:
        laid = {**row.body, **body, "said": said}
        return self.rows.change(replace(row, state=state, body=laid))

    def _too_many(self, actor: Actor) -> bool:
        """Whether a stranger has to come later; who may go on is counted."""
        source, networks = actor.source, self._habits.networks
        if networks.full(actor.name, self._now):
            return True
        if source not in self._opened:
            since = self._now - _HOUR
            self._opened[source] = self._work.reports.count_from(source, "open", since)
        self._opened[source] += 1
        if self._opened[source] > self._habits.strangers:
            return True
        networks.opened(actor.name, self._now)
        return False

    def _order_of(self, row: StoredReport) -> Order | None:
        if row.order is None:
            return None
        if row.order not in self._orders:
            self._orders[row.order] = self._work.orders.get(row.order)
        return self._orders[row.order]

    # -- orders --------------------------------------------------------------------------

    def _order(self, row: StoredReport, actor: Actor, verdict: Verdict) -> StoredReport:
        rule = verdict.rule
        assert rule is not None and rule.order is not None and row.target is not None
        if row.state == "taken" and row.body.get("over"):
            return self._say(row, "taken", row.body["said"], over=False)
        if row.state in ("taken", "lifting"):
            return row
        if self._refused(row):
            return row
        same = [r for r in self.rows.about(row.target) if r.body.get("rule") == rule.name]
        standing = self._standing(row, rule, same)
        if standing is not None:
            return standing
        count = _within(same, to_us(self._now - rule.within))
        if count < rule.threshold:
            return self._say(row, "counted", f"{count} of {rule.threshold} {verdict.said}")
        body = self._asking(rule, rule.order, row, same, verdict)
        by = {"name": actor.name, "source": actor.source, "rights": _rights(actor)}
        return self._say(row, "taken", verdict.said, **body, by=by, tried_us=to_us(self._now))

    def again(self, row: StoredReport, verdict: Verdict) -> StoredReport:
        """Order for a report that was refused for a reason that passes, for what is left of the
        time that its rule orders for now; a report older than that stays as it is."""
        rule = verdict.rule
        assert rule is not None and rule.order is not None and row.target is not None
        same = [r for r in self.rows.about(row.target) if r.body.get("rule") == rule.name]
        standing = self._standing(row, rule, same)
        if standing is not None:
            return standing
        body = self._asking(rule, rule.order, row, same, verdict)
        left = body["asks"]["seconds"] - (self._now - row.last).total_seconds()
        if left < 1:
            return row
        body["asks"]["seconds"] = left
        tries = row.body.get("tries", 0) + 1
        said = f"{verdict.said}, tried again"
        return self._say(row, "taken", said, **body, tried_us=to_us(self._now), tries=tries)

    def _refused(self, row: StoredReport) -> bool:
        """Whether it was asked for, refused, and is not to be asked for again now."""
        if row.order is not None or "tried_us" not in row.body:
            return False
        waits = row.body.get("code") == NEEDS_APPROVAL
        return waits or from_us(row.body["tried_us"]) + _RETRY > self._now

    def _standing(
        self, row: StoredReport, rule: Rule, same: list[StoredReport]
    ) -> StoredReport | None:
        """`row` with the order that this rule has made for this target already, if it stands."""
        for other in same:
            if other.state == "taken":
                laid = {k: other.body[k] for k in ("asks", "by", "tried_us")}
                return self._say(row, "taken", other.body["said"], **laid)
            order = self._order_of(other)
            if order is None:
                continue
            if not is_over(order, self._now):
                said = f"order {order.id} stands already"
                return self.rows.change(
                    replace(
                        row,
                        state="ordered",
                        order=order.number,
                        body={**row.body, "said": said},
                    )
                )
            by_us = other.state == "lifted"
            if order.lifted and not by_us and order.lifted + rule.again > self._now:
                said = f"order {order.id} was lifted at {say_when(order.lifted)}: a person decides"
                return self._say(row, "open", said)
        return None

    def _asking(
        self,
        rule: Rule,
        ordering: Ordering,
        row: StoredReport,
        same: list[StoredReport],
        verdict: Verdict,
    ) -> dict[str, Any]:
        """What is ordered, so that it can be ordered again word for word."""
        assert verdict.demand is not None
        ended = {
            order.number: order.ends or self._now
            for order in map(self._order_of, same)
            if order is not None
        }
        lasting = ordering.ladder.duration(tuple(ended.values()), self._now)
        if ordering.asked and verdict.seen.duration is not None:
            lasting = min(verdict.seen.duration, ordering.ladder.rungs[-1])
        signal, source = verdict.seen, row.source
        scope = ordering.scope
        return {
            "asks": {
                "key": f"intake:{rule.name}:{row.target}:{to_us(row.at)}-{row.id}",
                "demand": demand_to_wire(verdict.demand),
                "seconds": max(lasting.total_seconds(), 1.0),
                "reason": filled(ordering.reason, signal, source, rule.name) or rule.name,
                "ticket": filled(ordering.ticket, signal, source, rule.name) or None,
                "scope": asdict(scope),
            }
        }

    # -- what is over --------------------------------------------------------------------

    def _resolve(self, arrival: Arrival, verdict: Verdict) -> StoredReport:
        source = arrival.actor.source
        like = likeness(verdict.seen, source, arrival.raw)
        target = verdict.seen.target
        known = [] if target is None else self.rows.about(format_network(target))
        here = [r for r in known if r.source == source and r.body.get("like") == like]
        meant = next((r for r in here if r.state in _UNFINISHED), self._left(verdict, like))
        if meant is None:
            dedup = digest(like, "over", arrival.trusted)
            row = self.rows.alike(dedup, self._now - AGAIN)
            if row is not None:
                return self._count(row, arrival)
            said = "it is said to be over, and nothing like it is known"
            over = replace(verdict, course="ignored", said=said)
            return self._set_down(arrival, over, like, dedup)
        return self._end(meant, known)

    def _left(self, verdict: Verdict, like: str) -> StoredReport | None:
        """The report of the same thing that was left to a person, if it waits still."""
        name = verdict.rule.name if verdict.rule else None
        dedup = digest(like, verdict.course, name, True)
        row = self.rows.alike(dedup, self._now - self._habits.known)
        return row if row is not None and row.state == "open" else None

    def _end(self, meant: StoredReport, known: list[StoredReport]) -> StoredReport:
        if meant.state == "taken":
            return self._say(meant, "taken", meant.body["said"], over=True)
        if meant.state != "ordered":
            return self._say(meant, "lifted", "it is said to be over")
        rule = self._habits.rules.get(meant.body.get("rule") or "")
        if rule is None or not rule.lift:
            said = "it is said to be over; the order runs until its end"
            return self._say(meant, "ordered", said)
        others = [
            r for r in known if r.id != meant.id and r.order == meant.order and r.state == "ordered"
        ]
        if others:
            said = f"it is said to be over; report {others[0].id} still says that it is not"
            return self._say(meant, "lifted", said)
        return self._say(meant, "lifting", "it is said to be over")


_UNFINISHED = frozenset(["counted", "taken", "ordered", "failed"])


def receipt(row: StoredReport) -> Receipt:
    """What is answered about a report."""
    order = None if row.order is None else order_id(row.order)
    return Receipt(row.id, row.state, row.body.get("said", ""), order)


def _known(row: StoredReport, arrival: Arrival) -> bool:
    this = identity(arrival)
    return bool(this) and this in row.body["ids"]


def _within(same: list[StoredReport], since: int) -> int:
    """Reports since then that count towards a threshold: what a person was left, never does."""
    counted = (r for r in same if r.state in ("counted", "ordered", "failed"))
    return sum(1 for row in counted for at in row.body["times"] if at >= since)


def _rights(actor: Actor) -> dict[str, Any] | None:
    rights = actor.rights
    if rights is None:
        return None
    machine = rights.machine
    limits = None
    if machine is not None:
        limits = {**asdict(machine), "kinds": sorted(machine.kinds)}
    return {
        "roles": sorted(rights.roles),
        "read_only": rights.read_only,
        "machine": limits,
    }


def _body(arrival: Arrival, verdict: Verdict, like: str, now: datetime) -> dict[str, Any]:
    signal = verdict.seen
    return {
        "rule": verdict.rule.name if verdict.rule else None,
        "said": verdict.said,
        "like": like,
        "trusted": arrival.trusted,
        "customer": verdict.customer,
        "evidence": signal.evidence,
        "part": signal.part,
        "peer": None if signal.peer is None else format_network(signal.peer),
        "happened": None if signal.at is None else signal.at.isoformat(),
        "asked": None if signal.duration is None else signal.duration.total_seconds(),
        "severity": one_line(signal.severity),
        "port": signal.port,
        "protocol": signal.protocol,
        "reporter": one_line(signal.reporter, 200),
        "report_id": one_line(signal.id, 200),
        "warnings": [one_line(text, 300) for text in signal.warnings[:50]],
        "fields": bounded(signal.fields),
        "ids": [this] if (this := identity(arrival)) else [],
        "times": [to_us(now)],
    }
