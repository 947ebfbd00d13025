# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists as CSV that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from fastapi.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take as the beginning of a formula (OWASP, "CSV Injection")."""


def as_csv(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Response:
    """A file `name` with a line of `columns`, then one line for each row (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
