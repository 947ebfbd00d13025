# SPDX-License-Identifier: GPL-2.0-or-later
"""Where it is measured: nodes of the lab, programs run in them, and turns taken fairly."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from lab.errors import LabCommandFailed, NoVerdict
from lab.inside import current
from lab.namespaces import join_netns
from tests.bench.ratios import turns

Say = Callable[[str], None]
Run = Callable[[int], Mapping[str, float]]
"""One turn in round `number`: seconds by what was timed. May raise NoVerdict."""

Round = Callable[[], Mapping[str, float]]
"""One whole round: seconds by what was timed. May raise NoVerdict."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `members`: what stands already; `rounds` scales with the cost.

    `growth`: so many entries, where it is measured how the cost grows with them.
    """

    members: tuple[int, ...]
    entries: int
    short: int
    medium: int
    long: int
    growth: tuple[int, ...] = (1_000, 10_000)

    def rounds(self, entries: int) -> int:
        """Of something long with so many entries."""
        few = next((n for size, n in _FEWER.items() if entries >= size), self.long)
        return min(self.long, few)


_MILLION = 1_000_000
_FEWER = {_MILLION: 3, 100_000: 5}
"""So many rounds from so many entries on."""
FULL = Size(
    members=(0, 10_000, 100_000),
    entries=100_000,
    short=200,
    medium=30,
    long=7,
    growth=(1_000, 10_000, 100_000, _MILLION),
)
QUICK = Size(members=(0, 10_000), entries=10_000, short=20, medium=5, long=2)


class Node:
    """A node's network namespace. Programs begin in it: nothing enters it on their behalf."""

    def __init__(self, name: str) -> None:
        self.netns = current().netns(name)
        self._inside = ThreadPoolExecutor(1, initializer=join_netns, initargs=(self.netns,))

    def timed(self, *command: str) -> float:
        """Run a program; the seconds from before it began until it ended.

        Raises LabCommandFailed: it said no.
        """
        return self._inside.submit(timed, *command).result()

    def nft(self, commands: str) -> None:
        """Have nft carry out a script, untimed. Raises LabCommandFailed."""
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as script:
            script.write(commands)
            script.flush()
            self.timed("nft", "-f", script.name)


def timed(*command: str) -> float:
    """Run a program here; see `Node.timed`. Its standard output is thrown away."""
    with tempfile.TemporaryFile() as errors:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
        ]
        began = time.monotonic()
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        _, status = os.waitpid(child, 0)
        took = time.monotonic() - began
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip() or "nothing"
            raise LabCommandFailed(f"{' '.join(command[:4])} ...: {_ended(code)}: {said[:500]}")
    return took


def _ended(code: int) -> str:
    """How a program ended; one that is killed says nothing: often memory was short."""
    return f"exit code {code}" if code > 0 else f"ended by {signal.Signals(-code).name}"


def interleaved(rounds: int, runs: Sequence[Run], remarks: list[str]) -> dict[str, list[float]]:
    """Let `runs` take turns; seconds by what was timed, one per round. See `collected`."""

    def round_of(number: int) -> dict[str, float]:
        found: dict[str, float] = {}
        for which in turns(len(runs), number):
            found.update(runs[which](number))
        return found

    return collected((partial(round_of, number) for number in range(rounds)), remarks)


def collected(rounds: Iterable[Round], remarks: list[str]) -> dict[str, list[float]]:
    """Seconds by what was timed, one per round.

    A round that gives no verdict counts for none, and is remarked upon. Raises NoVerdict: none
    gave one.
    """
    times: dict[str, list[float]] = {}
    lost: list[str] = []
    for one in rounds:
        try:
            found = one()
        except NoVerdict as reason:
            lost.append(str(reason))
        else:
            for name, seconds in found.items():
                times.setdefault(name, []).append(seconds)
    if not times:
        raise NoVerdict(f"no round gave a verdict; the last one: {lost[-1]}")
    if lost:
        remarks.append(f"{len(lost)} rounds count for nothing, the last one because: {lost[-1]}")
    return times
