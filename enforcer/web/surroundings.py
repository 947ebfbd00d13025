# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected space, sources of orders with their stop, alarms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.core.access import Action
from enforcer.core.source_names import EVERYBODY
from enforcer.errors import InvalidInput
from enforcer.web.desk import Desk, Said
from enforcer.web.senders import Reading, Text, reason_of
from enforcer.web.subjects import subject_page
from enforcer.web.suggestions import suggestions

router = APIRouter(include_in_schema=False)
_SHOWN = 500

Pausing = Annotated[Caller, Depends(form_allowed(Action.PAUSE))]
Resuming = Annotated[Caller, Depends(form_allowed(Action.RESUME))]


@router.get("/protected")
def protected(request: Request, caller: Reading, q: str = "") -> Response:
    """Space that no order may block: all of it, or what overlaps an address."""
    desk = Desk(request, caller)
    text, problem = q.strip()[:200], ""
    found = []
    try:
        found = list(desk.application.protected(desk.actor, text or None))
    except InvalidInput as error:
        problem = str(error)
    return desk.page(
        "protected.html",
        422 if problem else 200,
        protected=found[:_SHOWN],
        total=len(found),
        text=text,
        problem=problem,
        suggested=suggestions(text) if problem else [],
    )


@router.get("/sources")
def sources(request: Request, caller: Reading) -> Response:
    """Who places orders, how many, and who was stopped."""
    desk = Desk(request, caller)
    found = sorted(desk.application.sources(desk.actor), key=lambda s: (not s.stopped, s.name))
    if "fragment" in request.query_params:
        return desk.fragment("sources_rows.html", sources=found)
    return desk.page("sources.html", sources=found)


@router.get("/sources/{name}/stop")
def stop_form(request: Request, name: str, caller: Reading) -> Response:
    """What stopping a source means, and why it is done."""
    desk = Desk(request, caller)
    known = {one.name: one for one in desk.application.sources(desk.actor)}
    return desk.page("source_stop.html", name=name, source=known.get(name))


@router.post("/sources/{name}/stop")
def stop(request: Request, name: str, caller: Pausing, reason: Text = "") -> Response:
    """The kill switch."""
    desk = Desk(request, caller)
    desk.application.source_stop(desk.actor, name, reason_of(reason, "stopping a source"))
    said = f"{name} is stopped: it places nothing. What it placed stays in force."
    if name == EVERYBODY:
        said = "All automated sources are stopped. What they placed stays in force."
    return desk.go("/sources", Said(said, "watch"))


@router.post("/sources/{name}/start")
def start(request: Request, name: str, caller: Resuming) -> Response:
    """Let it place orders again."""
    desk = Desk(request, caller)
    desk.application.source_start(desk.actor, name)
    said = "All automated sources place" if name == EVERYBODY else f"{name} places"
    return desk.go("/sources", Said(f"{said} orders again."))


@router.get("/alarms")
def alarms(request: Request, caller: Reading, view: str = "open") -> Response:
    """What people must know of or decide."""
    desk = Desk(request, caller)
    view = "all" if view == "all" else "open"
    found = list(desk.application.alarms(desk.actor, open_only=view == "open"))
    devices = {one.name for one in desk.application.devices(desk.actor)}
    shown = [(one, subject_page(one.subject, one.kind, devices)) for one in found[:_SHOWN]]
    if "fragment" in request.query_params:
        return desk.fragment("alarms_rows.html", alarms=shown, view=view)
    return desk.page("alarms.html", alarms=shown, view=view)
