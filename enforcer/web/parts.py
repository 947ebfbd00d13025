# SPDX-License-Identifier: GPL-2.0-or-later
"""Small parts that the script asks for: what an address means, how a name goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import OrderFilter
from enforcer.core.access import Action
from enforcer.web.desk import Desk
from enforcer.web.suggestions import normal, suggestions

router = APIRouter(include_in_schema=False)
_MOST = 20
_LOOKED_THROUGH = 200

Reading = Annotated[Caller, Depends(allowed(Action.READ))]


@router.get("/desk/normalise")
def normalise(request: Request, caller: Reading, text: str = "", into: str = "") -> Response:
    """What is made of an address as it is typed, or what may have been meant."""
    stated = text.strip()[:200]
    found = normal(stated)
    return Desk(request, caller).fragment(
        "normalised.html",
        normal=found if found != stated else None,
        suggestions=suggestions(stated) if found is None else [],
        into=into[:60],
    )


@router.get("/desk/complete")
def complete(request: Request, caller: Reading, what: str = "", text: str = "") -> Response:
    """Options for a field: names that contain what was typed, those that begin with it first."""
    desk = Desk(request, caller)
    typed = text.strip().lower()
    names = [name for name in _names(desk, what, typed) if typed in name.lower()]
    names.sort(key=lambda name: (not name.lower().startswith(typed), name))
    return desk.fragment("options.html", names=names[:_MOST])


def _names(desk: Desk, what: str, typed: str) -> Iterable[str]:
    match what:
        case "customer":
            return {view.name for view in desk.application.customers(desk.actor)}
        case "device":
            return {view.name for view in desk.application.devices(desk.actor)}
        case "list":
            return {view.name for view in desk.application.lists(desk.actor)}
        case "ticket" if typed:
            which = OrderFilter(text=typed, limit=_LOOKED_THROUGH)
            return {v.ticket for v in desk.application.orders(desk.actor, which) if v.ticket}
    return ()
