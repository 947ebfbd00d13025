# SPDX-License-Identifier: GPL-2.0-or-later
"""A command line's words, and the ways in which IOS refuses one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"\S+")


class Refusal(Exception):
    """The router does not do this line.

    Attributes:
        text: what it prints.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvalidInput(Refusal):
    """`% Invalid input detected at '^' marker.` [corpus ios/errors].

    Attributes:
        column: where the caret points, from the start of the typed line.
    """

    def __init__(self, column: int) -> None:
        super().__init__("% Invalid input detected at '^' marker.\n")
        self.column = column


class Incomplete(Refusal):
    """`% Incomplete command.` [corpus ios/errors]."""

    def __init__(self) -> None:
        super().__init__("% Incomplete command.\n")


class Ambiguous(Refusal):
    """`% Ambiguous command:` [SRC]."""

    def __init__(self, text: str) -> None:
        super().__init__(f'% Ambiguous command:  "{text}"')


class Words:
    """The words of a typed line, taken one after the other."""

    def __init__(self, text: str, start: int = 0) -> None:
        self.text = text
        self._words = [(found.group(), found.start()) for found in _WORD.finditer(text, start)]
        self._next = 0

    def __bool__(self) -> bool:
        return self._next < len(self._words)

    def peek(self) -> str:
        """The next word, or an empty one at the end."""
        return self._words[self._next][0] if self else ""

    def take(self) -> str:
        """The next word; `Incomplete` at the end."""
        if not self:
            raise Incomplete
        self._next += 1
        return self._words[self._next - 1][0]

    def accept(self, *words: str) -> str:
        """Take the next word if it is one of `words`; else an empty one."""
        if self.peek() in words and self:
            return self.take()
        return ""

    def expect(self, *words: str) -> str:
        """Take one of `words` (a unique abbreviation will do)."""
        if not self:
            raise Incomplete
        if self.peek() in words:
            return self.take()
        found = [word for word in words if word.startswith(self.peek())]
        if len(found) != 1:
            raise self.invalid()
        self.take()
        return found[0]

    def number(self, low: int, high: int) -> int:
        """Take a decimal number from `low` to `high`."""
        if not self:
            raise Incomplete
        if not self.peek().isdecimal() or not low <= int(self.peek()) <= high:
            raise self.invalid()
        return int(self.take())

    def invalid(self, back: int = 0) -> InvalidInput:
        """The refusal that points at the next word, or at the one taken `back` words ago."""
        index = self._next - back
        if index >= len(self._words):
            return InvalidInput(len(self.text))
        return InvalidInput(self._words[index][1])

    def rest(self) -> str:
        """Take everything that is left, with its inner spaces, without trailing ones."""
        if not self:
            return ""
        start = self._words[self._next][1]
        self._next = len(self._words)
        return self.text[start:].rstrip()

    def end(self) -> None:
        """Nothing more may follow."""
        if self:
            raise self.invalid()


def expand(word: str, vocabulary: Iterable[str]) -> list[str]:
    """The keywords that `word` may stand for: itself, or what it abbreviates."""
    known = vocabulary if isinstance(vocabulary, frozenset | set | dict) else set(vocabulary)
    if word in known:
        return [word]
    return sorted(keyword for keyword in known if keyword.startswith(word))
