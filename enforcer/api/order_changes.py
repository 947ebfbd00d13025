# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/orders/ID/...``: what can be done with an order that there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from enforcer.api.answers import Awaiting, awaiting_or
from enforcer.api.callers import Approver, Commenter, Looker, Placer, people_only
from enforcer.api.fields import OrderId
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.turns import SlowTurn
from enforcer.application.commands import LiftOrder, Reconfirm
from enforcer.application.requests import AmendBody, ChangeEndBody, CommentBody, ReasonBody
from enforcer.application.views import EventView, OrderView

router = api_router(prefix="/orders/{order_id}", tags=["orders"], route_class=KeyedRoute)

LONGEST_WAIT = 30.0
"""Seconds of one request; a client that wants to wait longer asks again."""


@router.post("/extend", response_model=OrderView, responses={202: {"model": Awaiting}})
def extend(
    order_id: OrderId, body: ChangeEndBody, services: ServicesOf, caller: Placer
) -> Response | OrderView:
    """A later end, or none; an earlier one is refused. 202 where it needs a second person."""
    command = body.command(order_id, extend=True)
    return awaiting_or(
        services, caller, lambda: services.application.change_end(caller.actor, command)
    )


@router.post("/shorten", response_model=OrderView, responses={202: {"model": Awaiting}})
def shorten(
    order_id: OrderId, body: ChangeEndBody, services: ServicesOf, caller: Placer
) -> Response | OrderView:
    """An earlier end; a later one is refused."""
    command = body.command(order_id, extend=False)
    return awaiting_or(
        services, caller, lambda: services.application.change_end(caller.actor, command)
    )


@router.post("/lift")
def lift(order_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Placer) -> OrderView:
    """End it now. Lifting what has ended changes nothing."""
    command = LiftOrder(order=order_id, reason=body.reason)
    return services.application.lift(caller.actor, command)


@router.patch("")
def amend(order_id: OrderId, body: AmendBody, services: ServicesOf, caller: Placer) -> OrderView:
    """Correct reason, ticket or policy clause; never the target."""
    return services.application.amend(caller.actor, body.command(order_id))


@router.post("/comments", status_code=201)
def comment(
    order_id: OrderId, body: CommentBody, services: ServicesOf, caller: Commenter
) -> EventView:
    """Write a comment into its history; the order stays as it is."""
    return services.application.comment(caller.actor, body.command(order_id))


@router.post("/reconfirm")
def reconfirm(
    order_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Placer
) -> OrderView:
    """Keep an order that would end because its target changed hands; not by detectors."""
    people_only(caller)
    command = Reconfirm(order=order_id, reason=body.reason)
    return services.application.reconfirm(caller.actor, command)


@router.post("/review")
def review(
    order_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Approver
) -> OrderView:
    """Say that an order which was placed as an emergency was looked at; not by its issuer."""
    return services.application.review(caller.actor, order_id, body.reason)


@router.get("/wait")
def wait(
    order_id: OrderId,
    services: ServicesOf,
    caller: Looker,
    turn: SlowTurn,
    timeout: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds.")] = 10.0,
) -> OrderView:
    """Answers when the order is settled (enforced everywhere, or gone everywhere), or in time.

    The status of the answer says which.
    """
    return services.application.wait(caller.actor, order_id, timedelta(seconds=timeout))
