# SPDX-License-Identifier: GPL-2.0-or-later
"""Many orders at once: paste addresses, correct the bad lines, place the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.commands import PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.core.access import Action
from enforcer.core.orders import Direction
from enforcer.core.times import parse_duration
from enforcer.errors import InvalidInput
from enforcer.web.desk import Desk, Said
from enforcer.web.form_fields import Fields, Sent, fields_of
from enforcer.web.order_terms import End, end_of, new_key
from enforcer.web.pasted import Row, rows_of

router = APIRouter(include_in_schema=False)
AWAITING = "awaiting-approval"

Bulk = Annotated[Caller, Depends(form_allowed(Action.BULK))]


@router.get("/orders/paste")
def paste(request: Request, caller: Annotated[Caller, Depends(allowed(Action.BULK))]) -> Response:
    """The form."""
    return _page(Desk(request, caller), fields_of(request.query_params), [])


@router.post("/orders/paste")
def check_or_place(request: Request, caller: Bulk, fields: Sent) -> Response:
    """Say of each line what becomes of it; place the good ones where that is asked for."""
    desk = Desk(request, caller)
    end = end_of(fields, desk.now, desk.zone)
    try:
        rows = rows_of(_lines(fields), fields.get("reason"))
    except InvalidInput as error:
        fields.problems["lines"] = str(error)
        rows = []
    if not rows:
        fields.problems.setdefault("lines", "paste at least one address")
    if fields.problems:
        return _page(desk, fields, rows, 422)
    checked = _answered(rows, desk.application.check_many, desk, fields, end)
    bad = [row for row in checked if not row.good]
    wanted = fields.get("do")
    if wanted == "place-good" or (wanted == "place" and not bad):
        return _placed(desk, fields, checked, end)
    return _page(desk, fields, checked, 422 if bad else 200)


def _placed(desk: Desk, fields: Fields, rows: list[Row], end: End) -> Response:
    good = [row for row in rows if row.good]
    done = _answered(good, desk.application.place_many, desk, fields, end)
    waiting = [row for row in done if row.code == AWAITING]
    refused = [row for row in done if not row.good and row.code != AWAITING]
    placed = len(done) - len(waiting) - len(refused)
    text = f"{placed} order{'s' if placed != 1 else ''} placed."
    if waiting:
        text += f" {len(waiting)} wait for a second person."
    if not refused:
        return desk.go("/orders", Said(text))
    fields.problems["lines"] = f"{text} {len(refused)} were refused: they are below."
    return _page(desk, fields, refused, 422)


def _answered(
    rows: Sequence[Row],
    ask: Any,  # noqa: ANN401 - `check_many` or `place_many`, bound to the application
    desk: Desk,
    fields: Fields,
    end: End,
) -> list[Row]:
    """The rows with what was said of each good one."""
    good = [row for row in rows if row.good]
    results: Sequence[PlaceResult] = (
        ask(desk.actor, [_command(row, fields, end) for row in good]) if good else ()
    )
    said = {id(row): result for row, result in zip(good, results, strict=True)}
    return [_told(row, said.get(id(row))) for row in rows]


def _told(row: Row, result: PlaceResult | None) -> Row:
    if result is None:
        return row
    if result.code:
        return row.refused(result.code, result.message)
    return Row(row.text, row.target, row.reason, said=result.message)


def _command(row: Row, fields: Fields, end: End) -> PlaceOrder:
    stated = fields.get("direction")
    return PlaceOrder(
        demand=row.demand(Direction(stated) if stated in list(Direction) else Direction.BOTH),
        reason=row.reason,
        ticket=fields.get("ticket") or None,
        end=end.at,
        duration=end.after,
        open_ended=end.never,
        idempotency_key=f"{fields.get('key')}-{row.target}",
        confirm_wide=fields.on("confirm_wide"),
        confirm_collateral=fields.on("confirm_collateral"),
    )


def _lines(fields: Fields) -> list[str]:
    """The lines that are ready, and those that were corrected one by one.

    A button beside a wrong line says what to put there: ``place=text``.
    """
    fixed = list(fields.values.get("fixed", []))
    place, _, text = fields.get("use").partition("=")
    if place.isdecimal() and int(place) < len(fixed):
        fixed[int(place)] = text
    return [*fields.get("lines").splitlines(), *fixed]


def _page(desk: Desk, fields: Fields, rows: Sequence[Row], status: int = 200) -> Response:
    if not fields.get("key"):
        fields.set("key", new_key())
    presets = desk.services.settings.web.presets
    if not fields.get("end"):
        fields.set("end", presets[0])
    return desk.page(
        "paste.html",
        status,
        fields=fields,
        good=[row for row in rows if row.good],
        bad=[row for row in rows if not row.good],
        presets=sorted(presets, key=parse_duration),
    )
