# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists as answers: a page of JSON with an opaque cursor, or the same as CSV.

A cursor is where the page before ended; it holds as long as that thing exists.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from enforcer.api.problems import NotAcceptable
from enforcer.application.views import View
from enforcer.errors import InvalidInput

LONGEST_PAGE = 1000
LONGEST_TABLE = 10_000
"""Rows of one page, as JSON and as CSV."""
_USUAL = 100
_CSV = "text/csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_View = TypeVar("_View", bound=View)


class Form(StrEnum):
    """How a list is written."""

    JSON = "json"
    CSV = "csv"


class Page(BaseModel, Generic[_View]):
    """Some of a list. `next` is the cursor of the page after this one; null: it was the last."""

    model_config = ConfigDict(frozen=True)

    items: list[_View]
    next: str | None = None


@dataclass(frozen=True)
class Paging:
    """Which page of a list is wanted, and how it is to be written."""

    request: Request
    limit: int
    after: str | None
    """What the cursor says: the key of the last one seen."""
    form: Form

    def answer(
        self, rows: Sequence[_View], key: Callable[[_View], str], model: type[_View]
    ) -> Page[_View] | Response:
        """The page of `rows`, which is all that follows `after`, or at least one more than fits."""
        shown, more = rows[: self.limit], len(rows) > self.limit
        following = cursor_of(key(shown[-1])) if more and shown else None
        if self.form is Form.JSON:
            return Page[_View](items=list(shown), next=following)
        headers = {}
        if following is not None:
            # The name of a parameter may stand twice: the old cursor goes.
            url = self.request.url.include_query_params(cursor=following)
            headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return table_response(shown, model, headers)

    def answer_all(
        self, rows: Sequence[_View], key: Callable[[_View], str], model: type[_View]
    ) -> Page[_View] | Response:
        """The same of a whole list, of which the rows up to `after` are left out here."""
        return self.answer(_following(rows, key, self.after), key, model)


def paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LONGEST_TABLE)] = _USUAL,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
    format: Annotated[Form | None, Query()] = None,
) -> Paging:
    """What the query and the Accept header say. Raises InvalidInput, NotAcceptable."""
    form = form_of(request, format)
    most = LONGEST_TABLE if form is Form.CSV else LONGEST_PAGE
    return Paging(request, min(limit, most), None if cursor is None else key_in(cursor), form)


PagingOf = Annotated[Paging, Depends(paging)]


def form_of(request: Request, format: Annotated[Form | None, Query()] = None) -> Form:
    """How something that has no pages is wanted. Raises NotAcceptable."""
    return format or _accepted(request.headers.get("accept", ""))


FormOf = Annotated[Form, Depends(form_of)]
AS_CSV_TOO: Mapping[int | str, dict[str, Any]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}}
}
"""For the document: an answer that is to be had as CSV, though it is no page."""


def cursor_of(key: str) -> str:
    """An opaque cursor that says `key`."""
    said = json.dumps({"after": key}, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def key_in(cursor: str) -> str:
    """What `cursor_of` was told. Raises InvalidInput."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        said = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        key = said["after"]
    except (ValueError, KeyError, TypeError, RecursionError):
        key = None
    if not isinstance(key, str) or "\0" in key:
        raise InvalidInput("cursor: not one of ours: take `next` of the page before")
    return key


def table_response(
    rows: Sequence[View], model: type[View], headers: Mapping[str, str] | None = None
) -> Response:
    """Rows of CSV (RFC 4180) with a header line."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(model.model_fields)
    for row in rows:
        writer.writerow([_cell(value) for value in row.model_dump(mode="json").values()])
    return Response(
        text.getvalue(),
        media_type=f"{_CSV}; charset=utf-8",
        headers={"Content-Disposition": "attachment"} | dict(headers or {}),
    )


def _following(
    rows: Sequence[_View], key: Callable[[_View], str], after: str | None
) -> Sequence[_View]:
    if after is None:
        return rows
    for position, row in enumerate(rows):
        if key(row) == after:
            return rows[position + 1 :]
    raise InvalidInput("cursor: what it points at is gone: begin with the first page")


def _accepted(accept: str) -> Form:
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    if _CSV in kinds and "application/json" not in kinds:
        return Form.CSV
    fits = {"application/json", "application/*", "*/*", "text/html", "application/problem+json"}
    if kinds and not fits & set(kinds):
        raise NotAcceptable(f"lists are written as application/json or {_CSV}")
    return Form.JSON


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """One cell; text that a spreadsheet would take for a formula is quoted for it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(v, str) and ";" not in v for v in value):
        value = ";".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    # Full-width signs begin formulas too, once a spreadsheet has folded them.
    if isinstance(value, str) and unicodedata.normalize("NFKC", value[:8]).startswith(_FORMULA):
        return "'" + value
    return str(value)
