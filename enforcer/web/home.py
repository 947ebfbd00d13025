# SPDX-License-Identifier: GPL-2.0-or-later
"""The first page: search, and what needs somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import OrderFilter
from enforcer.application.views import OrderView
from enforcer.core.access import Action
from enforcer.core.status import Status
from enforcer.web.desk import Desk

router = APIRouter(include_in_schema=False)
TROUBLED = (Status.FAILING, Status.DRIFTED, Status.UNSUPPORTED, Status.PARTIAL, Status.UNVERIFIED)
_SHOWN = 8
_COUNTED = 300
_ASKED = "approval-needed"
"""It has a figure of its own, and is no alarm for whoever keeps the network."""
_SOON = timedelta(hours=1)


@router.get("/")
def home(request: Request, caller: Annotated[Caller, Depends(allowed(Action.READ))]) -> Response:
    """The overview, or its live part."""
    desk = Desk(request, caller)
    orders = list(desk.application.orders(desk.actor, OrderFilter(active=True, limit=_COUNTED)))
    troubled = [view for view in orders if view.status in TROUBLED]
    devices = list(desk.application.devices(desk.actor))
    context: dict[str, Any] = {
        "orders": orders,
        "most": _COUNTED,
        "troubled": troubled,
        "recent": orders[:_SHOWN],
        "soon": [view for view in orders if _ends_soon(desk, view)],
        "alarms": [alarm for alarm in desk.application.alarms(desk.actor) if alarm.kind != _ASKED][
            :_SHOWN
        ],
        "devices": devices,
        "unwell": [view for view in devices if view.status not in {"ok", "observe"}],
        "shown": _SHOWN,
    }
    if "fragment" in request.query_params:
        control = desk.application.control(desk.actor)
        return desk.fragment("home_body.html", control=control, counts=desk.counts, **context)
    return desk.page("home.html", **context)


def _ends_soon(desk: Desk, view: OrderView) -> bool:
    return view.end is not None and view.start <= desk.now < view.end <= desk.now + _SOON
