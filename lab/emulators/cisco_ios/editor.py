# SPDX-License-Identifier: GPL-2.0-or-later
"""One session's way through the configuration modes; every accepted line is live at once."""

from __future__ import annotations

import re

from lab.emulators.cisco_ios.configuration import Configuration, Quirks
from lab.emulators.cisco_ios.edit_global import global_line
from lab.emulators.cisco_ios.edit_interface import interface_line
from lab.emulators.cisco_ios.edit_lists import acl_line, group_line, time_range_line
from lab.emulators.cisco_ios.edit_section import section_line
from lab.emulators.cisco_ios.modes import GLOBAL_MODE, Mode
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.cisco_ios.vocabulary import GENERIC
from lab.emulators.cisco_ios.words import Refusal, Words

_BANNER = re.compile(
    r"banner\s+(?:motd|login|exec|incoming|slip-ppp|prompt-timeout|config-save)\s+(\^C|\S)(.*)$"
)
_SHOWN = re.compile(
    r"(Building configuration|Current configuration|Configuration of Part|Using \d+ )"
)
_NESTED_PROMPTS = {"config-router": "config-router-af", "config-vrf": "config-vrf-af"}


class Editor:
    """Lines typed in configuration mode.

    Args:
        configuration: what they change.
        literal: the lines come from a box's own configuration: physical interfaces come into
            being, `no ...` lines are kept.
    """

    def __init__(self, configuration: Configuration, *, literal: bool = False) -> None:
        self.configuration = configuration
        self.mode = GLOBAL_MODE
        self._literal = literal
        self._banner: tuple[str, str] | None = None

    @property
    def in_banner(self) -> bool:
        """True while lines are a banner's text."""
        return self._banner is not None

    def line(self, text: str) -> None:
        """Do one line; it changes the configuration and the mode, or `Refusal`."""
        if self._banner is not None:
            self._banner_line(text)
            return
        words = Words(text)
        if not words or words.peek().startswith("!"):
            return
        if words.peek() == "banner":
            self._start_banner(text)
            return
        negated = bool(words.accept("no"))
        inside = self._inside(words, text)
        if inside:
            self._section(words, text, negated=negated)
        elif words.peek() in ("exit-address-family", "exit-vrf"):
            self._leave(words)
            return
        else:
            self.mode = global_line(
                self.configuration, words, negated=negated, literal=self._literal
            )
        self.configuration.generation += 1

    def leave(self) -> bool:
        """`exit`: up by one mode; False in global mode, where it ends the configuration."""
        if self.mode.kind == "global":
            return False
        self.mode = self.above()
        return True

    def above(self) -> Mode:
        """The mode that `exit` leads to."""
        if len(self.mode.path) < 2:
            return GLOBAL_MODE
        prompt = next(
            (outer for outer, inner in _NESTED_PROMPTS.items() if inner == self.mode.prompt),
            self.mode.prompt,
        )
        return Mode("section", prompt, path=self.mode.path[:-1])

    def _leave(self, words: Words) -> None:
        if self.mode.kind != "section":
            raise words.invalid()
        if len(self.mode.path) > 1:
            self.mode = self.above()

    def _inside(self, words: Words, text: str) -> bool:
        if self.mode.kind == "global":
            return False
        if words.peek() in ("exit-address-family", "exit-vrf"):
            return False
        if self._literal and text[:1] == " ":
            return True
        left = text.split()
        return self.mode.owns(left[1:] if left[0] == "no" else left)

    def _section(self, words: Words, text: str, *, negated: bool) -> None:
        mode, configuration = self.mode, self.configuration
        if mode.kind == "acl":
            acl_line(configuration, mode, words, negated=negated)
        elif mode.kind == "group":
            group_line(configuration, mode, words, negated=negated)
        elif mode.kind == "time-range":
            time_range_line(configuration, mode, words, negated=negated)
        elif mode.kind == "interface":
            if mode.name not in configuration.interfaces:
                # Somebody else, or a rollback, took it away under this session.
                raise words.invalid(back=int(negated))
            interface_line(configuration, mode, words, negated=negated, literal=self._literal)
        else:
            section_line(configuration, mode, words, negated=negated, literal=self._literal)
            if not negated:
                self._enter_nested(" ".join(text.split()))

    def _enter_nested(self, text: str) -> None:
        """A line of a section that opens a section inside."""
        outer = self.mode.path[0]
        for header, _, nested in GENERIC:
            if outer == header or outer.startswith(f"{header} "):
                if any(text == inner or text.startswith(f"{inner} ") for inner in nested):
                    prompt = _NESTED_PROMPTS.get(self.mode.prompt, self.mode.prompt)
                    base = self.mode.path[:1]
                    self.mode = Mode("section", prompt, path=(*base, text))
                return

    # ------------------------------------------------------------ banners

    def _start_banner(self, text: str) -> None:
        found = _BANNER.match(text.strip())
        if not found:
            raise Words(text).invalid()
        delimiter, rest = found.groups()
        self.mode = GLOBAL_MODE
        self._banner = delimiter, text.strip()
        if delimiter in rest:
            self._end_banner()

    def _banner_line(self, text: str) -> None:
        assert self._banner is not None
        delimiter, before = self._banner
        self._banner = delimiter, f"{before}\n{text}"
        if delimiter in text:
            self._end_banner()

    def _end_banner(self) -> None:
        assert self._banner is not None
        text, self._banner = self._banner[1], None
        kind = text.split()[1]
        lines = self.configuration.root.lines
        for old in [old for old in lines if old.startswith(f"banner {kind} ")]:
            del lines[old]
        lines[text] = Section(text)
        self.configuration.generation += 1


def parse(text: str, quirks: Quirks) -> Configuration:
    """A configuration from the text that a box shows; indentation says what is inside what.

    Raises:
        ValueError: a line that the platform refuses; the message names it.
    """
    configuration = Configuration(quirks)
    editor = Editor(configuration, literal=True)
    for number, line in enumerate(text.split("\n"), 1):
        if not editor.in_banner:
            if line.strip() == "end":
                break
            if not line.strip() or _SHOWN.match(line):
                continue
            indent = len(line) - len(line.lstrip(" "))
            if line.lstrip().startswith("!"):
                continue
            while editor.mode.depth > indent:
                editor.leave()
        try:
            editor.line(line.rstrip())
        except Refusal as refusal:
            raise ValueError(f"line {number}: {line!r}: {refusal.text.strip()}") from None
    return configuration
