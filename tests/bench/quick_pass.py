# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to know that nothing changed: a quick pass, and a controller at rest."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from drivers.nftables.netlink.socket import NftSocket
from enforcer.usecases.local import LocalApplication
from lab.installation import Controller, Installation
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ROUTER, application, block_list, installed, quiet_world
from tests.bench.full_pass import QUICK, Standing
from tests.bench.ground import Node, Say, Size, interleaved
from tests.bench.tampering import await_proof
from tests.bench.timeline import Timeline

NAME = "quick"
GENERATION = "asking for the generation"
RESTING, SECOND = "a controller at rest, processor time each second", "a second"
_MANY = 100_000
_REST = 3.0
_SETTLING = 5.0
"""Seconds after a start: what was begun then is over."""
_PROCESS_CLOCK = 2
"""CPUCLOCK_SCHED, linux/posix-timers.h: the processor time of all threads of a process."""

METHOD = f"""
A block list of so many entries stands, both ways, and nothing changes. `{QUICK}`: the pass that a
tick, each second, and whatever else rings lead to; it relies on the proof of the last full pass
where the kernel's generation is still the same. The session is open. Beside it what it cannot do
without: `{GENERATION}`, one question on an open socket.

`{RESTING}`: of `enforcer run` without the desk, its ticks
and all, looked at for {_REST:g} s a round: beside a second it is the share of one processor."""


def processor_seconds(process: int) -> float:
    """The processor time that a process has used so far, to the nanosecond.

    The clock's number is made as ``clock_getcpuclockid(3)`` does.
    """
    return time.clock_gettime(~process << 3 | _PROCESS_CLOCK)


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "A quick pass: nothing changed", METHOD)
    for entries in size.growth:
        with installed() as installation:
            say(f"a list of {entries:,} entries is enforced first")
            _passes(installation, entries, size.short, chapter, say)
            rounds = size.rounds(_MANY)
            say(f"a controller at rest, {rounds} rounds")
            _rest(installation, entries, rounds, chapter)
        Node(ROUTER).nft("flush ruleset\n")
    return chapter


def _passes(
    installation: Installation, entries: int, rounds: int, chapter: Chapter, say: Say
) -> None:
    world = quiet_world(installation)
    block_list(LocalApplication(world), "standing", mixed_list(entries, seed=2))
    standing = Standing(world, Timeline())
    with standing.session() as session, NftSocket.open(str(Node(ROUTER).netns)) as kernel:

        def asked(number: int) -> dict[str, float]:
            began = time.monotonic()
            kernel.generation()
            return {GENERATION: time.monotonic() - began}

        standing.full_pass(session)
        say(f"quick pass over {entries:,} entries, {rounds} rounds")
        runs = [lambda number: standing.quick_pass(session), asked]
        times = interleaved(rounds, runs, chapter.remarks)
    chapter.compare(f"{entries:,} entries", times, QUICK, GENERATION, True, entries)


def _rest(installation: Installation, entries: int, rounds: int, chapter: Chapter) -> None:
    app, since = application(installation), datetime.now(UTC)
    with Controller(installation) as controller:
        await_proof(app, since)
        time.sleep(_SETTLING)
        times: dict[str, list[float]] = {RESTING: [], SECOND: []}
        for _ in range(rounds):
            began, used = time.monotonic(), processor_seconds(controller.pid)
            time.sleep(_REST)
            used = processor_seconds(controller.pid) - used
            times[RESTING].append(used / (time.monotonic() - began))
            times[SECOND].append(1.0)
    chapter.compare(f"{entries:,} entries, at rest", times, RESTING, SECOND, entries=entries)
