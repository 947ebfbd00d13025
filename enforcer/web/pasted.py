# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of a bulk paste: each an address or prefix, and after a comma why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from enforcer.core.orders import BlockAddress, Direction
from enforcer.core.prefixes import format_network, parse_network
from enforcer.errors import InvalidInput
from enforcer.web.suggestions import suggestions

MOST = 5000
_LINE = re.compile(r"^\s*([^,;\t]+?)\s*(?:[,;\t]\s*(.*?)\s*)?$")
_COMMENT = "#"


@dataclass(frozen=True)
class Row:
    """One line. `target` as it will be stored, "" where the line is wrong, which `problem` says."""

    text: str
    target: str = ""
    reason: str = ""
    problem: str = ""
    code: str = ""
    meant: tuple[str, ...] = ()
    said: str = ""

    @property
    def good(self) -> bool:
        """Whether an order can be made of it."""
        return bool(self.target) and not self.problem

    def demand(self, direction: Direction) -> BlockAddress:
        """What the line asks for."""
        return BlockAddress(parse_network(self.target), direction)

    def refused(self, code: str, message: str) -> Row:
        """The same, but it cannot be ordered."""
        return replace(self, code=code, problem=message)


def rows_of(lines: Iterable[str], reason: str) -> list[Row]:
    """The lines that say something, in their order; the second of two equal targets is wrong.

    `reason` is for lines without one. Raises InvalidInput for more than `MOST` lines.
    """
    found: list[Row] = []
    seen: set[str] = set()
    for line in lines:
        text = line.strip().strip('"')
        if not text or text.startswith(_COMMENT):
            continue
        row = _row(text, reason)
        if row.good and row.target in seen:
            row = row.refused("twice", f"{row.target} is in the list twice: take one out")
        seen.add(row.target)
        found.append(row)
    if len(found) > MOST:
        raise InvalidInput(f"{len(found):,} lines, and {MOST:,} can be pasted: import a list")
    return found


def _row(text: str, reason: str) -> Row:
    matched = _LINE.match(text)
    address, stated = (matched[1], matched[2] or "") if matched else (text, "")
    row = Row(text, reason=stated or reason)
    try:
        row = replace(row, target=format_network(parse_network(address)))
    except InvalidInput as error:
        meant = (f"{one},{stated}" if stated else one for one in suggestions(address))
        return replace(row, problem=str(error), meant=tuple(meant))
    if not row.reason:
        return row.refused("reason", "says no reason: write one after a comma, or one for all")
    return row
