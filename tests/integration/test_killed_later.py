# SPDX-License-Identifier: GPL-2.0-or-later
"""Killed while orders are kept and ended, the real processes lose and leave nothing.

The steps are discovered by living each phase once, so that a new step cannot go untested.
After each death the process is started again, and what was asked is asked again under the same
key: the order exists once, the kernel holds what the oracle says, and when the orders have
ended nothing remains of them, the audit chain holds, and no intent is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.integration.kill_life import Lane, Life
from tests.integration.kill_phases import (
    A,
    B,
    C,
    Phase,
    all_of,
    expiring,
    lifting,
    made_lanes,
    recovering,
    repairing,
    survived,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def lanes(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    with made_lanes(tmp_path_factory.mktemp("lives")) as made:
        yield made


@pytest.mark.parametrize("phase", [repairing, lifting, expiring, recovering])
def test_killed_at_every_step(lanes: list[Lane], phase: Phase) -> None:
    survived(lanes, phase)


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
    life.do("lift", order=life.order(f"key {B}").id)
    life.until(lambda: life.blocked(A))
    life.place(C, lasts=0.8)
    # Where a death or a busy machine took longer than that, it has ended.
    life.until(lambda: life.blocked(A, C) or life.over(f"key {C}"))
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
    with lane.life() as life:
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
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        with lane.life() as life:
            life.trace = ("-e", f"trace={call}", "-e", inject, "-o", "/dev/null")
            life_of(life)
            life.finish()
            return life.killed > 0

    unharmed = all_of(lanes, [str(number) for number in numbers], live)
    assert "1" not in unharmed
