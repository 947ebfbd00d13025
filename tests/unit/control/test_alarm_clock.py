# SPDX-License-Identifier: GPL-2.0-or-later
"""The alarm clock rings late rather than never, and notices when the wall clock is set."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from enforcer.clock import Clock, SystemClock
from enforcer.control.alarm_clock import AlarmClock
from tests.fakes.clock import FakeClock
from tests.unit.control.desk import eventually

RARELY = 3600.0
Make = Callable[..., "Bell"]


class Bell:
    """Counts ticks; `due` is the next boundary, cleared by the tick that comes for it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ticks = 0
        self.due: datetime | None = None
        self.breaks = 0
        self.inside = threading.Lock()
        self.overlapped = False

    def tick(self) -> None:
        if not self.inside.acquire(blocking=False):
            self.overlapped = True
            return
        try:
            self.ticks += 1
            if self.due is not None and self.due <= self.clock.now():
                self.due = None
            if self.breaks:
                self.breaks -= 1
                raise RuntimeError("a defect of ours")
        finally:
            self.inside.release()

    def next(self) -> datetime | None:
        return self.due


@pytest.fixture
def start() -> Iterator[Callable[[Bell, float], AlarmClock]]:
    running: list[AlarmClock] = []

    def begin(bell: Bell, every: float) -> AlarmClock:
        alarms = AlarmClock(bell.tick, bell.next, every, bell.clock)
        alarms.start()
        running.append(alarms)
        return alarms

    yield begin
    for alarms in running:
        alarms.stop()


Start = Callable[[Bell, float], AlarmClock]


def test_it_ticks(start: Start) -> None:
    bell = Bell(SystemClock())
    start(bell, 0.02)
    assert eventually(lambda: bell.ticks >= 5)


def test_it_rings_at_a_boundary_between_ticks(start: Start) -> None:
    bell = Bell(SystemClock())
    bell.due = bell.clock.now() + timedelta(seconds=0.1)
    start(bell, RARELY)
    assert eventually(lambda: bell.ticks == 1 and bell.due is None)


def test_a_boundary_that_is_long_past_still_rings(start: Start) -> None:
    bell = Bell(SystemClock())
    bell.due = bell.clock.now() - timedelta(hours=5)
    start(bell, RARELY)
    assert eventually(lambda: bell.ticks == 1 and bell.due is None)


def test_a_boundary_that_came_nearer_rings_then(start: Start) -> None:
    bell = Bell(SystemClock())
    bell.due = bell.clock.now() + timedelta(hours=5)
    alarms = start(bell, RARELY)
    bell.due = bell.clock.now() + timedelta(seconds=0.1)
    alarms.rearm(bell.due)
    assert eventually(lambda: bell.ticks == 1)


def test_a_boundary_that_is_gone_does_not_ring(start: Start) -> None:
    bell = Bell(SystemClock())
    bell.due = bell.clock.now() + timedelta(seconds=0.2)
    alarms = start(bell, RARELY)
    bell.due = None
    alarms.rearm(bell.due)
    pause = threading.Event()
    pause.wait(0.4)
    assert bell.ticks == 0


def test_one_boundary_after_the_other(start: Start) -> None:
    bell = Bell(SystemClock())
    begin = bell.clock.now()
    instants = [begin + timedelta(seconds=0.05 * n) for n in range(1, 6)]
    rung: list[datetime] = []

    def tick() -> None:
        now = bell.clock.now()
        rung.extend(t for t in instants if t <= now and t not in rung)

    def following() -> datetime | None:
        return next((t for t in instants if t not in rung), None)

    alarms = AlarmClock(tick, following, RARELY, bell.clock)
    alarms.start()
    try:
        assert eventually(lambda: rung == instants)
    finally:
        alarms.stop()


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0, 60.0 * 365 * 86400])
def test_a_wall_clock_that_was_set_is_seen_at_once(start: Start, seconds: float) -> None:
    clock = FakeClock(SystemClock().now())
    bell = Bell(clock)
    alarms = start(bell, RARELY)
    alarms.look()
    assert bell.ticks == 0
    clock.step(seconds)
    alarms.look()
    assert bell.ticks == 1
    alarms.look()
    assert bell.ticks == 1


def test_time_that_merely_passes_is_no_step(start: Start) -> None:
    clock = FakeClock(SystemClock().now())
    bell = Bell(clock)
    alarms = start(bell, RARELY)
    clock.advance(1000)
    alarms.look()
    assert bell.ticks == 0


def test_a_tick_that_breaks_is_followed_by_the_next(start: Start) -> None:
    bell = Bell(SystemClock())
    bell.breaks = 2
    start(bell, 0.02)
    assert eventually(lambda: bell.ticks >= 5)


def test_ticks_never_overlap(start: Start) -> None:
    bell = Bell(SystemClock())
    alarms = start(bell, 0.01)
    for _ in range(50):
        bell.due = bell.clock.now()
        alarms.rearm(bell.due)
    assert eventually(lambda: bell.ticks >= 20)
    assert not bell.overlapped


def test_it_can_be_stopped_in_the_middle_of_a_tick(start: Start) -> None:
    for _ in range(30):
        bell = Bell(SystemClock())
        alarms = AlarmClock(bell.tick, bell.next, 0.001, bell.clock)
        alarms.start()
        assert eventually(lambda bell=bell: bell.ticks > 0)  # type: ignore[misc]  # bound now
        alarms.stop()
        ticks = bell.ticks
        alarms.look()
        assert bell.ticks == ticks
