# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration lines, each with what takes it back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

Sections = tuple[str, ...]
Where = tuple[Sections, str]
"""The headers that lead to a line, and the line."""


class Stage(IntEnum):
    """In which order lines are written: nothing is named before it is there, nothing that is
    wanted goes before what replaces it has come, and no line ever leaves anything worse."""

    MARK = auto()
    PERIOD = auto()
    GROUP = auto()
    RECORD = auto()
    FRAME = auto()
    ROUTE = auto()
    ACE = auto()
    BIND = auto()
    FILTER = auto()
    SHUT = auto()
    UNSHUT = auto()
    UNFILTER = auto()
    UNBIND = auto()
    UNACE = auto()
    UNLIST = auto()
    UNROUTE = auto()
    UNRECORD = auto()
    SHRINK = auto()
    UNGROUP = auto()
    UNPERIOD = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One line. `back`: what takes it back, in order; empty: it goes with another line's.

    `structural`: more than the members ordered depends on it. `lenient`: that the box refuses
    it is no failure, for another line may have done it already; the read-back tells.
    """

    stage: Stage
    sections: Sections
    line: str
    back: tuple[Where, ...] = ()
    structural: bool = False
    lenient: bool = False

    @property
    def where(self) -> Where:
        """Where it is written."""
        return self.sections, self.line


def ordered(steps: Iterable[Step]) -> list[Step]:
    """By stage; within one as they came."""
    return sorted(steps, key=lambda step: step.stage)


def text(places: Iterable[Where]) -> Iterator[str]:
    """Lines as a person would type them, each header once as long as its section goes on.

    An address family is left by its own word: what comes next may mean something else in it.
    """
    inside: Sections = ()
    for sections, line in (*places, ((), "")):
        if sections != inside:
            if len(inside) > 1:
                yield " " * (len(inside) - 1) + "exit-address-family"
            for depth, header in enumerate(sections):
                if depth >= len(inside) or sections[: depth + 1] != inside[: depth + 1]:
                    yield " " * depth + header
            inside = sections
        if line:
            yield " " * len(sections) + line


def backwards(steps: Sequence[Step]) -> list[Where]:
    """What takes all of them back, last first."""
    return [place for step in reversed(steps) for place in step.back]
