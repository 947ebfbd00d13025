# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports as people see and decide on them: implements `Reports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.report_views import (
    PullView,
    ReportFilter,
    Reports,
    ReportView,
    TrialView,
)
from enforcer.application.views import OrderView
from enforcer.core.access import Action
from enforcer.core.orders import order_id
from enforcer.errors import AwaitingApproval, Forbidden, InvalidInput, StorageError
from enforcer.intake.about import is_about
from enforcer.intake.trial import tried
from enforcer.intake.waiting import as_decided, key_of, waits_for
from enforcer.service_settings import IntakeSettings
from enforcer.storage.reports import StoredReport
from enforcer.storage.times import to_us
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World, number_of

log = structlog.get_logger()

WAITING = frozenset(["open", "failed", "counted", "ignored", "malformed"])
"""States of reports on which a person can still decide."""
_MOST = 1000


class ReportDesk:
    """Reports in the database of `world`; orders because of them go through `application`.

    `settings`: the rules that a trial goes by.
    """

    def __init__(
        self, world: World, application: Application, settings: IntakeSettings | None = None
    ) -> None:
        self._world = world
        self._application = application
        self._settings = settings or IntakeSettings()

    def reports(self, actor: Actor, which: ReportFilter) -> Sequence[ReportView]:
        """See `Reports.reports`."""
        _allow(actor, Action.READ)
        if which.states:
            # Who asks for a state means what it is now, whether or not anybody looked since.
            with self._world.database.read() as reader:
                waiting = reader.reports.proposed()
            self._looked_at(waiting)
        with self._world.database.read() as reader:
            found = reader.reports.search(
                states=which.states,
                formats=which.formats,
                source=which.source,
                text=which.text,
                order=None if which.order is None else number_of(which.order),
                target=which.target,
                before=which.before,
                limit=max(1, min(which.limit, _MOST)),
            )
        return [report_view(row) for row in self._looked_at(found)]

    def report(self, actor: Actor, report_id: int) -> ReportView:
        """See `Reports.report`."""
        _allow(actor, Action.READ)
        with self._world.database.read() as reader:
            row = reader.reports.get(report_id)
            raw = reader.reports.raw(report_id)
        (row,) = self._looked_at([row])
        shown = None if raw is None else raw.decode("utf-8", "replace").replace("\0", "\ufffd")
        words = row.body.get("words", ())
        if words:
            shown = "\n\n--- another like it ---\n\n".join([shown or "", *words])
        return report_view(row, shown)

    def dismiss(self, actor: Actor, report_id: int, reason: str) -> ReportView:
        """See `Reports.dismiss`."""
        _allow(actor, Action.JUDGE)
        need_reason(reason, "dismissing a report needs a reason")
        now = self._world.clock.now()
        with self._world.database.write() as work:
            row = as_decided(work, work.reports.get(report_id), self._world)
            if row.state == "dismissed":
                return report_view(row)
            _decidable(row)
            said = f"dismissed by {actor.name}: {reason.strip()}"
            row = _decided(row, "dismissed", said, decided_us=to_us(now))
            work.reports.change_many([row])
            payload: dict[str, Any] = {"report": row.id, "target": row.target, "reason": reason}
            work.record("report.dismissed", actor, at=now, payload=payload)
        return report_view(row)

    def order_for(self, actor: Actor, report_id: int, command: PlaceOrder) -> OrderView:
        """See `Reports.order_for`.

        Asking twice places one order: the key comes from the report, unless `command` has one.
        After a proposal that was not approved it is another key.
        """
        _allow(actor, Action.JUDGE)
        with self._world.database.read() as reader:
            row = reader.reports.get(report_id)
        (row,) = self._looked_at([row])
        if row.state != "ordered":
            _decidable(row)
        key = command.idempotency_key or key_of(row)
        try:
            order = self._application.place(
                actor, command.model_copy(update={"idempotency_key": key})
            )
        except AwaitingApproval as waits:
            said = f"proposal {waits.proposal} waits for a second person"
            self._settle(report_id, "open", said, proposal=waits.proposal)
            raise
        said = f"ordered by {actor.name}"
        if not is_about(command.demand, row, self._world.topology):
            said += f"; the order is not about {row.target}, which was reported"
        self._settle(report_id, "ordered", said, order.number)
        return order

    def trial(self, actor: Actor, form: str, source: str, raw: bytes) -> Sequence[TrialView]:
        """See `Reports.trial`. Raises InvalidInput for what cannot be read."""
        _allow(actor, Action.JUDGE)
        return tried(self._world, self._settings, form, source, raw)

    def poll(self, actor: Actor, confirm_shrink: bool = False) -> PullView:
        """See `Reports.poll`. Raises as `enforcer.intake.crowdsec_poll.pull_now`."""
        # Late: the client of that API, which most commands never need.
        from enforcer.intake.crowdsec_poll import pull_now

        _allow(actor, Action.JUDGE)
        return pull_now(self._world, self._application, self._settings, actor, confirm_shrink)

    def _settle(
        self, report_id: int, state: str, said: str, number: int | None = None, **body: object
    ) -> None:
        with self._world.database.write() as work:
            row = work.reports.get(report_id)
            decided = to_us(self._world.clock.now())
            row = _decided(row, state, said, decided_us=decided, **body)
            work.reports.change_many([replace(row, order=number or row.order)])

    def _looked_at(self, rows: Sequence[StoredReport]) -> list[StoredReport]:
        """`rows`; those whose proposal was decided meanwhile say what became of it."""
        if not any(waits_for(row) for row in rows):
            return list(rows)
        with self._world.database.read() as reader:
            shown = [as_decided(reader, row, self._world) for row in rows]
        over = [now.id for now, row in zip(shown, rows, strict=True) if now is not row]
        try:
            self._store_decided(over)
        except StorageError as problem:
            # Shown all the same; whoever looks next stores it.
            log.warning("report.not-settled", error=str(problem))
        return shown

    def _store_decided(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        with self._world.database.write() as work:
            stored = work.reports.get_many(ids).values()
            work.reports.change_many(as_decided(work, row, self._world) for row in stored)


def report_view(row: StoredReport, raw: str | None = None) -> ReportView:
    """One report as it is shown; `raw`: what came, as text."""
    body = row.body
    fields = dict(body.get("fields", {}))
    understood = ("evidence", "part", "peer", "severity", "port", "protocol", "reporter")
    fields |= {name: body[name] for name in understood if body.get(name)}
    if body.get("happened"):
        fields["happened"] = body["happened"]
    return ReportView(
        id=row.id,
        at=row.at,
        last=row.last,
        count=row.count,
        format=row.format,
        source=row.source,
        trusted=bool(body.get("trusted")),
        target=row.target,
        type=row.type,
        state=row.state,
        rule=body.get("rule"),
        said=body.get("said", ""),
        order=None if row.order is None else order_id(row.order),
        customer=body.get("customer"),
        warnings=list(body.get("warnings", ())),
        fields=fields,
        raw=raw,
    )


def _allow(actor: Actor, action: Action) -> None:
    if not actor.may(action):
        raise Forbidden(f"{actor.name} may not do this: it needs the right '{action}'")


def _decidable(row: StoredReport) -> None:
    if row.state not in WAITING:
        raise InvalidInput(f"report {row.id} is {row.state}: there is nothing to decide about it")


def _decided(row: StoredReport, state: str, said: str, **body: object) -> StoredReport:
    return replace(row, state=state, body={**row.body, "said": said, **body})


_: type[Reports] = ReportDesk
