# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory: what is in force, what a reload would change, and the reload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.api.turns import SlowTurn
from enforcer.application.desk_views import InventoryView
from enforcer.core.access import Action
from enforcer.web.desk import Desk, Said
from enforcer.web.senders import Reading, Text

router = APIRouter(include_in_schema=False)
_LINES = 8
_SHOWN = 200
_NOTHING: tuple[object, ...] = (None, "", [], {}, (), False)


@router.get("/inventory")
def inventory(request: Request, caller: Reading) -> Response:
    """What is in force."""
    desk = Desk(request, caller)
    view = desk.application.inventory_show(desk.actor)
    return desk.page("inventory.html", inventory=view, sections=list(sections(view)))


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


def sections(view: InventoryView) -> Iterator[tuple[str, int, list[list[tuple[str, list[str]]]]]]:
    """Heading, how many there are, and the facts of the first of them; empty ones are left out."""
    every = (
        ("Devices", view.devices),
        ("Customers", view.customers),
        ("Service sets", view.service_sets),
        ("Pools of addresses", view.pools),
        ("Shared addresses", view.shared),
        ("Feeds", view.feeds),
        ("Sources", view.sources),
    )
    for heading, some in every:
        if some:
            yield heading, len(some), [facts(one) for one in some[:_SHOWN]]


def facts(item: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Names and lines of what is stated; what is empty, or as usual, is left out."""
    return [
        (key.replace("_", " "), [line for line in _lines(value) if line])
        for key, value in item.items()
        if value not in _NOTHING
    ]


def _lines(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [_inline(value)]
    if isinstance(value, list | tuple):
        if any(isinstance(one, Mapping) for one in value):
            return [_inline(one) for one in value]
        return [", ".join(map(_inline, value))]
    return [_inline(value)]


def _inline(value: object) -> str:
    """One value in a line: ``eth0 · behind upstream``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_inline, value))
    if not isinstance(value, Mapping):
        return str(value)
    parts = [
        _inline(one) if key == "name" else f"{key.replace('_', ' ')} {_inline(one)}"
        for key, one in sorted(value.items(), key=lambda pair: pair[0] != "name")
        if one not in _NOTHING
    ]
    return " · ".join(parts)
