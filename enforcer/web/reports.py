# SPDX-License-Identifier: GPL-2.0-or-later
"""What detectors and reporters sent, for a person to decide."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.application.report_views import ReportFilter, ReportView
from enforcer.core.access import Action
from enforcer.core.prefixes import parse_network
from enforcer.errors import InvalidInput, NotFound
from enforcer.web.audit import flat
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import url
from enforcer.web.senders import Reading, Text, reason_of

router = APIRouter(include_in_schema=False)
STATES = (*("open", "ordered", "counted", "ignored", "dismissed", "lifted", "malformed", "failed"),)
VIEWS: dict[str, tuple[str, ...]] = {"open": ("open", "malformed", "failed"), "all": ()}
PAGE = 50


@dataclass(frozen=True)
class ReportsAsked:
    """What of the reports a URL asks for."""

    view: str = "open"
    state: str = ""
    format: str = ""
    source: str = ""
    text: str = ""
    before: str = ""

    @staticmethod
    def of(query: QueryParams) -> ReportsAsked:
        """What is not known is left out, so that old links work."""
        view, state = query.get("view", "open"), query.get("state", "")
        names = ("format", "source", "q", "before")
        return ReportsAsked(
            view if view in VIEWS else "open",
            state if state in STATES else "",
            *(query.get(name, "").strip()[:200] for name in names),
        )

    def query(self) -> dict[str, object]:
        """The same as a query."""
        return {
            "view": self.view if self.view != "open" else "",
            "state": self.state,
            "format": self.format,
            "source": self.source,
            "q": self.text,
            "before": self.before,
        }

    @property
    def narrowed(self) -> bool:
        """Whether anything but the view is asked for."""
        return bool(self.state or self.format or self.source or self.text)

    def filter(self) -> ReportFilter:
        """One report more than a page."""
        number = self.before.isascii() and self.before.isdecimal() and len(self.before) < 16
        return ReportFilter(
            states=(self.state,) if self.state else VIEWS[self.view],
            formats=(self.format,) if self.format else (),
            source=self.source or None,
            text=self.text or None,
            limit=PAGE + 1,
            before=int(self.before) if number else None,
        )


@router.get("/reports")
def reports(request: Request, caller: Reading) -> Response:
    """Reports that the URL asks for; those that wait for a person, unless said otherwise."""
    desk = Desk(request, caller)
    asked = ReportsAsked.of(request.query_params)
    found = list(desk.services.reports.reports(desk.actor, asked.filter()))
    shown = found[:PAGE]
    older = replace(asked, before=str(shown[-1].id)).query() if len(found) > PAGE else None
    context: dict[str, Any] = {
        "asked": asked,
        "reports": shown,
        "older": url("/reports", older) if older else "",
        "newest": url("/reports", replace(asked, before="").query()) if asked.before else "",
    }
    if "fragment" in request.query_params:
        return desk.fragment("reports_rows.html", **context)
    return desk.page(
        "reports.html",
        **context,
        states=[(one, one) for one in STATES],
        fragment=url("/reports", asked.query(), fragment=1),
        views=[
            (name, url("/reports", replace(asked, view=name, state="", before="").query()))
            for name in VIEWS
        ],
    )


@router.get("/reports/{report_id}")
def report(request: Request, report_id: str, caller: Reading) -> Response:
    """One report: what came, what was understood, what became of it."""
    desk = Desk(request, caller)
    view = desk.services.reports.report(desk.actor, _id(report_id))
    return desk.page(
        "report.html",
        report=view,
        details=flat(view.fields),
        raw=_readable(view.raw),
        order_url=prefilled(view),
    )


@router.post("/reports/{report_id}/dismiss")
def dismiss(
    request: Request,
    report_id: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.JUDGE))],
    reason: Text = "",
) -> Response:
    """Nothing is done about it."""
    desk = Desk(request, caller)
    view = desk.services.reports.dismiss(
        desk.actor, _id(report_id), reason_of(reason, "dismissing")
    )
    return desk.go("/reports", Said(f"Report {view.id} is dismissed."))


def prefilled(view: ReportView) -> str:
    """The form of a new order, filled in from a report; empty where it names no address."""
    if view.target is None:
        return ""
    try:
        parse_network(view.target)
    except InvalidInput:
        return ""
    kind = view.type.replace("-", " ").replace("_", " ")
    return url(
        "/orders/new",
        {
            "kind": "block_address",
            "prefix": view.target,
            "reason": f"{kind}, reported by {view.source}",
            "ticket": f"report-{view.id}",
            "report": view.id,
        },
    )


def _readable(raw: str | None) -> str:
    """What came, JSON with a line for each member."""
    if not raw:
        return ""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw


def _id(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise NotFound(f"'{text[:40]}' is no report: they are numbered")
    return int(text)
