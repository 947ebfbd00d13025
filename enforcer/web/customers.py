# SPDX-License-Identifier: GPL-2.0-or-later
"""Customers: what they have, where they are connected, what is ordered about them."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.api.turns import SlowTurn
from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import CustomerView
from enforcer.core.access import Action
from enforcer.errors import InvalidInput
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.web.senders import Auditing, Reading, Steering, Text, reason_of

router = APIRouter(include_in_schema=False)
_SHOWN = 200
_NO_FILE = re.compile(r"[^A-Za-z0-9._-]+")


@router.get("/customers")
def customers(request: Request, caller: Reading, q: str = "", page: str = "") -> Response:
    """All customers, or those that fit."""
    desk = Desk(request, caller)
    every = list(desk.application.customers(desk.actor))
    found = sorted((one for one in every if _fits(one, q)), key=lambda one: one.name)
    first = int(page) * _SHOWN if page.isdecimal() and len(page) < 7 else 0
    context: dict[str, Any] = {
        "customers": found[first : first + _SHOWN],
        "found": len(found),
        "total": len(every),
        "text": q.strip(),
        "first": first,
        "next_page": first // _SHOWN + 1 if len(found) > first + _SHOWN else None,
    }
    return desk.page("customers.html", **context)


@router.get("/customers/{name}")
def customer(request: Request, name: str, caller: Reading) -> Response:
    """One customer, or the live list of the orders about it."""
    desk = Desk(request, caller)
    view = desk.application.customer(desk.actor, name)
    if "fragment" in request.query_params:
        return desk.fragment("customer_orders.html", customer=view)
    return desk.page("customer.html", customer=view)


@router.get("/dispute")
def dispute(request: Request, caller: Auditing, turn: SlowTurn, subject: str = "") -> Response:
    """Everything about one customer or order as one page to keep: a file, not a page of ours."""
    if not subject.strip():
        raise InvalidInput("say about what: a customer's name, or an order's id")
    desk = Desk(request, caller)
    found = desk.application.report(desk.actor, subject.strip())
    name = _NO_FILE.sub("-", found.subject).strip("-.") or "report"
    headers = {
        "content-disposition": f'attachment; filename="report-{name}.html"',
        "cache-control": "no-store",
    }
    return Response(found.html, media_type="text/html; charset=utf-8", headers=headers)


@router.post("/customers/{name}/gone")
def confirm_gone(
    request: Request,
    name: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.INVENTORY))],
    reason: Text = "",
) -> Response:
    """A customer that left the files may go."""
    desk = Desk(request, caller)
    desk.application.customer_confirm_gone(desk.actor, name, reason_of(reason, "letting one go"))
    return desk.go("/customers", Said(f"{name} is gone: what only it held is removed."))


@router.post("/customers/{name}/move")
def move(
    request: Request,
    name: str,
    caller: Steering,
    device: Text = "",
    place: Text = "",
    reason: Text = "",
) -> Response:
    """Let an old attachment go once the new ones are proved."""
    desk = Desk(request, caller)
    if not device.strip() or not place.strip():
        raise InvalidInput("say which attachment goes: the device, and the place on it")
    command = MoveAttachment(
        customer=name,
        device=device.strip(),
        place=place.strip(),
        reason=reason_of(reason, "a move"),
    )
    desk.application.attachment_move(desk.actor, command)
    said = f"The attachment at {command.device} goes as soon as the others are proved."
    return desk.go(f"/customers/{segment(name)}", Said(said))


def _fits(view: CustomerView, text: str) -> bool:
    words = " ".join((view.name, *view.prefixes, *view.attachments, *view.tenants)).lower()
    return all(part in words for part in text.lower().split())
