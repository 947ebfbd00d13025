# SPDX-License-Identifier: GPL-2.0-or-later
"""What every page shows of the whole: its state and counts, the pause button, the colours."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.core.access import Action
from enforcer.errors import InvalidInput
from enforcer.web.desk import THEME_COOKIE, THEMES, Desk, Said, own_path

router = APIRouter(include_in_schema=False)
_YEAR = 31_536_000

Reading = Annotated[Caller, Depends(allowed(Action.READ))]
Text = Annotated[str, Form()]


@router.get("/desk/status")
def status(request: Request, caller: Reading) -> Response:
    """State and counts, for the head of a page that is open."""
    desk = Desk(request, caller)
    control = desk.application.control(desk.actor)
    return desk.fragment("status.html", control=control, counts=desk.counts)


@router.get("/desk/banner")
def banner(request: Request, caller: Reading) -> Response:
    """The banner of a pause or a freeze, or nothing."""
    desk = Desk(request, caller)
    return desk.fragment("banner.html", control=desk.application.control(desk.actor))


@router.get("/pause")
def pause_form(
    request: Request, caller: Annotated[Caller, Depends(allowed(Action.PAUSE))]
) -> Response:
    """What a pause and a freeze do, and the buttons."""
    return Desk(request, caller).page("pause.html")


@router.post("/desk/pause")
def pause(
    request: Request,
    caller: Annotated[Caller, Depends(form_allowed(Action.PAUSE))],
    reason: Text = "",
) -> Response:
    """Stop additions on all devices."""
    desk = Desk(request, caller)
    desk.application.pause(desk.actor, _reason(reason))
    return desk.go(
        "/", Said("Paused: nothing is added to any device until it is resumed.", "watch")
    )


@router.post("/desk/freeze")
def freeze(
    request: Request,
    caller: Annotated[Caller, Depends(form_allowed(Action.RESUME))],
    reason: Text = "",
) -> Response:
    """Stop all writes to all devices."""
    desk = Desk(request, caller)
    desk.application.freeze(desk.actor, _reason(reason))
    return desk.go("/", Said("Frozen: nothing is written to any device.", "bad"))


@router.post("/desk/resume")
def resume(
    request: Request, caller: Annotated[Caller, Depends(form_allowed(Action.RESUME))]
) -> Response:
    """End a pause or a freeze."""
    desk = Desk(request, caller)
    desk.application.resume(desk.actor)
    return desk.go("/", Said("Running again: what waited is being applied."))


@router.post("/desk/theme")
def theme(
    request: Request,
    caller: Annotated[Caller, Depends(form_allowed(Action.SELF))],
    theme: Text = "auto",
    back: Text = "/",
) -> Response:
    """Light, dark, or as the system has it; kept in this browser."""
    response = Desk(request, caller).go(own_path(back))
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, path="/", samesite="lax")
    return response


def _reason(text: str) -> str:
    if not text.strip():
        raise InvalidInput("say why, for those who wonder: a pause needs a reason")
    return text.strip()
