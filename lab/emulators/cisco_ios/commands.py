# SPDX-License-Identifier: GPL-2.0-or-later
"""Matching exec commands with abbreviations, as the IOS parser does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lab.emulators.cisco_ios.words import Ambiguous, Incomplete, Words

Action = TypeVar("Action")


@dataclass(frozen=True)
class Command(Generic[Action]):
    """A command: keywords, `WORD` for any single word, a last `...` for a free rest.

    Optional trailing words are commands of their own.
    """

    pattern: str
    action: Action

    @property
    def words(self) -> list[str]:
        """The pattern's words."""
        return self.pattern.split()


def match(commands: Sequence[Command[Action]], text: str) -> tuple[Action, list[str]]:
    """The command that `text` stands for, with the words taken for `WORD` and the rest.

    Raises:
        InvalidInput, Incomplete, Ambiguous: as the router says it.
    """
    words = Words(text)
    candidates = list(commands)
    taken: list[str] = []
    position = 0
    while words:
        word = words.peek()
        at = [
            (command, command.words[position])
            for command in candidates
            if len(command.words) > position
        ]
        free = [command for command, keyword in at if keyword == "..."]
        keywords = {keyword for _, keyword in at if keyword not in ("WORD", "...")}
        exact = {keyword for keyword in keywords if keyword == word.lower()}
        found = exact or {keyword for keyword in keywords if keyword.startswith(word.lower())}
        if len(found) > 1:
            raise Ambiguous(text.strip())
        if found:
            candidates = [command for command, keyword in at if keyword in found]
            words.take()
        elif any(keyword == "WORD" for _, keyword in at):
            candidates = [command for command, keyword in at if keyword == "WORD"]
            taken.append(words.take())
        elif free:
            return free[0].action, [*taken, words.rest()]
        else:
            raise words.invalid()
        position += 1
    for command in candidates:
        if len(command.words) == position:
            return command.action, taken
        if command.words[position:] == ["..."]:
            return command.action, [*taken, ""]
    raise Incomplete
