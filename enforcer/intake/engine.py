# SPDX-License-Identifier: GPL-2.0-or-later
"""Take reports: store each, and let its rule make or lift an order, as everybody's orders are.

One transaction stores any number of reports with what is to be done about each; the orders are
placed by the same use case as everybody's, under the rights of whoever reported, each with a key
that its report keeps. A crash between the two leaves reports in the states ``taken`` and
``lifting``; `repair` finishes them, and the key keeps an order from being placed twice.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.control.steps import Step, no_step
from enforcer.core.access import Action, MachineLimits, Rights, Role
from enforcer.core.brake import PauseState
from enforcer.core.four_eyes import NEEDS_APPROVAL
from enforcer.core.intake_reading import read_rules
from enforcer.core.intake_rules import one_line
from enforcer.core.orders import Scope, order_id
from enforcer.errors import EnforcerError, Forbidden, StorageError, Throttled
from enforcer.intake.arrivals import LARGEST_RAW, Arrival, Receipt, digest
from enforcer.intake.deciding import decide
from enforcer.intake.ledger import Habits, Ledger, receipt
from enforcer.intake.retrying import (
    LOOKED_AT,
    PASSING,
    due,
    signal_of,
    still_let_in,
    still_ordered,
)
from enforcer.intake.space import InventorySpace
from enforcer.intake.strangers import Networks
from enforcer.service_settings import IntakeSettings
from enforcer.storage.reports import StoredReport
from enforcer.storage.times import to_us
from enforcer.usecases.world import World
from enforcer.wire import demand_from_wire

log = structlog.get_logger()

MOST_MALFORMED = 100
"""Of each source, the newest."""
_FINAL = ("ordered", "counted", "ignored", "dismissed", "malformed", "failed", "lifted", "open")
_PORTION = 500
_AGAIN = timedelta(minutes=1)
"""Between two looks at what was refused."""


class Intake:
    """Takes reports; may be called by several threads.

    Raises ConfigurationInvalid when it is made, where a rule is wrong.
    """

    def __init__(
        self,
        world: World,
        application: Application,
        settings: IntakeSettings,
        step: Step = no_step,
    ) -> None:
        self._world = world
        self._application = application
        self._rules = read_rules(settings.rules, settings.default_duration)
        self._keep = timedelta(days=settings.keep_days)
        named = {rule.name: rule for rule in self._rules}
        most = settings.strangers_per_hour
        self._habits = Habits(named, self._keep, most, Networks(most))
        self._step = step
        self._turn = threading.Lock()
        self._tried = world.clock.now()
        self._space: tuple[str, InventorySpace] | None = None

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt | Throttled | Forbidden]:
        """Store and act on `arrivals`; what became of each, in the order given.

        When it returns they are stored, whatever happens next. Raises StorageError,
        ConfigurationInvalid (no inventory); then nothing was stored, and they may come again.
        """
        results: list[Receipt | Throttled | Forbidden] = []
        for start in range(0, len(arrivals), _PORTION):
            with self._turn:
                results += self._take(arrivals[start : start + _PORTION])
        if arrivals and self._world.clock.now() - self._tried >= _AGAIN:
            # While reports come without a pause there is no `repair`.
            with self._turn:
                self._again_or_later()
        return results

    def malformed(self, source: str, format_: str, raw: bytes, why: str) -> Receipt:
        """Keep what could not be read, for inspection: bounded in size and number."""
        now = self._world.clock.now()
        dedup = digest("malformed", source, format_, raw.hex())
        with self._turn, self._world.database.write() as work:
            known = work.reports.alike(dedup, now - timedelta(days=1))
            if known is not None:
                row = replace(known, count=known.count + 1, last=now)
                work.reports.change_many([row])
                return receipt(row)
            kept = work.reports.count_from(source, "malformed", now - self._keep)
            if kept >= MOST_MALFORMED:
                work.reports.drop_oldest(source, "malformed", kept - MOST_MALFORMED + 1)
            said = one_line(why, 500)
            body = {"said": said, "ids": [], "times": [], "trusted": False, "fields": {}}
            row = StoredReport(
                work.reports.next_id(), now, format_, source, dedup, None, "", "malformed", 1, now,
                None, body,
            )  # fmt: skip
            work.reports.add(row, raw[:LARGEST_RAW])
        return receipt(row)

    def would_lift(self, row: StoredReport) -> bool:
        """Whether a report's order is lifted when the report is said to be over."""
        rule = self._habits.rules.get(row.body["rule"] or "")
        return row.state == "ordered" and row.order is not None and rule is not None and rule.lift

    def repair(self) -> int:
        """Finish what a crash left half done, order what was refused for a reason that is over
        (see `enforcer.intake.retrying`), and forget what is old; how many were finished."""
        with self._turn:
            with self._world.database.read() as reader:
                taken = [row.id for row in reader.reports.in_state("taken")]
                lifting = [row.id for row in reader.reports.in_state("lifting")]
            self._finish(taken, lifting)
            again = self._again()
            with self._world.database.write() as work:
                work.reports.forget(self._world.clock.now() - self._keep, _FINAL)
        return len(taken) + len(lifting) + again

    # -- inside --------------------------------------------------------------------------

    def _take(self, arrivals: Sequence[Arrival]) -> list[Receipt | Throttled | Forbidden]:
        space = self._where()
        verdicts = [
            decide(a.signal, a.actor.source, a.trusted, self._rules, space) for a in arrivals
        ]
        results: list[Receipt | Throttled | Forbidden] = []
        self._step("taking")
        with self._world.database.write() as work:
            ledger = Ledger(work, self._world.clock.now(), self._habits)
            for arrival, verdict in zip(arrivals, verdicts, strict=True):
                if arrival.actor.may(Action.REPORT):
                    results.append(ledger.enter(arrival, verdict))
                else:
                    results.append(Forbidden(f"{arrival.actor.name} may not send reports"))
            ledger.rows.store()
        self._step("taken")
        taken, lifting = ledger.rows.in_state("taken"), ledger.rows.in_state("lifting")
        if not taken and not lifting:
            return results
        try:
            finished = self._finish(taken, lifting)
        except EnforcerError as error:
            # They are stored, and `repair` goes on: whoever reported has done his part.
            log.error("intake.unfinished", taken=len(taken), lifting=len(lifting), error=str(error))
            return results
        return [self._renewed(one, finished) for one in results]

    def _again_or_later(self) -> None:
        try:
            self._again()
        except EnforcerError as error:
            log.error("intake.again", error=str(error))

    def _again(self) -> int:
        """Try again what was refused for a passing reason; how many orders were asked for."""
        now = self._world.clock.now()
        self._tried = now
        rungs = [rule.order.ladder.rungs[-1] for rule in self._rules if rule.order is not None]
        if not rungs or self._world.pause() is not PauseState.RUNNING:
            return 0
        with self._world.database.read() as reader:
            refused = reader.reports.refused(PASSING, now - max(rungs), LOOKED_AT)
        if not due(refused, now):
            return 0
        space = self._where()
        with self._world.database.write() as work:
            ledger = Ledger(work, now, self._habits)
            for row in due(work.reports.get_many([row.id for row in refused]).values(), now):
                rule = self._habits.rules.get(row.body["rule"] or "")
                if rule is None or rule.order is None or row.state != "failed":
                    continue
                signal = signal_of(row, rule.order.of)
                verdict = decide(signal, row.source, row.body["trusted"], self._rules, space)
                if still_ordered(row, verdict) and still_let_in(work, row.body["by"], now):
                    ledger.again(row, verdict)
            ledger.rows.store()
        taken = ledger.rows.in_state("taken")
        self._finish(taken, [])
        return len(taken)

    @staticmethod
    def _renewed(
        one: Receipt | Throttled | Forbidden, finished: Mapping[int, StoredReport]
    ) -> Receipt | Throttled | Forbidden:
        if isinstance(one, Receipt) and one.id in finished:
            return replace(receipt(finished[one.id]), duplicate=one.duplicate)
        return one

    def _where(self) -> InventorySpace:
        topology = self._world.topology
        if self._space is None or self._space[0] != topology.digest:
            self._space = (topology.digest, InventorySpace(topology))
        return self._space[1]

    def _finish(self, taken: Sequence[int], lifting: Sequence[int]) -> dict[int, StoredReport]:
        finished: dict[int, StoredReport] = {}
        if taken:
            finished = self._place(taken)
            lifting = [*lifting, *(i for i, row in finished.items() if row.state == "lifting")]
        for report_id in lifting:
            finished[report_id] = self._lift(report_id)
        return finished

    def _place(self, ids: Sequence[int]) -> dict[int, StoredReport]:
        with self._world.database.read() as reader:
            rows = reader.reports.get_many(ids)
        by_actor: defaultdict[Actor, dict[str, PlaceOrder]] = defaultdict(dict)
        for row in rows.values():
            commands = by_actor[_actor(row.body["by"])]
            commands.setdefault(row.body["asks"]["key"], _command(row.body["asks"]))
        self._step("ordering")
        results: dict[str, PlaceResult] = {}
        for actor, commands in by_actor.items():
            placed = self._application.place_many(actor, list(commands.values()))
            results.update(zip(commands, placed, strict=True))
        self._step("ordered")
        with self._world.database.write() as work:
            now = work.reports.get_many(list(rows))
            news = {
                at: self._after(row, results[rows[at].body["asks"]["key"]])
                for at, row in now.items()
            }
            work.reports.change_many(news.values())
        return news

    def _after(self, row: StoredReport, result: PlaceResult) -> StoredReport:
        if row.state != "taken":
            return row
        if result.order is None:
            said = result.message or "it was refused"
            body = {**row.body, "said": said, "code": result.code}
            waits = result.code == NEEDS_APPROVAL
            return replace(row, state="open" if waits else "failed", body=body)
        rule = self._habits.rules.get(row.body["rule"] or "")
        over = row.body.get("over") and rule is not None and rule.lift
        said = f"ordered {row.body['said']}"
        return replace(
            row,
            state="lifting" if over else "ordered",
            order=result.order.number,
            body={**row.body, "said": said, "made": True},
        )

    def _lift(self, report_id: int) -> StoredReport:
        """End the order of a report, if it is one that a rule made."""
        with self._world.database.read() as reader:
            row = reader.reports.get(report_id)
            order = None if row.order is None else reader.orders.get(row.order)
        said = "it is said to be over, and the order was lifted"
        state = "lifted"
        key = None if order is None else order.idempotency_key
        if order is None or key is None or not key.startswith(f"intake:{row.body['rule']}:"):
            state, said = "ordered", "it is said to be over; the order is not of this rule's making"
        else:
            reason = f"{row.source} says that it is over (report {row.id})"
            actor = _actor(row.body["by"]) if "by" in row.body else Actor("intake", row.source)
            command = LiftOrder(order=order_id(order.number), reason=reason)
            try:
                self._application.lift(actor, command)
            except StorageError:
                raise
            except EnforcerError as error:
                state, said = "ordered", f"it is said to be over, but: {error}"
        with self._world.database.write() as work:
            row = work.reports.get(report_id)
            body = {**row.body, "said": said, "decided_us": to_us(self._world.clock.now())}
            row = replace(row, state=state, body=body)
            work.reports.change_many([row])
        return row


def _actor(stored: Mapping[str, Any]) -> Actor:
    rights = stored["rights"]
    if rights is None:
        return Actor(stored["name"], stored["source"])
    machine = rights["machine"]
    limits = None
    if machine is not None:
        limits = MachineLimits(**{**machine, "kinds": frozenset(machine["kinds"])})
    roles = frozenset(Role(role) for role in rights["roles"])
    return Actor(stored["name"], stored["source"], Rights(roles, rights["read_only"], limits))


def _command(asks: Mapping[str, Any]) -> PlaceOrder:
    scope = {name: tuple(values) for name, values in asks["scope"].items()}
    return PlaceOrder(
        demand=demand_from_wire(asks["demand"]),
        reason=asks["reason"],
        ticket=asks["ticket"],
        duration=timedelta(seconds=asks["seconds"]),
        scope=Scope(**scope),
        idempotency_key=asks["key"],
    )
