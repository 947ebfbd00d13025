# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms that block lists come in: where in a text the entries stand.

``plain``: one a line. ``csv``: RFC 4180 with a header that names the columns. ``jsonl``: one
JSON object a line. The entries themselves are read elsewhere.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from enforcer.core.prefixes import shown
from enforcer.core.rules import Integers
from enforcer.errors import InvalidInput
from inventory.list_entries import GARBAGE, RejectedLine, plain_prefix

AUTO, PLAIN, CSV, JSONL = "auto", "plain", "csv", "jsonl"
FORMATS = (AUTO, PLAIN, CSV, JSONL)
COLUMNS = (
    "ip",
    "cidr",
    "prefix",
    "address",
    "value",
    "network",
    "ip_address",
    "src_ip",
    "dst_ip",
)
"""Columns and members that hold the entry where none is named; the first that is there."""

_ARRAY = re.compile(r"\[\s*($|[\[{\"])")
_UNCLOSED = "unexpected end of data"


@dataclass(frozen=True, eq=False, slots=True)
class Stated:
    """The entries of a text before they are read: `texts` row by row.

    `numbers`: the line of each, from 1; None: row i is line i + 1. `lines`: all of them.
    """

    texts: Sequence[str]
    numbers: Integers | None
    rejected: list[RejectedLine]
    lines: int


def stated(text: str, form: str = AUTO, column: str = "") -> Stated:
    """The entries of `text`.

    Raises InvalidInput where the form is unknown or plainly another one, where a column is
    not there, and where a quote is never closed: what follows cannot be told from the rest.
    """
    if form not in FORMATS:
        raise InvalidInput(f"no list format {shown(form)!r}: use {', '.join(FORMATS)}")
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    form = detected(lines, column) if form == AUTO else form
    if form == CSV:
        return _csv(lines, column)
    if form == JSONL:
        return _jsonl(lines, column)
    if column:
        raise InvalidInput("a plain list has no columns: leave the column out, or use csv or jsonl")
    return Stated(lines, None, [], len(lines))


def detected(lines: Sequence[str], column: str = "") -> str:
    """The form that the first line with content shows. Raises InvalidInput for a JSON array."""
    first = next((s for line in lines if (s := line.strip()) and s[0] not in "#;"), "")
    if first.startswith("{"):
        return JSONL
    if _ARRAY.match(first):
        raise InvalidInput("a JSON array: write one object a line (JSON lines) instead")
    if column:
        return CSV
    cells = [cell.strip().strip('"').lower() for cell in first.split(",")]
    heads = len(cells) > 1 and not set(COLUMNS).isdisjoint(cells)
    return CSV if heads and not any(map(plain_prefix, cells)) else PLAIN


# -- CSV -------------------------------------------------------------------------------------


class _Records:
    """Rows of a CSV text with the line that each begins in; comments and blank lines go."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._begins = True
        self.line = 0
        self._reader = csv.reader(self._feed(), strict=True)

    def _feed(self) -> Iterator[str]:
        for number, line in enumerate(self._lines, 1):
            # A line with "#" within a quoted field is no comment.
            if self._begins:
                if not line.strip() or line.startswith("#"):
                    continue
                self.line, self._begins = number, False
            yield line + "\n"

    def next(self) -> list[str] | None:
        """The next row; None: the end. Raises csv.Error for a row that is none."""
        self._begins = True
        try:
            return next(self._reader, None)
        except csv.Error as problem:
            if str(problem) == _UNCLOSED:
                raise InvalidInput(
                    f"line {self.line}: a quote is opened and never closed: what follows cannot"
                    " be read; get the list again, or mend the line"
                ) from None
            raise


def _csv(lines: Sequence[str], column: str) -> Stated:
    records = _Records(lines)
    try:
        header = records.next()
    except csv.Error as problem:
        raise InvalidInput(f"line {records.line}: the header is no CSV: {problem}") from None
    if header is None:
        return Stated([], np.zeros(0, np.int64), [], len(lines))
    at = _column(header, column)
    texts: list[str] = []
    numbers: list[int] = []
    rejected: list[RejectedLine] = []
    while True:
        try:
            row = records.next()
        except csv.Error as problem:
            line = shown(lines[records.line - 1])
            rejected.append(RejectedLine(records.line, line, f"is no CSV: {problem}"))
            continue
        if row is None:
            return Stated(texts, np.array(numbers, np.int64), rejected, len(lines))
        why = _wrong_row(row, header, at)
        if why:
            line = shown(lines[records.line - 1])
            rejected.append(RejectedLine(records.line, line, why))
        else:
            texts.append(row[at])
            numbers.append(records.line)


def _wrong_row(row: list[str], header: list[str], at: int) -> str:
    if len(row) != len(header):
        return f"has {len(row)} columns where the header has {len(header)}"
    return "" if row[at].strip() else f"has nothing in the column {shown(header[at])!r}"


def _column(header: Sequence[str], column: str) -> int:
    names = [name.strip().lower() for name in header]
    if column:
        wanted = [column.strip().lower()]
    else:
        wanted = [name for name in COLUMNS if name in names]
    for name in wanted:
        if names.count(name) > 1:
            raise InvalidInput(f"the header has the column {shown(name)!r} twice: rename one")
        if name in names:
            return names.index(name)
    have = shown(", ".join(header))
    near = get_close_matches(column, names, n=1) if column else []
    hint = f"did you mean {shown(near[0])!r}?" if near else "name the one with the addresses"
    raise InvalidInput(
        f"no column {shown(column)!r} in the header ({have}): {hint}"
        if column
        else f"which column holds the addresses? The header has {have}: {hint}"
    )


# -- JSON lines ------------------------------------------------------------------------------


class _Twice(ValueError):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Twice
    return members


def _jsonl(lines: Sequence[str], column: str) -> Stated:
    texts: list[str] = []
    numbers: list[int] = []
    rejected: list[RejectedLine] = []
    wanted = (column,) if column else COLUMNS
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        found, why = _member(line, wanted)
        if why:
            rejected.append(RejectedLine(number, shown(line), why, GARBAGE))
        else:
            texts.append(found)
            numbers.append(number)
    return Stated(texts, np.array(numbers, np.int64), rejected, len(lines))


def _member(line: str, wanted: Sequence[str]) -> tuple[str, str]:
    """The entry in a line, or why there is none."""
    try:
        members = json.loads(line, object_pairs_hook=_once)
    except _Twice:
        return "", "has a member twice: which one counts?"
    except (ValueError, RecursionError):
        return "", "is not JSON: one object a line, nothing else"
    if not isinstance(members, dict):
        return "", 'is not a JSON object: write {"ip": "192.0.2.1"}'
    name = next((name for name in wanted if name in members), None)
    if name is None:
        return "", f"has no member {shown(' or '.join(wanted))}: name the one with the address"
    found = members[name]
    if not isinstance(found, str) or not found.strip():
        return "", f"has no text in the member {shown(name)!r}"
    return found, ""
