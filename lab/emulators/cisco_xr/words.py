# SPDX-License-Identifier: GPL-2.0-or-later
"""Abbreviated command words, refusals with a marker, and filters behind a pipe."""

from __future__ import annotations

import re
from typing import Any

Vocabulary = dict[str, Any]

_ANYTHING: Vocabulary = {}
EXEC: Vocabulary = {
    "show": {
        "running-config": None,
        "configuration": {
            "commit": {"list": None, "changes": None},
            "sessions": {"detail": _ANYTHING, "": _ANYTHING},
            "failed": None,
        },
        "access-lists": None,
        "bgp": None,
        "rpl": {"prefix-set": None, "route-policy": None},
        "version": None,
        "clock": None,
        "users": None,
        "privilege": None,
    },
    "terminal": {"length": None, "width": None, "monitor": None, "exec": {"prompt": None}},
    "configure": {"terminal": _ANYTHING, "exclusive": _ANYTHING, "": _ANYTHING},
    "clear": {"bgp": None, "access-list": None, "counters": None},
    "rollback": {"configuration": {"last": None, "to": None}},
    "exit": _ANYTHING,
    "logout": _ANYTHING,
    "quit": _ANYTHING,
}
CONFIGURATION: Vocabulary = {
    "show": {
        "running-config": None,
        "configuration": {
            "": _ANYTHING,
            "merge": _ANYTHING,
            "failed": None,
            "commit": {"list": None, "changes": None},
        },
    },
    "commit": None,
    "abort": _ANYTHING,
    "clear": _ANYTHING,
    "end": _ANYTHING,
    "exit": _ANYTHING,
    "root": _ANYTHING,
    "do": None,
    "pwd": _ANYTHING,
}


class Refused(Exception):
    """The command line is refused.

    Attributes:
        word: position of the offending word.
        text: the router's words; they decide whether a marker stands above.
    """

    def __init__(self, word: int, text: str = "% Invalid input detected at '^' marker.") -> None:
        super().__init__(text)
        self.word = word
        self.text = text


def expand(words: list[str], vocabulary: Vocabulary) -> tuple[tuple[str, ...], list[str]]:
    """Full keywords of an abbreviated command, and the words behind them.

    Raises:
        Refused: an unknown, ambiguous or missing word.
    """
    known: list[str] = []
    here: Vocabulary | None = vocabulary
    for position, word in enumerate(words):
        if here is None:
            return tuple(known), words[position:]
        keyword = _keyword(word, here, position)
        known.append(keyword)
        here = here[keyword]
    if here and "" not in here:
        raise Refused(len(words), "% Incomplete command.")
    return tuple(known), []


def _keyword(word: str, here: Vocabulary, position: int) -> str:
    if word in here and word:
        return word
    found = [keyword for keyword in here if keyword and keyword.startswith(word)]
    if not found:
        raise Refused(position)
    if len(found) > 1:
        raise Refused(position, f"% Ambiguous command:  {word!r}".replace("'", '"'))
    return found[0]


def marked(prompt: str, text: str, refusal: Refused) -> str:
    """What the router prints: the marker under the offending word [LIVE]."""
    if "marker" not in refusal.text:
        return refusal.text
    starts = [found.start() for found in re.finditer(r"\S+", text)]
    at = starts[refusal.word] if refusal.word < len(starts) else len(text.rstrip())
    return f"{' ' * (len(prompt) + at)}^\n{refusal.text}"


def piped(output: str, filters: str) -> str:
    """`output` behind `| include X`, `exclude`, `begin` or `utility wc -l`.

    Raises:
        Refused: another filter.
    """
    word, _, rest = filters.strip().partition(" ")
    if word in ("utility",) and rest.split() == ["wc", "-l"]:
        return str(output.count("\n") + (not output.endswith("\n")))
    kind = next((k for k in ("include", "exclude", "begin") if word and k.startswith(word)), "")
    try:
        pattern = re.compile(rest.strip().strip('"'))
    except re.error as problem:
        raise Refused(0) from problem
    lines = output.split("\n")
    if kind == "include":
        return "\n".join(line for line in lines if pattern.search(line))
    if kind == "exclude":
        return "\n".join(line for line in lines if not pattern.search(line))
    if kind == "begin":
        first = next((i for i, line in enumerate(lines) if pattern.search(line)), len(lines))
        return "\n".join(lines[first:])
    raise Refused(0)
