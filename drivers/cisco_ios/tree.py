# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a configuration as sections: a header and the indented lines below it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from enforcer.errors import ParseFailed

_BANNER = re.compile(r"banner \S+ (\^?\S)")
_HEADING = re.compile(
    r"(?:Building configuration\.\.\.|Current configuration ?: .*|! .*|!|Using \d+ .*|)"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One line of the first column, and what is indented below it, indentation kept."""

    header: str
    lines: tuple[str, ...] = ()


def sections(device: str, text: str) -> Iterator[Section]:
    """The sections of a whole running configuration, in its order.

    Raises ParseFailed where it does not end in ``end``: then it is not all of it.
    """
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines or lines[-1] != "end":
        raise ParseFailed(
            device,
            "the running configuration does not end in `end`: it was cut, or this user may not"
            " see all of it; look at `show running-config` as the same user",
        )
    yield from _grouped(_without_banners(lines[:-1]))


def _without_banners(lines: list[str]) -> Iterator[str]:
    """A banner is anybody's text: it may look like configuration."""
    until = ""
    for line in lines:
        if until:
            if until in line:
                until = ""
            continue
        found = _BANNER.match(line)
        if found is None:
            yield line
        elif found[1] not in line[found.end() :]:
            until = found[1]


def _grouped(lines: Iterator[str]) -> Iterator[Section]:
    header: str | None = None
    below: list[str] = []
    for line in lines:
        if line.startswith(" ") and header is not None:
            if line.strip() != "!":
                below.append(line)
            continue
        if header is not None:
            yield Section(header, tuple(below))
        header, below = (None, []) if _HEADING.fullmatch(line) else (line, [])
    if header is not None:
        yield Section(header, tuple(below))
