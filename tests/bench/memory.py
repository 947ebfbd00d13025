# SPDX-License-Identifier: GPL-2.0-or-later
"""What a running controller holds in memory beside a list, and at most while it works."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from enforcer.application import Application
from enforcer.clock import SystemClock
from enforcer.core.instants import to_ms
from enforcer.core.rules import Members, Rule
from lab.installation import Controller, Installation
from tests.bench.addresses import mixed_list
from tests.bench.chapters import MEGABYTES, Chapter
from tests.bench.enforcing import ME, ROUTER, application, block_list, installed
from tests.bench.ground import Node, Say, Size
from tests.bench.tampering import await_proof
from tests.bench.whole_list import cover_of

NAME = "memory"
START, ENFORCED, PASSED = "started", "list enforced", "full pass"
REPAIRED, AGAIN = "flush repaired", "started again"
PHASES = (START, ENFORCED, PASSED, REPAIRED, AGAIN)
BARE = "bare columns"
ALONE, SERVING = "controller", "controller with server"
_DESK = '[service.web]\nlisten = "127.0.0.1:0"\n'
_MB = 1e6
_REST = 3.0

METHOD = f"""
`enforcer run` as a program, alone and with the server for API and desk in it, enforces a block list
both ways. Its resident memory (`VmRSS`, Linux) is read from outside, {_REST:g} s after each of
these, and the most that it was until then (`VmHWM`, which is set back before each): when it leads
and has read the empty router, `{START}`; when the list is imported, written and proved,
`{ENFORCED}`; after a full pass that found nothing, `{PASSED}`; after a foreign `nft flush ruleset`
was repaired, `{REPAIRED}`; and after another start of the program, with everything proved,
`{AGAIN}`. Beside it the `{BARE}`: the bytes of all rows that the router must hold, as the program
keeps them: first and last address, end, order."""


def bare_megabytes(cover: Mapping[Rule, Members]) -> float:
    """The columns of all members."""
    columns = [(m.first, m.last, m.end, m.order) for m in cover.values()]
    return sum(column.nbytes for four in columns for column in four) / _MB


class Memory:
    """Of one running controller."""

    def __init__(self, controller: Controller) -> None:
        self._place = Path("/proc") / str(controller.pid)

    def resident(self) -> float:
        """Megabytes now."""
        return self._told("VmRSS")

    def at_most(self) -> float:
        """Megabytes at most since `forget`."""
        return self._told("VmHWM")

    def forget(self) -> None:
        """Begin anew with the most that it was (proc(5): 5 to clear_refs)."""
        (self._place / "clear_refs").write_text("5")

    def _told(self, name: str) -> float:
        said = (self._place / "status").read_text(encoding="ascii")
        found = re.search(rf"^{name}:\s+(\d+) kB$", said, re.MULTILINE)
        assert found is not None, said
        return int(found[1]) * 1024 / _MB


class Phases:
    """Megabytes by phase, at its end and at most."""

    def __init__(self) -> None:
        self.resident: dict[str, float] = {}
        self.at_most: dict[str, float] = {}

    def run(self, name: str, memory: Memory, act: Callable[[], object]) -> None:
        """One phase."""
        memory.forget()
        act()
        self.note(name, memory)

    def note(self, name: str, memory: Memory) -> None:
        """The end of a phase, and what is left of it a little later."""
        self.at_most[name] = memory.at_most()
        time.sleep(_REST)
        self.resident[name] = memory.resident()


def _flushed(app: Application) -> None:
    since = datetime.now(UTC)
    Node(ROUTER).timed("nft", "flush", "ruleset")
    await_proof(app, since)


def _lived(installation: Installation, text: str) -> Phases:
    """The life of a controller beside the list `text`. Raises NoVerdict."""
    app, phases = application(installation), Phases()
    since = datetime.now(UTC)
    with Controller(installation) as controller:
        await_proof(app, since)
        memory = Memory(controller)
        phases.note(START, memory)
        phases.run(ENFORCED, memory, lambda: block_list(app, "standing", text))
        phases.run(PASSED, memory, lambda: app.device_reconcile(ME, ROUTER))
        phases.run(REPAIRED, memory, lambda: _flushed(app))
    since = datetime.now(UTC)
    with Controller(installation) as controller:
        await_proof(app, since)
        phases.note(AGAIN, Memory(controller))
    return phases


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Memory of the controller", METHOD)
    for entries in size.growth:
        text = mixed_list(entries, seed=3)
        bare = bare_megabytes(cover_of(text, to_ms(SystemClock().now())))
        for who, desk in ((ALONE, ""), (SERVING, _DESK)):
            say(f"memory beside {entries:,} entries, {who}")
            with installed(desk=desk) as installation:
                phases = _lived(installation, text)
            Node(ROUTER).nft("flush ruleset\n")
            _compared(chapter, entries, who, phases, bare)
    return chapter


def _compared(chapter: Chapter, entries: int, who: str, phases: Phases, bare: float) -> None:
    situation = f"{entries:,} entries, {who}"
    for name in PHASES:
        for what, found in ((name, phases.resident), (f"{name}, at most", phases.at_most)):
            subject = f"{who}, {what}"
            times = {subject: [found[name]], BARE: [bare]}
            grown = entries if name == REPAIRED else 0
            headline = who == SERVING and what == REPAIRED
            chapter.compare(situation, times, subject, BARE, headline, grown, MEGABYTES)
