# SPDX-License-Identifier: GPL-2.0-or-later
"""How the installation itself is: the controller, and everything that can be wrong with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, allowed
from enforcer.api.turns import SlowTurn
from enforcer.core.access import Action
from enforcer.web.desk import Desk
from enforcer.web.senders import Reading

router = APIRouter(include_in_schema=False)


@router.get("/status")
def status(request: Request, caller: Reading) -> Response:
    """The controller, and for who keeps devices the examination."""
    desk = Desk(request, caller)
    if "fragment" in request.query_params:
        control = desk.application.control(desk.actor)
        return desk.fragment("status_control.html", control=control)
    return desk.page("status_page.html")


@router.get("/status/doctor")
def doctor(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Action.DEVICES))],
    turn: SlowTurn,
) -> Response:
    """Check everything that a first installation gets wrong, now."""
    desk = Desk(request, caller)
    checks = sorted(desk.application.doctor(desk.actor), key=lambda check: check.ok)
    if "fragment" in request.query_params:
        return desk.fragment("doctor.html", checks=checks)
    return desk.page("doctor_page.html", checks=checks)
