# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/orders``: place orders, find them, look at one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from enforcer.api.answers import Awaiting, OptionalKey, awaiting_or
from enforcer.api.callers import BulkPlacer, Looker, Placer, Reader
from enforcer.api.fields import DryRun, Names, OptionalName, OrderId
from enforcer.api.guard import Caller, ServicesOf
from enforcer.api.keyed import REPLAYED
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.problems import said_of
from enforcer.api.turns import SlowTurn
from enforcer.application.commands import OrderFilter, PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.application.requests import BulkBody, PlaceBody, UnreadRow
from enforcer.application.views import EventView, OrderView, Preview
from enforcer.core.access import Action
from enforcer.errors import Forbidden

router = api_router(prefix="/orders", tags=["orders"])


@router.post(
    "",
    status_code=201,
    response_model=OrderView,
    responses={200: {"model": Preview}, 202: {"model": Awaiting}},
)
def place(
    body: PlaceBody,
    services: ServicesOf,
    caller: Placer,
    response: Response,
    key: OptionalKey = None,
    dry_run: DryRun = False,
) -> Response | OrderView:
    """Place one order.

    201 with the order; 202 with the proposal where a second person is needed; with `dry_run`,
    200 with what it would do. The same `Idempotency-Key` gives the same order.
    """
    command = body.command(caller.actor.name, key)
    if dry_run:
        _may_try(caller)
        found = services.application.preview(caller.actor, command)
        return Response(found.model_dump_json(), media_type="application/json")
    asked = services.now()
    answer = awaiting_or(
        services, caller, lambda: services.application.place(caller.actor, command)
    )
    if isinstance(answer, OrderView) and answer.created < asked:
        response.headers[REPLAYED] = "true"
    return answer


@router.post("/preview")
def preview(
    body: PlaceBody,
    services: ServicesOf,
    caller: Reader,
    turn: SlowTurn,
    fresh: Annotated[bool, Query(description="Ask the devices now.")] = False,
) -> Preview:
    """What placing it would do; nothing is stored. `fresh` is for who may place or steer."""
    if fresh and not (caller.actor.may(Action.PLACE) or caller.actor.may(Action.DEVICES)):
        raise Forbidden("asking the devices now needs the right 'place' or 'devices'")
    return services.application.preview(caller.actor, body.command(), fresh)


@router.post("/bulk")
def place_many(
    body: BulkBody,
    services: ServicesOf,
    caller: BulkPlacer,
    key: OptionalKey = None,
    dry_run: DryRun = False,
) -> Page[PlaceResult]:
    """Place each of up to 10,000 orders; the answer has one result per row, in their order.

    A row that cannot be read gets the code `invalid` and what is wrong; the others are placed.
    A row without a key of its own gets one from `Idempotency-Key` and its position, so that the
    same request can be sent again.
    """
    name = caller.actor.name
    commands: dict[int, PlaceOrder] = {}
    results: dict[int, PlaceResult] = {}
    for line, row in enumerate(body.rows(), 1):
        if isinstance(row, UnreadRow):
            results[line] = PlaceResult(line=line, code="invalid", message=said_of(row.problems))
        else:
            commands[line] = row.command(name, None if key is None else f"{key}:{line}")
    application = services.application
    if dry_run:
        _may_try(caller)
    if commands:
        do = application.check_many if dry_run else application.place_many
        done = do(caller.actor, list(commands.values()))
        for line, one in zip(commands, done, strict=True):
            results[line] = one.model_copy(update={"line": line})
    return Page(items=[results[line] for line in sorted(results)])


def _may_try(caller: Caller) -> None:
    """Raises Forbidden: a dry run tells of devices and customers."""
    if not caller.actor.may(Action.READ):
        raise Forbidden(f"{caller.actor.name}: a dry run needs the right '{Action.READ}'")


@dataclass(frozen=True)
class Wanted:
    """Which orders; everything that is given must match."""

    active: Annotated[bool | None, Query(description="Scheduled or in force.")] = None
    status: Names = ()
    kind: Names = ()
    customer: OptionalName = None
    source: OptionalName = None
    text: Annotated[str | None, Query(max_length=200)] = None
    before: Annotated[str | None, Query(max_length=64, description="Older than this one.")] = None


@router.get("", response_model=Page[OrderView])
def orders(
    services: ServicesOf, caller: Looker, paging: PagingOf, wanted: Annotated[Wanted, Depends()]
) -> Response | Page[OrderView]:
    """Orders, newest first; all filters must match."""
    which = OrderFilter(
        active=wanted.active,
        statuses=wanted.status,
        kinds=wanted.kind,
        customer=wanted.customer,
        source=wanted.source,
        text=wanted.text,
        limit=paging.limit + 1,
        before=paging.after or wanted.before,
    )
    found = services.application.orders(caller.actor, which)
    return paging.answer(found, lambda order: order.id, OrderView)


@router.get("/{order_id}")
def order(order_id: OrderId, services: ServicesOf, caller: Looker) -> OrderView:
    """One order with its status on each device."""
    return services.application.order(caller.actor, order_id)


@router.get("/{order_id}/history", response_model=Page[EventView])
def history(
    order_id: OrderId, services: ServicesOf, caller: Looker, paging: PagingOf
) -> Response | Page[EventView]:
    """Everything recorded about one order, oldest first."""
    found = services.application.history(caller.actor, order_id)
    return paging.answer_all(found, lambda event: str(event.sequence), EventView)
