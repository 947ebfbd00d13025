# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that is not looked at though it should be is alarmed, whatever keeps it from that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.clock import SystemClock
from enforcer.control.evidence import CONTROLLER
from enforcer.control.overdue import FEW, KIND, LONGEST, MANY, Overdue
from enforcer.control.owed import Owed
from enforcer.control.worker import TICK
from enforcer.core.status import Status
from enforcer.errors import DeviceUnreachable, StorageError
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import Start
from tests.unit.control.desk import PATIENCE, Desk, block, eventually
from tests.unit.control.test_controller import rung, running

ALMOST = LONGEST - 1


def alarms(desk: Desk) -> list[str]:
    return sorted(alarm.subject for alarm in desk.alarms() if alarm.kind == KIND)


def watched(desk: Desk, **owed: Owed) -> Overdue:
    return Overdue(desk.evidence, desk.clock, lambda: owed)


def owing(desk: Desk) -> Owed:
    made = Owed()
    made.ask(desk.clock.monotonic())
    return made


def failing(desk: Desk) -> bool:
    known = desk.evidence.facts("edge1")
    return known is not None and known.failing_since is not None


def looked_at(desk: Desk, owed: Owed) -> None:
    owed.begin(desk.clock.monotonic())
    owed.end(desk.clock.monotonic())


def hang(box: FakeDevice) -> tuple[threading.Event, threading.Event]:
    """At the next batch: whether it has come to that, and what lets it go on."""
    reached, release = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        release.wait()

    box.faults.act(Point.STAGE, wait)
    return reached, release


def test_a_device_that_hangs_is_alarmed_until_it_answers(desk: Desk, start: Start) -> None:
    worker = start(desk)
    assert eventually(lambda: worker.owed.done is not None)
    overdue = watched(desk, edge1=worker.owed)
    reached, release = hang(desk.box())
    try:
        order = desk.place()
        worker.wake("rung")
        assert reached.wait(PATIENCE)
        desk.clock.advance(ALMOST)
        overdue.look()
        assert alarms(desk) == []
        desk.clock.advance(2)
        overdue.look()
        overdue.look()
        assert alarms(desk) == ["edge1"] and desk.status(order) is not Status.ENFORCED
        assert "may not be enforced there" in desk.alarms()[0].said
        assert len(desk.audit("alarm.raised")) == 1
    finally:
        release.set()
    assert eventually(lambda: desk.status(order) is Status.ENFORCED)
    assert eventually(lambda: worker.owed.since is None)
    overdue.look()
    assert alarms(desk) == []


@pytest.mark.parametrize("step", ["intent-writing", "outcome-writing"])
def test_a_device_whose_passes_cannot_be_recorded_is_alarmed(
    desk: Desk, start: Start, step: str
) -> None:
    def busy(name: str) -> None:
        if name == step:
            raise StorageError("another thread has been writing for more than 10 s: try again")

    desk.step = busy
    desk.place()
    worker = start(desk)
    overdue = watched(desk, edge1=worker.owed)
    assert eventually(lambda: step in desk.steps)
    desk.clock.advance(LONGEST + 1)
    overdue.look()
    assert alarms(desk) == ["edge1"]
    desk.step = lambda name: None
    desk.clock.advance(2)
    assert eventually(lambda: worker.owed.since is None)
    overdue.look()
    assert alarms(desk) == [] and desk.drops()


def test_a_device_that_fails_is_recorded_as_failing_instead(desk: Desk, start: Start) -> None:
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    desk.place()
    worker = start(desk)
    assert eventually(lambda: failing(desk))
    overdue = watched(desk, edge1=worker.owed)
    desk.clock.advance(LONGEST * 10)
    overdue.look()
    assert worker.owed.since is not None and alarms(desk) == []


def test_what_hung_and_then_fails_says_so_itself(desk: Desk) -> None:
    overdue = watched(desk, edge1=owing(desk))
    desk.clock.advance(LONGEST)
    overdue.look()
    assert alarms(desk) == ["edge1"]
    facts = desk.reconciler().known(
        desk.clock.now(), proved=False, error=DeviceUnreachable("edge1", "it does not answer")
    )
    desk.evidence.note("device.failing", desk.clock.now(), "edge1", "it does not answer", facts)
    overdue.look()
    assert alarms(desk) == []


def test_a_device_of_which_nobody_wants_anything_is_left_alone(desk: Desk, start: Start) -> None:
    worker = start(desk)
    assert eventually(lambda: worker.owed.done is not None)
    worker.wake(TICK)
    assert desk.clock.sleeping(1)
    desk.clock.advance(LONGEST * 0.9)
    watched(desk, edge1=worker.owed).look()
    assert alarms(desk) == []


def test_of_many_at_once_there_is_one_alarm(desk: Desk) -> None:
    owed = {f"edge{number}": owing(desk) for number in range(FEW + 1)}
    overdue = watched(desk, **owed)
    desk.clock.advance(LONGEST)
    overdue.look()
    overdue.look()
    assert alarms(desk) == [MANY] and f"{FEW + 1} devices (edge0, " in desk.alarms()[0].said
    for one in owed.values():
        looked_at(desk, one)
    overdue.look()
    assert alarms(desk) == []


def left_open(desk: Desk, *names: str) -> None:
    with desk.database.write() as work:
        for name in names:
            work.raise_alarm(KIND, CONTROLLER, at=desk.clock.now(), subject=name, said="it hangs")


def test_what_an_earlier_process_left_open_ends_with_the_first_pass(desk: Desk) -> None:
    left_open(desk, "edge1", "gone")
    owed = owing(desk)
    overdue = watched(desk, edge1=owed)
    overdue.look()
    assert alarms(desk) == ["edge1"]
    desk.clock.advance(1)
    looked_at(desk, owed)
    overdue.look()
    assert alarms(desk) == []


def test_what_cannot_be_written_is_written_at_the_next_look(desk: Desk) -> None:
    overdue = watched(desk, edge1=owing(desk))
    desk.clock.advance(LONGEST)

    def away(name: str) -> None:
        raise StorageError("the database is away")

    desk.step = away
    with pytest.raises(StorageError):
        overdue.look()
    desk.step = lambda name: None
    overdue.look()
    assert alarms(desk) == ["edge1"]


def test_a_pass_answers_what_was_asked_before_it_began() -> None:
    owed = Owed()
    owed.ask(1.0)
    owed.begin(2.0)
    owed.ask(3.0)
    assert owed.since == 1.0
    owed.end(4.0)
    assert (owed.since, owed.done) == (3.0, 4.0)
    owed.begin(5.0)
    # It failed: the next one is for the same, and for what came since.
    owed.ask(6.0)
    owed.begin(7.0)
    assert owed.since == 3.0
    owed.end(8.0)
    assert owed.since is None


class Jumping(SystemClock):
    """The machine's, which can be told that time has passed."""

    passed = 0.0

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return super().monotonic() + self.passed


def test_a_running_controller_alarms_a_device_that_hangs(new_database: Callable[[], Path]) -> None:
    clock = Jumping()
    box = FakeDevice("edge1", clock)
    desk = Desk(new_database(), boxes=[box], live=True)
    desk.time = clock
    try:
        with running(desk, tick=0.05):
            assert eventually(lambda: desk.facts().verified_at is not None)
            reached, release = hang(box)
            try:
                desk.place(block())
                rung(desk)
                assert reached.wait(PATIENCE)
                clock.passed = LONGEST
                assert eventually(lambda: alarms(desk) == ["edge1"])
            finally:
                release.set()
            assert eventually(lambda: alarms(desk) == [])
    finally:
        desk.close()
