# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of a bulk file: plain, CSV with a header, or JSON lines. A bad one spoils no other."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from enforcer.cli.bulk_common import Common
from enforcer.cli.bulk_demands import WHAT_COLUMNS
from enforcer.cli.bulk_options import BulkFormat
from enforcer.core.prefixes import shown
from enforcer.errors import InvalidInput

if TYPE_CHECKING:
    from enforcer.application.commands import PlaceOrder

COLUMNS = (
    *WHAT_COLUMNS,
    *("reason", "ticket", "policy", "for", "until", "open_ended", "start"),
    *("except", "device", "role", "site", "key", "confirm_wide", "confirm_collateral"),
    *("confirm_routes", "confirm_foreign", "emergency"),
)
_COMMENTS = ("#", ";")
_HEADING = {"target", "from", "kind"}
"""A header has at least one of these."""
_DELIMITERS = (",", ";", "\t")
_MAX_CELL = 1 << 20


@dataclass(frozen=True)
class Line:
    """One line that asks for an order; without a command the problem says why."""

    number: int
    """In the file, counted from 1."""
    command: PlaceOrder | None
    problem: str = ""


def read_lines(text: str, form: BulkFormat, common: Common) -> list[Line]:
    """Every line that asks for something. Raises InvalidInput for a header that is none."""
    if form is BulkFormat.AUTO:
        form = _recognised(text)
    if form is BulkFormat.CSV:
        return list(_csv_lines(text, common))
    reads = _json if form is BulkFormat.JSONL else _plain
    lines = enumerate(text.splitlines(), 1)
    stated = ((number, line.strip()) for number, line in lines)
    return [
        _read(number, reads, line, common)
        for number, line in stated
        if line and not line.startswith(_COMMENTS)
    ]


def _recognised(text: str) -> BulkFormat:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith(_COMMENTS)), "")
    if first.startswith("{"):
        return BulkFormat.JSONL
    cells = _named(_cells(first))
    return BulkFormat.CSV if _HEADING & set(cells) else BulkFormat.PLAIN


def _read(number: int, reads: Any, line: Any, common: Common) -> Line:  # noqa: ANN401 - text or cells
    try:
        return Line(number, reads(line, common, number))
    except InvalidInput as error:
        return Line(number, None, str(error))


def _plain(line: str, common: Common, number: int) -> PlaceOrder:
    target, _, reason = line.partition(",")
    return _row({"target": target.strip(), "reason": reason.strip()}, common, number)


def _row(cells: Mapping[str, str], common: Common, number: int) -> PlaceOrder:
    return common.from_columns({k: v for k, v in cells.items() if v}, number)


def _json(line: str, common: Common, number: int) -> PlaceOrder:
    try:
        stated = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"is no JSON object ({error}): write one object a line") from None
    if not isinstance(stated, dict):
        raise InvalidInput("is no JSON object: write one object a line")
    return common.from_object(stated, number)


def _csv_lines(text: str, common: Common) -> Iterator[Line]:
    rows = _rows(text)
    _, header = next(rows, (0, []))
    names = _named(header)
    if not _HEADING & set(names):
        raise InvalidInput(
            "the first line of a CSV file names the columns, and 'target' must be among them"
        )
    for name in names:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, 1)
            meant = f": did you mean '{near[0]}'?" if near else f": use {', '.join(COLUMNS)}"
            raise InvalidInput(f"'{shown(name)}' is no column of a bulk file{meant}")
    for number, cells in rows:
        if len(cells) > len(names):
            yield Line(number, None, f"has {len(cells)} cells, the header {len(names)}: quote them")
        else:
            yield _read(number, _row, dict(zip(names, cells, strict=False)), common)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with something in them, each with the number of its first line."""
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=_delimiter(first), strict=True)
    before = 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            stripped = [cell.strip() for cell in cells]
            if any(stripped) and not stripped[0].startswith("#"):
                yield number, stripped
    except csv.Error as error:
        raise InvalidInput(f"line {before + 1}: is no CSV ({error}): correct its quotes") from None


def _cells(line: str) -> list[str]:
    return line.split(_delimiter(line))


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=line.count)


def _named(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"').lower().replace("-", "_").replace(" ", "_") for cell in cells]
