# SPDX-License-Identifier: GPL-2.0-or-later
"""`load set|merge|override terminal` of the emulated Junos: many lines, one result.

Live: `terminal:LINE:(COLUMN) syntax error: WORD` with the column from 0, the lines under it in
a merge, `load complete (N errors)`; newer releases end `load set` in a bare `load complete` and
keep the good head of a bad line (see `JunosOptions`). GUESS: nothing is printed before the end
of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.emulators.juniper_junos.edits import EditRefused, activate, apply_set_line, put
from lab.emulators.juniper_junos.nodes import Node, StatementRefused
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.values import Word, words_of

DENIED = "error: permission denied"
May = Callable[[Sequence[str]], bool]


@dataclass
class Load:
    """What a load did.

    Attributes:
        changed: whether the configuration changed.
        errors: lines that were not loaded.
        printed: what Junos printed about them.
    """

    changed: bool = False
    errors: int = 0
    printed: list[str] = field(default_factory=list)

    def result(self, counted: bool) -> str:
        """Everything Junos prints, the result line last."""
        tail = f" ({self.errors} errors)" if self.errors and counted else ""
        return "\n".join([*self.printed, f"load complete{tail}"])

    def refuse(self, *lines: str) -> None:
        """One more error."""
        self.errors += 1
        self.printed += lines


def at(words: Sequence[Word], index: int) -> tuple[int, str]:
    """Column and text of the word `index`; behind the last one when it is missing."""
    if index < len(words):
        return words[index].column, words[index].text
    return (words[-1].column + len(words[-1].text), words[-1].text) if words else (0, "")


def message(refusal: StatementRefused, word: str) -> str:
    """`syntax error: WORD`, or what else is wrong with the word."""
    reason = refusal.reason.rstrip(".")
    return f"{reason}: {word}" if reason in ("syntax error", "unknown command") else reason


def load_set(root: Node, lines: Sequence[str], may: May, options: JunosOptions) -> Load:
    """Lines in set format; a bad one is not loaded, the rest is.

    Args:
        root: changed in place.
        lines: as typed; empty ones and those that begin with `#` mean nothing.
        may: whether the user may edit the statement that words (without the verb) name.
        options: for `keeps_head_of_bad_line`.
    """
    load = Load()
    for number, line in enumerate(lines, 1):
        words = words_of(line)
        if not words or words[0].text.startswith("#"):
            continue
        texts = [word.text for word in words]
        if not may(texts[1:]):
            load.refuse(DENIED)
            continue
        try:
            load.changed |= apply_set_line(root, texts)
        except StatementRefused as refusal:
            column, word = at(words, refusal.index)
            load.refuse(f"terminal:{number}:({column}) {message(refusal, word)}")
            if options.keeps_head_of_bad_line and texts[0] == "set" and refusal.index > 1:
                load.changed |= _put_head(root, texts[1 : refusal.index])
        except EditRefused as refusal:
            load.printed.append(str(refusal))
            if str(refusal).startswith("error"):
                load.errors += 1
    return load


def _put_head(root: Node, words: Sequence[str]) -> bool:
    try:
        return put(root, words)
    except StatementRefused:
        return False


@dataclass
class _Open:
    """A statement whose brace is open: its words from the top."""

    words: list[str]
    bad: bool = False


def load_braces(root: Node, lines: Sequence[str], may: May) -> Load:
    """Statements in braces, merged into `root`; a bad statement is left out with all below it."""
    load = Load()
    stack = [_Open([])]
    pending: list[Word] = []
    for number, line in enumerate(lines, 1):
        if line.strip().startswith(("#", "/*")):
            continue
        for word in words_of(line):
            if word.text == "{":
                stack.append(_open(root, stack[-1], pending, number, load, may))
                pending = []
            elif word.text == "}" and len(stack) > 1:
                stack.pop()
                pending = []
            elif word.text == ";":
                if not stack[-1].bad:
                    _put_statement(root, stack[-1], pending, number, load, may)
                pending = []
            else:
                pending.append(word)
    if len(stack) > 1 or pending:
        load.refuse(f"terminal:{len(lines) + 1}:(0) syntax error: unexpected end of input")
    return load


def _open(
    root: Node, parent: _Open, pending: list[Word], number: int, load: Load, may: May
) -> _Open:
    if parent.bad:
        return _Open([], bad=True)
    opened = _put_statement(root, parent, pending, number, load, may)
    return _Open([], bad=True) if opened is None else _Open(opened)


def _put_statement(
    root: Node, parent: _Open, pending: list[Word], number: int, load: Load, may: May
) -> list[str] | None:
    """Put one statement; its words from the top, None when it was refused."""
    inactive = bool(pending) and pending[0].text == "inactive:"
    own = pending[1:] if inactive else pending
    words = parent.words + [word.text for word in own]
    if not may(words):
        load.refuse(DENIED)
        return None
    try:
        load.changed |= put(root, words)
        if inactive:
            load.changed |= activate(root, words, inactive=True)
    except StatementRefused as refusal:
        column, word = at(own, refusal.index - len(parent.words))
        path = " ".join(["edit", *parent.words])
        statement = " ".join(word.text for word in own) + ";"
        reason = message(refusal, word)
        where = f"terminal:{number}:({column}) {reason}"
        load.refuse(where, f"  [{path}]", f"    '{statement}'", f"      {refusal.reason}")
        return None
    return words
