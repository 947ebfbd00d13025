# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines on their way to the box: one by one where one decides what the next means, else in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from drivers._ssh.terminal import Terminal
from drivers.cisco_ios.steps import Sections, Stage, Step, Where
from enforcer.errors import CommandRejected

_BULK = frozenset(
    {
        Stage.GROUP,
        Stage.RECORD,
        Stage.ROUTE,
        Stage.ACE,
        Stage.UNACE,
        Stage.UNROUTE,
        Stage.UNRECORD,
        Stage.SHRINK,
    }
)
"""What means nothing in any other mode, so that lines behind a refused header do no harm."""
_FEW = 20
"""So many lines go one by one all the same."""
LINE_TIMEOUT = 30.0
CHUNK_TIMEOUT = 120.0


class Sending:
    """The lines of one batch. `done`: those that it took, or may have taken, in order."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.done: list[Step] = []

    def send(self, steps: Sequence[Step]) -> None:
        """In configuration mode. Raises LineRejected at the first refusal that matters."""
        for (bulk, lenient), some in groupby(steps, key=lambda s: (s.stage in _BULK, s.lenient)):
            found = list(some)
            if not bulk or len(found) <= _FEW:
                self._enter(found)
            else:
                self._paste(found, lenient)

    def _paste(self, steps: Sequence[Step], lenient: bool) -> None:
        self.done += steps
        try:
            self._terminal.paste(list(flat(s.where for s in steps)), timeout=CHUNK_TIMEOUT)
        except CommandRejected:
            if not lenient:
                raise
            # The rest of them, one by one: those that were done already are refused again.
            self._enter(steps)

    def _enter(self, steps: Sequence[Step]) -> None:
        for sections, some in groupby(steps, key=lambda step: step.sections):
            self._open(sections)
            for step in some:
                self._line(step)
            self._terminal.enter(*["exit"] * len(sections), timeout=LINE_TIMEOUT)

    def _open(self, sections: Sections) -> None:
        self._terminal.enter(*sections, timeout=LINE_TIMEOUT)

    def _line(self, step: Step) -> None:
        try:
            self._terminal.enter(step.line, timeout=LINE_TIMEOUT)
        except CommandRejected:
            if not step.lenient:
                raise
        self.done.append(step)


def take_back(terminal: Terminal, places: Sequence[Where]) -> None:
    """Undo by hand, from any level of configuration mode; a refusal is passed over: whatever
    stands then is found by reading."""
    for sections, some in groupby(places, key=lambda place: place[0]):
        for line in (*sections, *(line for _, line in some), *["exit"] * len(sections)):
            try:
                terminal.enter(line, timeout=LINE_TIMEOUT)
            except CommandRejected:
                continue


def flat(places: Iterator[Where]) -> Iterator[str]:
    """Lines for one paste: every section is left, so that no line is ever taken for another's."""
    for sections, some in groupby(places, key=lambda place: place[0]):
        yield from sections
        yield from (line for _, line in some)
        yield from ["exit"] * len(sections)
