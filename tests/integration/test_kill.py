# SPDX-License-Identifier: GPL-2.0-or-later
"""Killed at every step of an order's way, the real processes lose nothing and leave nothing.

The steps are discovered by living each phase once, so that a new step cannot go untested.
After each death the process is started again, and what was asked is asked again under the same
key: the order exists once, the kernel holds what the oracle says, and when the orders have
ended nothing remains of them, the audit chain holds, and no intent is open.
"""

from __future__ import annotations

import os
import queue
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.integration.kill_life import ADDRESSES, Forks, Lane, Life

pytestmark = pytest.mark.root

A, B, C = ADDRESSES[:3]
LANES = 2
Phase = Callable[[Life, str], None]


@pytest.fixture(scope="module")
def lanes(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    """As many as there are processors, each with a namespace."""
    folder = tmp_path_factory.mktemp("lives")
    made: list[Lane] = []
    try:
        for number in range(LANES):
            name = f"kill-{os.getpid()}-{number}"
            subprocess.run(["ip", "netns", "add", name], check=True)
            made.append(Lane(name, Forks(), folder / str(number)))
        yield made
    finally:
        for lane in made:
            lane.forks.close()
            subprocess.run(["ip", "netns", "delete", lane.namespace], check=True)


# -- the phases of an order's way: lived with a step armed ("": none) --------------------------


def placing(life: Life, step: str) -> None:
    """The process at the shell."""
    life.start()
    life.arm(step)
    life.place(A)
    life.until(lambda: life.blocked(A))


def placing_alone(life: Life, step: str) -> None:
    """The process at the shell does the work itself, because no controller runs."""
    life.arm(step)
    life.place(A, role="alone")
    assert life.blocked(A)


def first_pass(life: Life, step: str) -> None:
    """A controller meets an empty device and an order."""
    life.place(A)
    life.arm(step)
    life.start()
    life.until(lambda: life.blocked(A))


def enforcing(life: Life, step: str) -> None:
    """A running controller gets one order more."""
    first_pass(life, "")
    life.arm(step)
    life.place(B)
    life.until(lambda: life.blocked(A, B))


def repairing(life: Life, step: str) -> None:
    """Somebody deletes the table."""
    first_pass(life, "")
    life.arm(step)
    life.lane.nft("delete table inet enforcer")
    life.until(lambda: life.blocked(A))


def lifting(life: Life, step: str) -> None:
    """One of two orders is lifted."""
    enforcing(life, "")
    life.arm(step)
    life.do("lift", order=life.order(A).id)
    life.until(lambda: life.blocked(B))


def expiring(life: Life, step: str) -> None:
    """One of two orders ends by its time."""
    first_pass(life, "")
    life.place(B, lasts=0.8)
    life.until(lambda: life.blocked(A, B))
    life.arm(step)
    life.until(lambda: life.blocked(A))


def recovering(life: Life, step: str) -> None:
    """A controller finds what a dead one left open."""
    first_pass(life, "")
    life.then = step
    life.arm("staged")
    life.place(B)
    life.until(lambda: life.killed > 0)
    life.until(lambda: life.blocked(A, B))


PHASES: dict[str, Phase] = {
    phase.__name__: phase
    for phase in (
        placing,
        placing_alone,
        first_pass,
        enforcing,
        repairing,
        lifting,
        expiring,
        recovering,
    )
}
EXPECTED = {
    "placing": {"placing", "placed", "committed", "ringing", "rung"},
    "placing_alone": {"committed", "reading", "staged", "read-back", "outcome-committed"},
    "first_pass": {"reading", "read", "intent-committed", "staged", "read-back"},
    "enforcing": {"intent-writing", "staging", "confirmed", "outcome-writing"},
    "repairing": {"reading", "intent-committed", "staged", "outcome-committed"},
    "lifting": {"intent-committed", "staged", "read-back", "outcome-committed"},
    "expiring": {"intent-committed", "staged", "read-back", "outcome-committed"},
    "recovering": {"orphans-writing", "orphans-committed", "staged"},
}


def names_of(lane: Lane, phase: Phase) -> list[str]:
    """Live it once without harm: what is announced on the way."""
    life = lane.life()
    phase(life, "")
    names = sorted(set(life.settled_steps()))
    life.finish()
    return names


def all_of(
    lanes: Sequence[Lane], work: Sequence[str], live: Callable[[Lane, str], bool]
) -> set[str]:
    """Live once for each word, on all lanes at the same time; those that ended in no death."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for word in work:
        waiting.put(word)
    unharmed: set[str] = set()

    def follow(lane: Lane) -> None:
        while not waiting.empty():
            try:
                word = waiting.get_nowait()
            except queue.Empty:
                return
            if not live(lane, word):
                unharmed.add(word)

    with ThreadPoolExecutor(len(lanes)) as threads:
        for done in [threads.submit(follow, lane) for lane in lanes]:
            done.result()
    return unharmed


@pytest.mark.parametrize("name", PHASES)
def test_killed_at_every_step(lanes: list[Lane], name: str) -> None:
    phase = PHASES[name]
    steps = names_of(lanes[0], phase)
    assert set(steps) >= EXPECTED[name]
    harmless = 1 if phase is recovering else 0

    def live(lane: Lane, step: str) -> bool:
        life = lane.life()
        phase(life, step)
        life.finish()
        return life.killed > harmless

    unharmed = all_of(lanes, steps, live)
    assert not unharmed & EXPECTED[name], "the step was not met again"


# -- at the N-th system call -------------------------------------------------------------------

CALLS = ("fdatasync", "sendto")
SAMPLES = 5


def whole_life(life: Life) -> None:
    """All phases in one."""
    life.place(A)
    life.start()
    life.until(lambda: life.blocked(A))
    life.place(B)
    life.until(lambda: life.blocked(A, B))
    life.lane.nft("delete table inet enforcer")
    life.until(lambda: life.blocked(A, B))
    life.do("lift", order=life.order(B).id)
    life.until(lambda: life.blocked(A))
    life.place(C, lasts=0.8)
    life.until(lambda: life.blocked(A, C))
    life.until(lambda: life.blocked(A))


def placed_under_trace(life: Life) -> None:
    """The process at the shell, under trace, with a controller that runs."""
    trace, life.trace = life.trace, ()
    life.start()
    life.trace = trace
    life.place(A)
    life.until(lambda: life.blocked(A))


def calls_of(lane: Lane, live: Callable[[Life], None], call: str) -> int:
    """How often the traced process makes `call`."""
    life = lane.life()
    record = life.folder / "calls.txt"
    life.trace = ("-e", f"trace={call}", "-o", str(record))
    live(life)
    life.finish()
    return sum(call in line and "resumed" not in line for line in record.read_text().splitlines())


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("life_of", [whole_life, placed_under_trace])
def test_killed_at_the_nth_system_call(
    lanes: list[Lane], call: str, life_of: Callable[[Life], None]
) -> None:
    count = calls_of(lanes[0], life_of, call)
    assert count
    numbers = sorted({1 + n * (count - 1) // max(SAMPLES - 1, 1) for n in range(SAMPLES)})

    def live(lane: Lane, number: str) -> bool:
        life = lane.life()
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        life.trace = ("-e", f"trace={call}", "-e", inject, "-o", "/dev/null")
        life_of(life)
        life.finish()
        return life.killed > 0

    unharmed = all_of(lanes, [str(number) for number in numbers], live)
    assert "1" not in unharmed
