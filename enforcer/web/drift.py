# SPDX-License-Identifier: GPL-2.0-or-later
"""Drift: which devices differ from what they should hold, and what was repaired lately."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from enforcer.web.desk import Desk
from enforcer.web.device_history import repairs
from enforcer.web.devices import FINE, SENTENCES, urgency
from enforcer.web.senders import Reading

router = APIRouter(include_in_schema=False)
_REPAIRS = 25
_UNREADABLE = frozenset({"failing", "unknown"})
_READ_AT_ONCE = 6


@router.get("/drift")
def drift(request: Request, caller: Reading) -> Response:
    """Devices that are not proved to be as they should, and the repairs."""
    desk = Desk(request, caller)
    if request.query_params.get("fragment") == "repairs":
        return desk.fragment("drift_repairs.html", repairs=repairs(desk, _REPAIRS))
    every = list(desk.application.devices(desk.actor))
    off = sorted((one for one in every if one.status not in FINE), key=urgency)
    context: dict[str, Any] = {
        "off": off,
        "proved": len(every) - len(off),
        "total": len(every),
        "sentences": SENTENCES,
    }
    if "fragment" in request.query_params:
        return desk.fragment("drift_live.html", **context)
    readable = [one.name for one in off if one.status not in _UNREADABLE]
    return desk.page(
        "drift.html", read=readable[:_READ_AT_ONCE], repairs=repairs(desk, _REPAIRS), **context
    )
