# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory: what is in force, what a reload would change, and the reload."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.api.turns import SlowTurn
from enforcer.core.access import Action
from enforcer.web.desk import Desk, Said
from enforcer.web.senders import Reading, Text

router = APIRouter(include_in_schema=False)
_LINES = 8


@router.get("/inventory")
def inventory(request: Request, caller: Reading) -> Response:
    """What is in force."""
    desk = Desk(request, caller)
    return desk.page("inventory.html", inventory=desk.application.inventory_show(desk.actor))


@router.get("/inventory/diff")
def diff(
    request: Request,
    caller: Annotated[Caller, Depends(allowed(Action.INVENTORY))],
    turn: SlowTurn,
) -> Response:
    """What a reload would change."""
    desk = Desk(request, caller)
    found = desk.application.inventory_diff(desk.actor)
    template = "inventory_diff.html"
    if "fragment" in request.query_params:
        return desk.fragment(template, diff=found)
    return desk.page("inventory_diff_page.html", diff=found)


@router.post("/inventory/reload")
def reload(
    request: Request,
    caller: Annotated[Caller, Depends(form_allowed(Action.INVENTORY))],
    turn: SlowTurn,
    reason: Text = "",
) -> Response:
    """Put the files in force."""
    desk = Desk(request, caller)
    done = desk.application.inventory_reload(desk.actor, reason.strip())
    if not done.ok:
        said = Said(
            "The files cannot be loaded: what is in force stays.",
            "bad",
            tuple(done.problems[:_LINES]),
        )
        return desk.go("/inventory/diff", said)
    changes = f"{len(done.changes)} change{'s' if len(done.changes) != 1 else ''}"
    tone = "watch" if done.warnings else "good"
    said = Said(f"In force now: {changes}.", tone, tuple(done.warnings[:_LINES]))
    return desk.go("/inventory", said)
