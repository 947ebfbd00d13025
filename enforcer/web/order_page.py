# SPDX-License-Identifier: GPL-2.0-or-later
"""One order: whether it is so, on each device, with proof; and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import AmendOrder, ChangeEnd, CommentOrder, LiftOrder, Reconfirm
from enforcer.application.drop_views import DroppedView
from enforcer.application.report_views import ReportFilter
from enforcer.application.views import EventView, OrderView
from enforcer.core.access import Action
from enforcer.core.orders import order_id as printed
from enforcer.core.orders import order_number
from enforcer.errors import InvalidInput, NotFound
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.web.form_fields import Sent
from enforcer.web.order_terms import end_of, parse_policy
from enforcer.web.order_writes import writes
from enforcer.web.samples import Sample, chart_of
from enforcer.web.timeline import steps
from enforcer.web.times import for_input, local

router = APIRouter(include_in_schema=False)
_QUICK = (("+1 hour", timedelta(hours=1)), ("+1 day", timedelta(days=1)))
_UNCOUNTED = frozenset({"drop_routes", "shutdown_session", "blackhole"})
"""What they reject is no packet of a rule that counts."""
_RETRIED = frozenset({"failing", "drifted", "enforcing", "unverified", "removing"})
_OVER = frozenset({"expired", "lifted"})
_KEPT = timedelta(days=30)
_REPORTS = 20
_EMERGENCY = ("order.emergency", "order.reviewed")
_CHANGED_HANDS = ("order.owner-changed", "order.reconfirmed")
_NOTHING = DroppedView(packets=None, shared_by=None, samples=[])

Reading = Annotated[Caller, Depends(allowed(Action.READ))]
Commenting = Annotated[Caller, Depends(form_allowed(Action.COMMENT))]
Placing = Annotated[Caller, Depends(form_allowed(Action.PLACE))]
Text = Annotated[str, Form()]


@router.get("/orders/{order_id}")
def order(request: Request, order_id: str, caller: Reading) -> Response:
    """The page of one order, or its live parts."""
    desk = Desk(request, caller)
    view = desk.application.order(desk.actor, _known(order_id))
    part = request.query_params.get("fragment", "")
    history = desk.application.history(desk.actor, view.id) if part != "head" else ()
    context: dict[str, Any] = {
        "order": view,
        "over": view.status in _OVER,
        "ended": view.lifted is not None or (view.end is not None and view.end <= desk.now),
        "proved": [d for d in view.devices if d.status == "enforced"],
        "steps": steps(history, writes(desk, view, history) if history else ()),
        "emergency": _latest(history, *_EMERGENCY),
        "changed_hands": _latest(history, *_CHANGED_HANDS),
        "retried": _RETRIED,
        "counted": desk.services.drops is not None and view.kind not in _UNCOUNTED,
    }
    if part:
        name = "order_head.html" if part == "head" else "order_body.html"
        return desk.fragment(name, **context)
    return _page(desk, view, context)


def _page(desk: Desk, view: OrderView, context: dict[str, Any], status: int = 200) -> Response:
    end = view.end
    quick = [(label, (end + more).isoformat()) for label, more in _QUICK] if end else []
    page = desk.services.settings.web.url.rstrip("/")
    which = ReportFilter(order=view.id, limit=_REPORTS)
    return desk.page(
        "order.html",
        status,
        **{
            "until": for_input(end or desk.now + timedelta(days=1), desk.zone),
            "quick": quick,
            "link": f"{page}/orders/{view.id}",
            "reports": desk.services.reports.reports(desk.actor, which),
            **context,
        },
    )


@router.get("/orders/{order_id}/dropped")
def dropped(request: Request, order_id: str, caller: Reading) -> Response:
    """How many packets its rules dropped, asked of the devices now, with what was kept."""
    desk = Desk(request, caller)
    view = desk.application.order(desk.actor, _known(order_id))
    drops = desk.services.drops
    found = drops.dropped(desk.actor, view.id) if drops is not None else _NOTHING
    context: dict[str, Any] = {
        "order": view,
        "over": view.status in _OVER,
        "dropped": found.packets,
        "shared": found.shared_by,
        "chart": chart_of(_over_time(view, found, desk.now)),
    }
    if "fragment" in request.query_params:
        return desk.fragment("dropped.html", **context)
    return desk.page("dropped_page.html", **context)


@router.post("/orders/{order_id}/comments")
def comment(request: Request, order_id: str, caller: Commenting, text: Text = "") -> Response:
    """Say something about it; it stays as it is."""
    desk = Desk(request, caller)
    command = CommentOrder(order=_known(order_id), text=text)
    desk.application.comment(desk.actor, command)
    return desk.go(_at(command.order), Said("Your comment is in the record."))


@router.post("/orders/{order_id}/end")
def change_end(request: Request, order_id: str, caller: Placing, fields: Sent) -> Response:
    """Extend or shorten: to an instant that the form says, so that sent twice is done once."""
    desk = Desk(request, caller)
    view = desk.application.order(desk.actor, _known(order_id))
    end = end_of(fields, desk.now, desk.zone)
    if fields.problems:
        raise InvalidInput("; ".join(fields.problems.values()))
    later = end.never or (end.at is not None and (view.end is None or end.at >= view.end))
    command = ChangeEnd(
        order=view.id,
        extend=later or end.after is not None,
        end=end.at,
        duration=end.after,
        open_ended=end.never,
        reason=fields.get("reason"),
    )
    changed = desk.application.change_end(desk.actor, command)
    said = local(changed.end, desk.zone) if changed.end else "somebody lifts it"
    return desk.go(_at(changed.id), Said(f"It ends now {'at ' if changed.end else 'when '}{said}."))


@router.post("/orders/{order_id}/lift")
def lift(request: Request, order_id: str, caller: Placing, reason: Text = "") -> Response:
    """End it now."""
    desk = Desk(request, caller)
    if not reason.strip():
        raise InvalidInput("say why it is lifted: it stays in the record")
    command = LiftOrder(order=_known(order_id), reason=reason.strip())
    view = desk.application.lift(desk.actor, command)
    return desk.go(_at(view.id), Said("Lifted: it is being removed from every device."))


@router.post("/orders/{order_id}/amend")
def amend(request: Request, order_id: str, caller: Placing, fields: Sent) -> Response:
    """Correct what is written about it; its target never changes."""
    desk = Desk(request, caller)
    policy = fields.read("policy", parse_policy)
    if fields.problems:
        raise InvalidInput("; ".join(fields.problems.values()))
    command = AmendOrder(
        order=_known(order_id),
        reason=fields.get("reason") or None,
        ticket=fields.get("ticket") or None,
        policy=policy,
    )
    view = desk.application.amend(desk.actor, command)
    return desk.go(_at(view.id), Said("Corrected."))


@router.post("/orders/{order_id}/reconfirm")
def reconfirm(request: Request, order_id: str, caller: Placing, reason: Text = "") -> Response:
    """Keep it though its target changed hands."""
    desk = Desk(request, caller)
    command = Reconfirm(order=_known(order_id), reason=reason.strip())
    view = desk.application.reconfirm(desk.actor, command)
    return desk.go(_at(view.id), Said("Confirmed: it stays until its end."))


@router.post("/orders/{order_id}/review")
def review(
    request: Request,
    order_id: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.APPROVE))],
    reason: Text = "",
) -> Response:
    """Say that an emergency was looked at."""
    desk = Desk(request, caller)
    view = desk.application.review(desk.actor, _known(order_id), reason.strip())
    return desk.go(_at(view.id), Said("Reviewed."))


def _at(order: str) -> str:
    return f"/orders/{segment(order)}"


def _known(text: str) -> str:
    """The id as it is printed, however it was typed; what is none is not found."""
    number = order_number(text)
    if number is None:
        raise NotFound(f"'{text[:60]}' is no order: an id looks like 000A-C")
    return printed(number)


def _over_time(view: OrderView, found: DroppedView, now: datetime) -> list[Sample]:
    """From nothing at its start to what the devices say now."""
    samples: list[Sample] = [(one.at, one.packets) for one in found.samples]
    if now - view.start < _KEPT and view.start <= (samples[0][0] if samples else now):
        samples.insert(0, (view.start, 0))
    if found.packets is not None:
        samples.append((now, found.packets))
    return samples


def _latest(history: Iterable[EventView], asks: str, settles: str) -> bool:
    """Whether the record asks for a decision that nobody has made since."""
    told = [event.kind for event in history if event.kind in (asks, settles)]
    return told[-1:] == [asks]
