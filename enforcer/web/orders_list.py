# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of orders: filters in the URL, live rows, the same as CSV and JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from enforcer.api.guard import Caller, allowed
from enforcer.core.access import Action
from enforcer.core.status import Status
from enforcer.web import filters
from enforcer.web.desk import Desk
from enforcer.web.environment import url
from enforcer.web.filters import OrdersAsked
from enforcer.web.look import KINDS
from enforcer.web.tables import as_csv

router = APIRouter(include_in_schema=False)
_MOST_EXPORTED = 100_000
_COLUMNS = (
    *("id", "status", "kind", "target", "reason", "ticket", "issuer", "source"),
    *("created", "start", "end", "lifted", "lift_reason", "devices"),
)


@router.get("/orders")
def orders(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Action.READ))],
    format: str = "",
) -> Response:
    """Orders that the URL asks for, as a page, as live rows, as CSV or JSON."""
    desk = Desk(request, caller)
    asked = OrdersAsked.of(request.query_params)
    if format in {"csv", "json"}:
        return _exported(desk, asked, format)
    found = list(desk.application.orders(desk.actor, asked.filter(more=1)))
    shown = found[: asked.limit]
    older = asked.after(shown[-1].id).query() if len(found) > asked.limit else None
    context: dict[str, Any] = {
        "asked": asked,
        "orders": shown,
        "older": url("/orders", older) if older else "",
        "newest": url("/orders", replace(asked, before="").query()) if asked.before else "",
    }
    if "fragment" in request.query_params:
        return desk.fragment("orders_rows.html", **context)
    return desk.page(
        "orders.html",
        **context,
        views=[
            (v, url("/orders", replace(asked, view=v, before="").query())) for v in filters.VIEWS
        ],
        status_options=[(str(status), str(status)) for status in Status],
        kind_options=[(kind, title) for kind, (title, _, _) in KINDS.items()],
        columns=filters.COLUMNS,
        fragment=url("/orders", asked.query(), fragment=1),
        exports=[(form, url("/orders", asked.query(), format=form)) for form in ("csv", "json")],
    )


def _exported(desk: Desk, asked: OrdersAsked, form: str) -> Response:
    which = asked.filter().model_copy(update={"limit": _MOST_EXPORTED})
    found = desk.application.orders(desk.actor, which)
    if form == "json":
        return JSONResponse([view.model_dump(mode="json") for view in found])
    rows = [
        {**view.model_dump(mode="json"), "devices": " ".join(d.device for d in view.devices)}
        for view in found
    ]
    return as_csv("orders.csv", _COLUMNS, rows)
