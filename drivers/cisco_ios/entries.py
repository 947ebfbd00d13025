# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of one access list, with or without their numbers, remarks kept to their entries.

Newer releases print a remark with the number of the entry behind it (``320 remark``, ``320
permit``); older ones print neither numbers, and only the order tells. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from drivers.cisco_ios.model import Acl, Line
from drivers.cisco_ios.words import normalised, plain
from enforcer.errors import ParseFailed

_LINE = re.compile(
    r" (?:(?:sequence )?(\d+) )?(remark|permit|deny|dynamic|evaluate|reflexive)(?: (.*))?"
)
_NUMBER_LAST = re.compile(r" ((?:permit|deny|evaluate) .*) sequence (\d+)")
UNKNOWN = 0
"""The number of an entry whose number is not known."""


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    shown: str
    remarks: tuple[str, ...]


@lru_cache(maxsize=200_000)
def _taken_apart(line: str) -> tuple[int, str, str] | None:
    """(number, remark, entry); the same lines come again with every reading."""
    found = _LINE.fullmatch(_NUMBER_LAST.sub(r" sequence \2 \1", line.rstrip()))
    if found is None:
        return None
    number = int(found[1]) if found[1] else UNKNOWN
    if found[2] == "remark":
        return number, (found[3] or "").strip(), ""
    return number, "", plain(f"{found[2]} {found[3] or ''}")


class AclLines:
    """One access list in the making."""

    def __init__(self, device: str, family: int, kind: str) -> None:
        self._device = device
        self._family = family
        self._kind = kind
        self._rows: list[_Row] = []
        self._remarks: list[tuple[int, str]] = []
        self._loose: list[tuple[int, str]] = []

    @property
    def unnumbered(self) -> bool:
        """Whether an entry came without its number."""
        return any(row.number == UNKNOWN for row in self._rows)

    def add(self, line: str) -> None:
        """The next line of the section; raises ParseFailed for what no list has."""
        found = _taken_apart(line)
        if found is None:
            raise ParseFailed(
                self._device,
                f"{line.strip()!r} in an access list is not understood: look at it on the device",
            )
        number, remark, shown = found
        if not shown:
            self._remarks.append((number, remark))
            return
        mine: tuple[str, ...] = ()
        if self._remarks:
            mine = tuple(said for at, said in self._remarks if at in (UNKNOWN, number))
            self._loose += [(at, s) for at, s in self._remarks if at not in (UNKNOWN, number)]
            self._remarks = []
        self._rows.append(_Row(number, shown, mine))

    def finished(self, name: str, shown: Sequence[tuple[int, str]] | None) -> Acl:
        """The list; `shown`: its numbers and entries by another command.

        Raises ParseFailed where entries have no number and `shown` is not about the same ones.
        """
        rows = self._with_numbers(name, shown) if self.unnumbered else self._rows
        lines = tuple(
            Line(row.number, normalised(row.shown, self._family), row.shown, row.remarks)
            for row in rows
        )
        loose = (*self._loose, *self._remarks)
        return Acl(self._family, name, self._kind, lines, loose, not self.unnumbered)

    def _with_numbers(self, name: str, shown: Sequence[tuple[int, str]] | None) -> list[_Row]:
        if self._kind == "standard" or shown is None:
            # Nothing of ours goes in there; its numbers are never needed.
            return self._rows
        texts = [normalised(row.shown, self._family) for row in self._rows]
        if [normalised(text, self._family) for _, text in shown] != texts:
            raise ParseFailed(
                self._device,
                f"the access list {name} changed while it was read, or is shown in two ways that"
                " do not agree; it is read again",
            )
        return [
            replace(row, number=number) for row, (number, _) in zip(self._rows, shown, strict=True)
        ]
