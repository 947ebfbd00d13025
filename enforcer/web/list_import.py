# SPDX-License-Identifier: GPL-2.0-or-later
"""A new version of a list, by paste or file: looked at first, then stored."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.api.middleware import LARGEST_LIST
from enforcer.application.commands import ImportList
from enforcer.application.views import ListView
from enforcer.core.access import Action
from enforcer.errors import InvalidInput, OrderRefused
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.web.form_fields import Fields, fields_of

router = APIRouter(include_in_schema=False)
FORMATS = (
    ("auto", "found out by itself"),
    ("plain", "one address a line"),
    ("csv", "CSV"),
    ("jsonl", "JSON lines"),
)
_ECHOED = 4_000_000
"""Characters: a longer text is not put into the page again, which a browser would be slow with."""
_CONFIRM = re.compile(r"(: |; if [^;]*, )add --confirm-shrink$")


async def _sent(request: Request) -> Fields:
    """The fields; a file, where one was chosen, instead of the text."""
    form = await request.form(max_part_size=LARGEST_LIST)
    fields = fields_of(form)
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read()
        try:
            fields.set("text", content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            fields.problems["text"] = "the file is no UTF-8 text: save it as UTF-8"
        if not fields.get("from"):
            fields.set("from", file.filename[:200])
    await request.close()
    return fields


Sent = Annotated[Fields, Depends(_sent)]
Importing = Annotated[Caller, Depends(form_allowed(Action.BULK, LARGEST_LIST))]


@router.get("/import-list")
def form(
    request: Request, caller: Annotated[Caller, Depends(allowed(Action.BULK))], name: str = ""
) -> Response:
    """The form."""
    return _form(Desk(request, caller), Fields({"name": [name]}))


@router.post("/import-list")
def import_list(request: Request, caller: Importing, fields: Sent) -> Response:
    """Look at it, which stores nothing; or, where that was done, store it."""
    desk = Desk(request, caller)
    if not fields.get("name"):
        fields.problems["name"] = "give the list a name: orders refer to it by that"
    if not fields.get("text"):
        fields.problems.setdefault("text", "paste the addresses, or choose a file")
    if fields.problems or fields.on("change"):
        return _form(desk, fields, 422 if fields.problems else 200)
    try:
        found = desk.application.import_list(desk.actor, _command(fields, not fields.on("store")))
    except OrderRefused as refused:
        said = str(refused)
        return _form(desk, fields, 422, _CONFIRM.sub("", said), shrinks=bool(_CONFIRM.search(said)))
    except InvalidInput as error:
        return _form(desk, fields, 422, str(error))
    return _done(desk, found) if fields.on("store") else _form(desk, fields, found=found)


def _done(desk: Desk, view: ListView) -> Response:
    said = f"Version {view.version} of {view.name} has {view.entries:,} entries."
    if not view.changed:
        said = f"{view.name} stays as it is: nothing differs."
    lines = (f"{view.rejected:,} lines were rejected",) if view.rejected else ()
    return desk.go(f"/lists/{segment(view.name)}", Said(said, "good", lines))


def _command(fields: Fields, dry_run: bool) -> ImportList:
    known = {key for key, _ in FORMATS}
    return ImportList(
        name=fields.get("name"),
        text=fields.values["text"][-1],
        source=fields.get("from") or "pasted",
        format=fields.get("format") if fields.get("format") in known else "auto",
        column=fields.get("column"),
        confirm_shrink=fields.on("shrink"),
        dry_run=dry_run,
    )


def _form(
    desk: Desk,
    fields: Fields,
    status: int = 200,
    refusal: str = "",
    shrinks: bool = False,
    found: ListView | None = None,
) -> Response:
    names = [view.name for view in desk.application.lists(desk.actor)]
    text = fields.values.get("text", [""])[-1]
    return desk.page(
        "list_import.html",
        status,
        fields=fields,
        refusal=refusal,
        shrinks=shrinks,
        found=found,
        text=text if len(text) <= _ECHOED else "",
        long=len(text) > _ECHOED,
        names=names,
        formats=FORMATS,
    )
