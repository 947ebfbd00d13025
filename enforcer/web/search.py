# SPDX-License-Identifier: GPL-2.0-or-later
"""The one search box: it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import OrderFilter
from enforcer.application.desk_views import CustomerView
from enforcer.application.report_views import ReportFilter, ReportView
from enforcer.application.views import DeviceView, ListView, OrderView, WhyView
from enforcer.core.access import Action
from enforcer.core.orders import order_id, order_number
from enforcer.errors import InvalidInput, NotFound
from enforcer.web.desk import Desk
from enforcer.web.environment import segment
from enforcer.web.suggestions import normal, suggestions
from enforcer.web.times import parse_local

router = APIRouter(include_in_schema=False)
_MOST = 50
_REPORTS = 10
_LONGEST = 200


@dataclass
class Found:
    """What fits the words."""

    orders: list[OrderView] = field(default_factory=list)
    customers: list[CustomerView] = field(default_factory=list)
    devices: list[DeviceView] = field(default_factory=list)
    lists: list[ListView] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether nothing fits."""
        return not (self.orders or self.customers or self.devices or self.lists)


@router.get("/search")
def search(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Action.READ))],
    q: str = "",
    at: str = "",
) -> Response:
    """An address or prefix: whether it is blocked and why. An order's id: that order. Else all
    that has these words."""
    desk = Desk(request, caller)
    stated = q.strip()[:_LONGEST]
    if not stated:
        return desk.page("search_empty.html", asked="")
    if (address := normal(stated)) is not None:
        return _answer(desk, address, at)
    if (proposal := _proposal(desk, stated)) is not None:
        return desk.go(f"/approvals/{segment(proposal)}")
    if (order := _order(desk, stated)) is not None and "-" in stated:
        return desk.go(f"/orders/{segment(order.id)}")
    found = _found(desk, stated)
    if order is not None:
        found.orders.insert(0, order)
    return desk.page("search_found.html", asked=stated, found=found, meant=suggestions(stated))


def _answer(desk: Desk, address: str, at: str) -> Response:
    problem = ""
    instant = None
    try:
        instant = parse_local(at, desk.zone, desk.now) if at.strip() else None
    except InvalidInput as error:
        problem = str(error)
    why = desk.application.why(desk.actor, address, instant)
    context: dict[str, Any] = {
        "asked": address,
        "why": why,
        "past": instant,
        "at": at,
        "problem": problem,
        "reports": _reports(desk, address) if instant is None else (),
    }
    part = request_part(desk)
    if part:
        return desk.fragment("why_body.html", **context, verdict=verdict(why))
    return desk.page("why.html", **context, verdict=verdict(why))


def _reports(desk: Desk, address: str) -> Sequence[ReportView]:
    which = ReportFilter(target=address, limit=_REPORTS)
    return desk.services.reports.reports(desk.actor, which)


def request_part(desk: Desk) -> bool:
    """Whether only the live part is asked for."""
    return "fragment" in desk.request.query_params


@dataclass(frozen=True)
class Verdict:
    """The answer in one sentence: a state of `look`, and words."""

    state: str
    title: str
    ways: str


def verdict(why: WhyView) -> Verdict:
    """Whether packets from and to the address are dropped."""
    ways = (why.blocked_from, why.blocked_to)
    if "unknown" in ways:
        return Verdict("unknown", "Nobody knows", "the records do not reach back so far")
    if ways == ("all", "all"):
        return Verdict("all", "Blocked", "everything from it and to it is dropped")
    if ways == ("none", "none"):
        return Verdict("none", "Not blocked", "no order drops anything from it or to it")
    said = {"all": "everything", "some": "some", "none": "nothing"}
    words = f"{said[ways[0]]} from it and {said[ways[1]]} to it is dropped"
    return Verdict("some", "Partly blocked", words)


def _order(desk: Desk, text: str) -> OrderView | None:
    number = order_number(text)
    if number is None:
        return None
    try:
        return desk.application.order(desk.actor, order_id(number))
    except NotFound:
        return None


def _proposal(desk: Desk, text: str) -> str | None:
    """The id of a proposal that is called so: those begin with "P."."""
    if not text.upper().startswith("P."):
        return None
    try:
        return desk.application.proposal(desk.actor, text.upper()).id
    except (InvalidInput, NotFound):
        return None


def _found(desk: Desk, text: str) -> Found:
    low = text.lower()
    application, actor = desk.application, desk.actor
    return Found(
        orders=list(application.orders(actor, OrderFilter(text=text, limit=_MOST))),
        customers=[v for v in application.customers(actor) if low in v.name.lower()][:_MOST],
        devices=[v for v in application.devices(actor) if low in v.name.lower()][:_MOST],
        lists=[v for v in application.lists(actor) if low in v.name.lower()][:_MOST],
    )
