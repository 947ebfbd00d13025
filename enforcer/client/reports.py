# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports from outside, by the API."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.report_views import (
    PullView,
    ReportFilter,
    Reports,
    ReportView,
    TrialView,
)
from enforcer.application.requests import place_body
from enforcer.application.views import OrderView
from enforcer.client.connection import Connection, read


class HttpReports:
    """Implements `Reports` on a server."""

    def __init__(self, connection: Connection) -> None:
        self._server = connection

    def reports(self, actor: Actor, which: ReportFilter) -> Sequence[ReportView]:
        """See `Reports.reports`."""
        asked = {
            "state": which.states,
            "from": which.formats,
            "source": which.source,
            "text": which.text,
            "order": which.order,
            "target": which.target,
        }
        return self._server.all(ReportView, "/reports", asked, which.limit)

    def report(self, actor: Actor, report_id: int) -> ReportView:
        """See `Reports.report`."""
        return self._server.one(ReportView, f"/reports/{report_id}")

    def dismiss(self, actor: Actor, report_id: int, reason: str) -> ReportView:
        """See `Reports.dismiss`."""
        answer = self._server.post(f"/reports/{report_id}/dismiss", {"reason": reason})
        return read(ReportView, answer)

    def order_for(self, actor: Actor, report_id: int, command: PlaceOrder) -> OrderView:
        """See `Reports.order_for`."""
        answer = self._server.post(f"/reports/{report_id}/order", place_body(command))
        return read(OrderView, answer)

    def trial(self, actor: Actor, form: str, source: str, raw: bytes) -> Sequence[TrialView]:
        """See `Reports.trial`."""
        answer = self._server.upload("/reports/try", {"format": form, "source": source}, raw)
        return [read(TrialView, item) for item in answer["items"]]

    def poll(self, actor: Actor, confirm_shrink: bool = False) -> PullView:
        """See `Reports.poll`."""
        answer = self._server.post("/reports/poll", {"confirm_shrink": confirm_shrink})
        return read(PullView, answer)


_: type[Reports] = HttpReports
