# SPDX-License-Identifier: GPL-2.0-or-later
"""What is decided about one device: pause, mode, release, adopt, retire, a pass now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, allowed
from enforcer.api.turns import SlowTurn
from enforcer.core.access import Action
from enforcer.errors import InvalidInput
from enforcer.web.desk import Desk, Said, own_path
from enforcer.web.environment import segment
from enforcer.web.senders import Steering, Text, reason_of

router = APIRouter(include_in_schema=False, prefix="/devices/{name}")

Deciding = Annotated[Caller, Depends(allowed(Action.DEVICES))]
_TONES = {"clean": "good", "applied": "good", "repaired": "good", "observed": "watch"}
_MODES = {
    "observe": "It is only observed from now on: nothing is written to it.",
    "enforce": "It is written to from now on.",
    "inventory": "Its mode is what the inventory says.",
}


@router.post("/reconcile")
def reconcile(
    request: Request, name: str, caller: Steering, turn: SlowTurn, back: Text = ""
) -> Response:
    """A full pass now; then `back`, or the device's page."""
    desk = Desk(request, caller)
    found = desk.application.device_reconcile(desk.actor, name)
    tone = _TONES.get(found.outcome, "watch" if found.outcome == "held" else "bad")
    return desk.go(own_path(back, _at(name)), Said(f"Pass done: {found.sentence}", tone))


@router.post("/pause")
def pause(request: Request, name: str, caller: Steering, reason: Text = "") -> Response:
    """Stop additions."""
    desk = Desk(request, caller)
    desk.application.device_pause(desk.actor, name, reason_of(reason, "a pause"))
    return desk.go(_at(name), Said(f"Paused: nothing is added to {name} until it is resumed."))


@router.post("/resume")
def resume(request: Request, name: str, caller: Steering) -> Response:
    """End its pause."""
    desk = Desk(request, caller)
    desk.application.device_resume(desk.actor, name)
    return desk.go(_at(name), Said(f"Resumed: what waited is being applied to {name}."))


@router.get("/release")
def release_form(request: Request, name: str, caller: Deciding) -> Response:
    """What is held, and the form that lets it pass."""
    desk = Desk(request, caller)
    view = desk.application.device(desk.actor, name)
    return desk.page("device_decide.html", device=view, what="release")


@router.get("/adopt")
def adopt_form(request: Request, name: str, caller: Deciding) -> Response:
    """What adopting means, and the form."""
    desk = Desk(request, caller)
    view = desk.application.device(desk.actor, name)
    return desk.page("device_decide.html", device=view, what="adopt")


@router.post("/release")
def release(request: Request, name: str, caller: Steering, reason: Text = "") -> Response:
    """Let pass what is held, and take up what is contested."""
    desk = Desk(request, caller)
    desk.application.device_release(desk.actor, name, reason_of(reason, "a release"))
    return desk.go(_at(name), Said(f"Released: {name} is written to again."))


@router.post("/mode")
def mode(
    request: Request, name: str, caller: Steering, mode: Text = "", reason: Text = ""
) -> Response:
    """Observe, enforce, or what the inventory says."""
    desk = Desk(request, caller)
    if mode not in _MODES:
        raise InvalidInput("choose a mode: observe, enforce, or what the inventory says")
    desk.application.device_mode(desk.actor, name, mode, reason_of(reason, "another mode"))
    return desk.go(_at(name), Said(_MODES[mode]))


@router.post("/adopt")
def adopt(
    request: Request, name: str, caller: Steering, turn: SlowTurn, sure: Text = ""
) -> Response:
    """Take it over, whoever marked it before."""
    desk = Desk(request, caller)
    if not sure:
        raise InvalidInput("check the box: adopting removes what another installation put there")
    desk.application.device_adopt(desk.actor, name)
    return desk.go(_at(name), Said(f"{name} is ours now."))


@router.post("/retire")
def retire(
    request: Request, name: str, caller: Steering, reason: Text = "", sure: Text = ""
) -> Response:
    """Drain it."""
    desk = Desk(request, caller)
    if sure.strip() != name:
        raise InvalidInput(f"write the device's name to retire it: {name}")
    desk.application.device_retire(desk.actor, name, reason_of(reason, "retiring a device"))
    return desk.go(
        _at(name), Said(f"{name} is being drained; it leaves once it is empty.", "watch")
    )


def _at(name: str) -> str:
    return f"/devices/{segment(name)}"
