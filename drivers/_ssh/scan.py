# SPDX-License-Identifier: GPL-2.0-or-later
"""Understanding what comes back from a command line: echoes, prompts, refusals, syslog."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from drivers._ssh.dialect import Dialect
from drivers._ssh.noise import is_noise, without_timestamp

_AHEAD = 200
_TAIL = 4_096


def echo_of(command: str) -> re.Pattern[str]:
    """Where the device repeats `command`, after a prompt or not.

    Devices may join several spaces to one; the line must have ended, or it is half an echo.
    """
    words = r"[ \t]+".join(re.escape(word) for word in command.split())
    return re.compile(rf"(?m)(?:^|[#>])[ \t]*{words}[ \t]*\n")


def normal(line: str) -> str:
    """A line as it is compared: several spaces are one, none at the ends."""
    return " ".join(line.split())


def closes(pattern: re.Pattern[str], text: str) -> bool:
    """Whether `text` ends with something that matches; white space after it does not count."""
    start = max(0, len(text) - _TAIL)
    return any(not text[found.end() :].strip() for found in pattern.finditer(text, start))


class Prompts:
    """The prompts of one device, once its name is known."""

    def __init__(self, dialect: Dialect, host: str) -> None:
        execute, config = dialect.exec_pattern(host).pattern, dialect.config_pattern(host).pattern
        self.config = re.compile(config)
        self.any = re.compile(rf"(?:{config}|{execute})")
        self.above = dialect.above_pattern
        self._last = re.compile(rf"(?:\A|\n)[ \t]*(?:{config}|{execute})[ \t]*\n*\Z")

    def end(self, text: str) -> int | None:
        """Where the prompt begins that `text` (without noise) ends with; None: with none."""
        found = self._last.search(text, max(0, len(text) - 1_000))
        return None if found is None else found.start()

    def without_above(self, text: str) -> str:
        """`text` without the last lines that belong to the prompt below."""
        lines = text.split("\n")
        while lines and (not lines[-1].strip() or self._is_above(lines[-1])):
            lines.pop()
        return "\n".join(lines)

    def _is_above(self, line: str) -> bool:
        return self.above is not None and self.above.fullmatch(line.strip()) is not None

    def is_above(self, line: str) -> bool:
        """Whether the line belongs to a prompt below it."""
        return self._is_above(line)


class Scan:
    """What became of `lines` that were sent: fed with what comes back, in any pieces.

    `taken`: how many of them were echoed. `said`: the device's own lines. `refused`: the first
    line that the device refused, and its answer. `garbled`: the first that did not come back as
    sent, and what came. `overheard` is called with every syslog line.
    """

    def __init__(
        self,
        lines: Sequence[str],
        prompts: Prompts,
        dialect: Dialect,
        overheard: Callable[[str], None],
    ) -> None:
        self._lines = lines
        self._expected = [normal(line) for line in lines]
        self._prompts = prompts
        self._dialect = dialect
        self._overheard = overheard
        self._rest = ""
        self._prompted = ""
        self.taken = 0
        self.said: list[str] = []
        self.refused: tuple[int, str] | None = None
        self.garbled: tuple[int, str] | None = None

    def feed(self, text: str) -> None:
        """More of what came; line feeds only."""
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._line(line)

    @property
    def complete(self) -> bool:
        """Whether every line came back."""
        return self.taken == len(self._lines)

    @property
    def prompt(self) -> str:
        """The prompt that the device waits at, "" while it is busy."""
        if not self._rest.strip():
            return self._prompted
        found = self._prompts.any.fullmatch(self._rest.strip())
        return found.group() if found is not None else ""

    @property
    def in_config(self) -> bool:
        """Whether the device waits in configuration mode."""
        return self._prompts.config.fullmatch(self.prompt) is not None

    @property
    def rest(self) -> str:
        """What came of a line that has not ended."""
        return self._rest

    def _line(self, line: str) -> None:
        stripped = line.strip()
        if not stripped:
            return
        if is_noise(stripped):
            self._overheard(stripped)
            return
        prompt = self._prompts.any.match(stripped)
        if prompt is None:
            self._prompted = ""
            self._bare(line, normal(stripped))
            return
        typed = stripped[prompt.end() :].strip()
        if not typed or is_noise(typed):
            # A syslog line came to the waiting prompt: it stays the prompt, not shown again.
            self._prompted = prompt.group()
            if typed:
                self._overheard(typed)
            return
        self._prompted = ""
        self._echo(normal(typed))

    def _bare(self, line: str, text: str) -> None:
        if not self.complete and text == self._expected[self.taken]:
            self.taken += 1
        elif not (self._prompts.is_above(text) or self._is_time(text)):
            self.said.append(line.rstrip())
            if self.refused is None and self._dialect.refusal_pattern.search(text):
                self.refused = (max(0, self.taken - 1), text)

    def _is_time(self, text: str) -> bool:
        return self._dialect.timestamps and not without_timestamp(text)

    def _echo(self, typed: str) -> None:
        """A line that the device read at a prompt: the next of ours, or not as it was sent."""
        if not self.complete and typed == self._expected[self.taken]:
            self.taken += 1
            return
        if self.garbled is None:
            self.garbled = (min(self.taken, len(self._lines) - 1), typed)
        ahead = self._expected[self.taken + 1 : self.taken + _AHEAD]
        lost = ahead.index(typed) + 1 if typed in ahead else 0
        self.taken = min(len(self._lines), self.taken + lost + 1)
