# SPDX-License-Identifier: GPL-2.0-or-later
"""The `commit` command of the emulated Junos: its options and what it prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.emulators.juniper_junos.database import CommitFailed, Database, Editor
from lab.emulators.juniper_junos.nodes import StatementRefused
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.values import words_of

DEFAULT_MINUTES = 10
MOST_MINUTES = 65535
CHECKED = "configuration check succeeds"
COMPLETE = "commit complete"


@dataclass(frozen=True)
class Committed:
    """What `commit` printed, and whether it also leaves configuration mode."""

    text: str
    leaves: bool = False


@dataclass
class _Wanted:
    check: bool = False
    quit: bool = False
    minutes: int | None = None
    comment: str = ""


def commit_words(line: str) -> bool:
    """Whether a line commits, other than only checking."""
    words = [word.text for word in words_of(line)]
    return words[:1] == ["commit"] and words[1:2] != ["check"]


def _wanted(words: Sequence[str]) -> _Wanted:
    """The options behind `commit`; a refusal counts from the verb."""
    wanted = _Wanted()
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if word == "check":
            wanted.check = True
        elif word == "and-quit":
            wanted.quit = True
        elif word == "comment":
            if index == len(words):
                raise StatementRefused(index + 1, "missing argument.")
            wanted.comment = words[index]
            index += 1
        elif word == "confirmed":
            wanted.minutes = DEFAULT_MINUTES
            if index < len(words) and words[index].isdigit():
                wanted.minutes = int(words[index])
                index += 1
                if not 1 <= wanted.minutes <= MOST_MINUTES:
                    raise StatementRefused(index, f"Value out of range: {wanted.minutes}")
        elif word != "synchronize":
            raise StatementRefused(index, "syntax error")
    return wanted


def commit(
    database: Database, editor: Editor, words: Sequence[str], options: JunosOptions
) -> Committed:
    """Do `commit WORDS` for `editor`.

    Raises:
        StatementRefused: an unknown option.
        CommitFailed, EditRefused: see `Database.commit`.
    """
    wanted = _wanted(words)
    engines = options.routing_engines
    if wanted.check:
        return Committed(_joined(database.check(editor), _per_engine(engines, CHECKED)))
    try:
        warnings = database.commit(editor, wanted.comment, wanted.minutes)
    except CommitFailed as failure:
        raise CommitFailed(_joined(f"{engines[0]}: " if engines else "", str(failure))) from None
    armed = ""
    if wanted.minutes is not None:
        armed = (
            f"commit confirmed will be automatically rolled back in {wanted.minutes} minutes "
            "unless confirmed"
        )
    done = COMPLETE
    if engines:
        first, *others = engines
        checked = f"{first}: \n{CHECKED}"
        done = _joined(checked, _per_engine((*others, first), COMPLETE))
    text = _joined(warnings, armed, done)
    return Committed(text, wanted.quit)


def _per_engine(engines: tuple[str, ...], text: str) -> str:
    return "\n".join(f"{engine}: \n{text}" for engine in engines) if engines else text


def _joined(*parts: str) -> str:
    return "\n".join(part for part in parts if part)
