# SPDX-License-Identifier: GPL-2.0-or-later
"""The phases of an order's way, and how each is lived with a death at every step."""

from __future__ import annotations

import os
import queue
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.integration.kill_life import ADDRESSES, Forks, Lane, Life

A, B, C = ADDRESSES[:3]
LANES = 2
Phase = Callable[[Life, str], None]


@contextmanager
def made_lanes(folder: Path) -> Iterator[list[Lane]]:
    """As many as there are processors, each with a namespace."""
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
    life.do("lift", order=life.order(f"key {A}").id)
    life.until(lambda: life.blocked(B))


def expiring(life: Life, step: str) -> None:
    """One of two orders ends by its time."""
    first_pass(life, "")
    for seconds in (0.8, 4.0, 20.0):
        key = f"ends after {seconds}"
        life.arm("")
        life.place(B, key=key, lasts=seconds)
        life.until(partial(_seen, life, key))
        life.arm(step)
        if not life.over(key):
            break
    life.until(lambda: life.blocked(A))


def _seen(life: Life, key: str) -> bool:
    """Whether it is in force, or was too short for that on a machine that is busy."""
    return life.blocked(A, B) or life.over(key)


def recovering(life: Life, step: str) -> None:
    """A controller finds what a dead one left open."""
    first_pass(life, "")
    life.then = step
    life.arm("staged")
    life.place(B)
    life.until(lambda: life.killed > 0)
    life.until(lambda: life.blocked(A, B))


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


def names_of(lane: Lane, phase: Phase) -> list[str]:
    """Live it once without harm: what is announced on the way."""
    with lane.life() as life:
        phase(life, "")
        life.until(lambda: EXPECTED[phase.__name__] <= set(life.steps()))
        names = sorted(set(life.settled_steps()))
        life.finish()
    return names


def survived(lanes: Sequence[Lane], phase: Phase) -> None:
    """Every step is met once more, with a death."""
    harmless = 1 if phase is recovering else 0

    def live(lane: Lane, step: str) -> bool:
        with lane.life() as life:
            phase(life, step)
            life.finish()
            return life.killed > harmless

    unharmed = all_of(lanes, names_of(lanes[0], phase), live)
    assert not unharmed & EXPECTED[phase.__name__], "the step was not met again"
