# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with an inventory: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from enforcer.errors import ConfigurationInvalid


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: `line` from 1 (0: the whole file), `path` as in ``devices.edge1.mode``."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class InventoryInvalid(ConfigurationInvalid):
    """The inventory cannot be used; nothing of it was loaded.

    `problems`: all of them, by file and line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        listed = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the inventory has {head}; nothing was loaded:\n{listed}")


def near(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` where something close is known, else nothing."""
    found = get_close_matches(word, list(known), n=1)
    return f"; did you mean '{found[0]}'?" if found else ""


def dotted(path: Sequence[str | int]) -> str:
    """A path for people: ``customers.cust1.prefixes[0]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
