# SPDX-License-Identifier: GPL-2.0-or-later
"""Named lists: their versions, what was rejected, how two versions differ."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.api.turns import SlowTurn
from enforcer.core.access import Action
from enforcer.errors import NotFound
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.web.senders import Reading, Text

router = APIRouter(include_in_schema=False)
_RANGES = 1000
_REJECTS = 2000


@router.get("/lists")
def lists(request: Request, caller: Reading) -> Response:
    """The current version of every list."""
    desk = Desk(request, caller)
    return desk.page("lists.html", lists=list(desk.application.lists(desk.actor)))


@router.get("/lists/{name}")
def named(request: Request, name: str, caller: Reading) -> Response:
    """One list with all its versions."""
    desk = Desk(request, caller)
    versions = list(desk.application.list_versions(desk.actor, name))
    current = next((v for v in desk.application.lists(desk.actor) if v.name == name), versions[0])
    return desk.page("list.html", name=name, current=current, versions=versions)


@router.get("/lists/{name}/rejects")
def rejects(request: Request, name: str, caller: Reading, version: str = "") -> Response:
    """What was rejected of one version, line by line."""
    desk = Desk(request, caller)
    number = _version(version) if version else None
    lines = list(desk.application.list_report(desk.actor, name, number))
    return desk.page(
        "list_rejects.html",
        name=name,
        version=number,
        lines=lines[:_REJECTS],
        more=max(0, len(lines) - _REJECTS),
    )


@router.get("/lists/{name}/diff")
def diff(request: Request, name: str, caller: Reading, old: str = "", new: str = "") -> Response:
    """What two versions do not share; the newest and the one before, unless said otherwise."""
    desk = Desk(request, caller)
    versions = list(desk.application.list_versions(desk.actor, name))
    late = _version(new) if new else versions[0].version
    early = _version(old) if old else max(1, late - 1)
    found = desk.application.list_diff(desk.actor, name, early, late, _RANGES)
    numbers = [str(one.version) for one in versions]
    return desk.page("list_diff.html", name=name, diff=found, numbers=numbers)


@router.post("/lists/{name}/refresh")
def refresh(
    request: Request,
    name: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.BULK))],
    turn: SlowTurn,
    shrink: Text = "",
) -> Response:
    """Fetch it from its feed now."""
    desk = Desk(request, caller)
    view = desk.application.list_refresh(desk.actor, name, bool(shrink))
    said = f"{view.entries:,} entries: {view.added:,} more, {view.removed:,} fewer than before."
    shown = Said(f"Fetched. {said}" if view.changed else "Fetched: nothing changed.")
    return desk.go(f"/lists/{segment(name)}", shown)


def _version(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise NotFound(f"'{text[:40]}' is no version: they are numbered from 1")
    return int(text)
