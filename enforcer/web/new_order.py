# SPDX-License-Identifier: GPL-2.0-or-later
"""A new order: the form, the preview that is always between, and the placing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import PlaceOrder
from enforcer.application.views import OrderView, Preview
from enforcer.core.access import Action
from enforcer.core.times import parse_duration
from enforcer.errors import InvalidInput, OrderRefused
from enforcer.web.desk import Desk, Said
from enforcer.web.form_fields import Fields, Sent, fields_of
from enforcer.web.look import KINDS
from enforcer.web.order_terms import CONFIRMS, command_of, new_key

router = APIRouter(include_in_schema=False)
_REFUSED = re.compile(r"would be refused: \[([a-z-]+)\] (.*)", re.DOTALL)
_FORM_ONLY = ("csrf", "needs", "confirm", "use", "change")

Placing = Annotated[Caller, Depends(form_allowed(Action.PLACE))]


@dataclass(frozen=True)
class Objection:
    """What a guardrail says against an order: with `flag` the issuer may know better."""

    code: str
    message: str
    flag: str | None


@router.get("/orders/new")
def new_order(
    request: Request, caller: Annotated[Caller, Depends(allowed(Action.PLACE))]
) -> Response:
    """The form; the URL may fill its fields in."""
    desk = Desk(request, caller)
    fields = fields_of(request.query_params)
    if fields.get("kind") not in KINDS:
        fields.set("kind", "block_address")
    return _form(desk, fields, 200)


@router.post("/orders/preview")
def preview(request: Request, caller: Placing, fields: Sent) -> Response:
    """What the order would do; or the form again, with what is wrong."""
    desk = Desk(request, caller)
    if fields.take_suggestion() or fields.on("change"):
        return _form(desk, fields, 200)
    return _previewed(desk, fields)


@router.post("/orders")
def place(request: Request, caller: Placing, fields: Sent) -> Response:
    """Place it, and show it; what was not confirmed is asked again."""
    desk = Desk(request, caller)
    command = command_of(fields, desk.now, desk.zone)
    if command is None:
        return _form(desk, fields, 422)
    if set(fields.all("needs")) - set(fields.all("confirm")):
        return _previewed(desk, fields, refusal="Check each box, or leave the order.")
    try:
        order = _ordered(desk, fields, command)
    except OrderRefused as refused:
        return _previewed(desk, fields, refusal=f"{refused} [{refused.code}]")
    except InvalidInput as error:
        return _form(desk, fields, 422, str(error))
    return desk.go(f"/orders/{order.id}", _placed(order))


def _ordered(desk: Desk, fields: Fields, command: PlaceOrder) -> OrderView:
    """The order; because of the report that the form was opened from, where there is one."""
    report = fields.get("report")
    if report.isascii() and report.isdecimal() and len(report) < 16 and desk.may("judge"):
        return desk.services.reports.order_for(desk.actor, int(report), command)
    return desk.application.place(desk.actor, command)


def _placed(order: OrderView) -> Said:
    many = len(order.devices)
    where = f"{many} device{'s' if many != 1 else ''}" if many else "no device"
    return Said(f"Order {order.id} is placed, for {where}.", lines=tuple(order.warnings))


def _previewed(desk: Desk, fields: Fields, refusal: str = "") -> Response:
    """The preview; the form again where nothing can be previewed."""
    command = command_of(fields, desk.now, desk.zone)
    if command is None:
        return _form(desk, fields, 422)
    bare = command.model_copy(update=dict.fromkeys(CONFIRMS.values(), False))
    try:
        found = desk.application.preview(desk.actor, bare, fields.on("fresh"))
    except OrderRefused as refused:
        return _form(desk, fields, 422, str(refused), refused.code)
    except InvalidInput as error:
        return _form(desk, fields, 422, str(error))
    return _shown(desk, fields, command, found, refusal)


def _shown(
    desk: Desk, fields: Fields, command: PlaceOrder, found: Preview, refusal: str
) -> Response:
    objections, warnings = sorted_out(found.warnings)
    return desk.page(
        "preview.html",
        422 if refusal else 200,
        preview=found,
        command=command,
        kind=fields.get("kind"),
        refusal=refusal,
        needs=[one for one in objections if one.flag],
        obstacles=[one for one in objections if not one.flag],
        warnings=warnings,
        checked=fields.all("confirm"),
        emergency=fields.get("emergency"),
        carried=list(fields.carried(*_FORM_ONLY, "emergency", "fresh")),
    )


def sorted_out(warnings: list[str]) -> tuple[list[Objection], list[str]]:
    """What would be refused, by code, and the rest of what is said."""
    objections, rest = [], []
    for said in warnings:
        if matched := _REFUSED.fullmatch(said):
            objections.append(Objection(matched[1], matched[2], CONFIRMS.get(matched[1])))
        else:
            rest.append(said)
    return objections, rest


def _form(desk: Desk, fields: Fields, status: int, refusal: str = "", code: str = "") -> Response:
    if not fields.get("key"):
        fields.set("key", new_key())
    presets = desk.services.settings.web.presets
    if not fields.get("end"):
        fields.set("end", presets[0])
    return desk.page(
        "new_order.html",
        status,
        kind=fields.get("kind"),
        fields=fields,
        presets=sorted(presets, key=parse_duration),
        refusal=refusal,
        code=code,
        list_options=_lists(desk) if fields.get("kind") == "block_list" else (),
    )


def _lists(desk: Desk) -> list[tuple[str, str]]:
    return [
        (view.name, f"{view.name} ({view.entries:,} entries, version {view.version})")
        for view in desk.application.lists(desk.actor)
    ]
