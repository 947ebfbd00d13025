# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done with orders that were checked in a list: lift or extend them together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.application.commands import ChangeEnd, LiftOrder
from enforcer.application.views import OrderView
from enforcer.core.access import Action
from enforcer.core.times import parse_duration
from enforcer.errors import (
    AwaitingApproval,
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
)
from enforcer.web.desk import Desk, Said, own_path
from enforcer.web.form_fields import Fields, Sent
from enforcer.web.order_terms import end_of
from enforcer.web.times import for_input

router = APIRouter(include_in_schema=False)

Placing = Annotated[Caller, Depends(form_allowed(Action.PLACE))]


@router.post("/orders/bulk")
def ask(request: Request, caller: Placing, fields: Sent) -> Response:
    """What will be done with which orders: a page that asks for the reason or the end."""
    desk = Desk(request, caller)
    back = own_path(fields.get("back"), "/orders")
    chosen = fields.all("order")
    if not chosen:
        return desk.go(back, Said("Check some orders first.", "watch"))
    return _page(desk, fields, [desk.application.order(desk.actor, one) for one in chosen])


@router.post("/orders/bulk/lift")
def lift(request: Request, caller: Placing, fields: Sent) -> Response:
    """Lift each of them."""
    desk = Desk(request, caller)
    reason = fields.get("reason")
    if not reason:
        raise InvalidInput("say why they are lifted: it stays in the record")

    def one(order: str) -> OrderView:
        return desk.application.lift(desk.actor, LiftOrder(order=order, reason=reason))

    return _each(desk, fields, one, "lifted")


@router.post("/orders/bulk/extend")
def extend(request: Request, caller: Placing, fields: Sent) -> Response:
    """Extend each of them; one that would end earlier is left as it is."""
    desk = Desk(request, caller)
    end = end_of(fields, desk.now, desk.zone)
    if fields.problems:
        raise InvalidInput("; ".join(fields.problems.values()))

    def one(order: str) -> OrderView:
        command = ChangeEnd(
            order=order, extend=True, end=end.at, duration=end.after, reason=fields.get("reason")
        )
        return desk.application.change_end(desk.actor, command)

    return _each(desk, fields, one, "extended")


def _each(desk: Desk, fields: Fields, change: Callable[[str], OrderView], done: str) -> Response:
    """Change each by itself; what could not be changed is told, and stops no other."""
    failed = []
    orders = fields.all("order")
    for order in orders:
        try:
            change(order)
        except (AwaitingApproval, Forbidden, InvalidInput, NotFound, OrderRefused) as error:
            failed.append(f"{order}: {error}")
    count = len(orders) - len(failed)
    text = f"{count} of {len(orders)} orders {done}."
    tone = "good" if not failed else "watch" if count else "bad"
    return desk.go(own_path(fields.get("back"), "/orders"), Said(text, tone, tuple(failed)))


def _page(desk: Desk, fields: Fields, orders: list[OrderView]) -> Response:
    presets = desk.services.settings.web.presets
    return desk.page(
        "many_orders.html",
        orders=orders,
        act="extend" if fields.get("do") == "extend" else "lift",
        back=own_path(fields.get("back"), "/orders"),
        presets=sorted(presets, key=parse_duration),
        until=for_input(desk.now + timedelta(days=1), desk.zone),
    )
