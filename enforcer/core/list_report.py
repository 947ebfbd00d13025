# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of the lines of an imported list: kept with each version, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from enforcer.errors import StorageError

MOST_LINES = 10_000
"""So many lines are kept; the totals count all."""


class ReportLine(NamedTuple):
    """One line of the source: its number, its text, a stable code and why."""

    line: int
    text: str
    code: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}: {self.reason}"


@dataclass(frozen=True)
class ListReport:
    """`rejected`: lines that are no entry, by code. `duplicates`: entries that were there.

    `withheld`: entries of which a part is protected. `lines`: the first of all of these.
    """

    rejected: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    withheld: int = 0
    lines: tuple[ReportLine, ...] = ()

    @property
    def rejected_total(self) -> int:
        """How many lines are no entry."""
        return sum(self.rejected.values())

    def __bool__(self) -> bool:
        return bool(self.rejected_total or self.duplicates or self.withheld)

    def sentence(self) -> str:
        """The totals for people."""
        parts = [f"{count} {code}" for code, count in sorted(self.rejected.items())]
        words = [f"{self.rejected_total} rejected" + (f" ({', '.join(parts)})" if parts else "")]
        words += [f"{self.duplicates} duplicate"] if self.duplicates else []
        words += [f"{self.withheld} partly withheld"] if self.withheld else []
        return ", ".join(words)

    def texts(self) -> list[str]:
        """The totals, then line by line."""
        total = self.rejected_total + self.duplicates + self.withheld
        found = [self.sentence(), *map(str, self.lines)]
        if total > len(self.lines):
            found.append(f"and {total - len(self.lines)} more that were not kept")
        return found

    def encoded(self) -> bytes:
        """As it is stored."""
        stored = {
            "rejected": dict(sorted(self.rejected.items())),
            "duplicates": self.duplicates,
            "withheld": self.withheld,
            "lines": [list(line) for line in self.lines],
        }
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":")).encode()


def decoded(stored: bytes) -> ListReport:
    """The report that `encoded` wrote. Raises StorageError for anything else."""
    try:
        found = json.loads(stored)
        lines = tuple(ReportLine(*line) for line in found["lines"])
        return ListReport(found["rejected"], found["duplicates"], found["withheld"], lines)
    except (ValueError, KeyError, TypeError) as problem:
        raise StorageError(
            "the report of this list version cannot be read: it is damaged, or was written by"
            " another version of the program"
        ) from problem
