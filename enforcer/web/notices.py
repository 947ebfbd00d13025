# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that go out: what was sent, what waits, what could not be sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.core.access import Action
from enforcer.errors import NotFound
from enforcer.web.desk import Desk, Said
from enforcer.web.senders import Reading

router = APIRouter(include_in_schema=False)
VIEWS = {"dead": "dead", "waiting": "waiting", "sent": "sent", "all": None}
_SHOWN = 200


@router.get("/notices")
def notices(request: Request, caller: Reading, view: str = "") -> Response:
    """Those that could not be sent where there are such, else all."""
    desk = Desk(request, caller)
    if view not in VIEWS:
        view = "all"
    found = list(desk.services.notices.notices(desk.actor, VIEWS[view], _SHOWN))
    dead = desk.services.notices.notices(desk.actor, "dead", _SHOWN)
    channels = [channel.name for channel in desk.services.settings.notify]
    return desk.page(
        "notices.html",
        notices=found,
        view=view,
        views=list(VIEWS),
        dead=len(dead),
        channels=channels,
        most=_SHOWN,
    )


@router.post("/notices/{notice_id}/retry")
def retry(
    request: Request,
    notice_id: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.DEVICES))],
) -> Response:
    """Try a dead one again."""
    if not notice_id.isascii() or not notice_id.isdecimal() or len(notice_id) > 15:
        raise NotFound("that is no notice: they are numbered")
    desk = Desk(request, caller)
    view = desk.services.notices.retry(desk.actor, int(notice_id))
    return desk.go("/notices", Said(f"Notice {view.id} is tried again, to {view.channel}."))
