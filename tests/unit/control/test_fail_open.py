# SPDX-License-Identifier: GPL-2.0-or-later
"""A device whose rules vanish with it: its death is alarmed at once, and over when it is back."""

from __future__ import annotations

import pytest

from enforcer.control.fail_open import OPEN
from enforcer.core.plan import Trait
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import AuthenticationFailed, CommandRejected, DeviceError, DeviceUnreachable
from tests.fakes.faults import Point
from tests.unit.control.conftest import Start
from tests.unit.control.desk import Desk, eventually


def alarms(desk: Desk) -> list[str]:
    with desk.database.read() as reader:
        return [a.said for a in reader.alarms.open() if a.kind == OPEN]


def idle(desk: Desk) -> None:
    """Wait until the worker has nothing to do."""
    assert desk.clock.sleeping(1)


@pytest.fixture
def speaker(desk: Desk) -> Desk:
    """The desk, its device of the kind."""
    desk.box().traits |= Trait.VANISHES
    desk.place()
    return desk


def test_what_the_device_tells_of_its_end_is_enough(speaker: Desk, start: Start) -> None:
    """No clock moves: the event is followed by a look, and the look fails."""
    worker = start(speaker)
    assert eventually(speaker.drops)
    idle(speaker)
    assert not alarms(speaker)
    speaker.box().faults.fail(Point.READ, DeviceUnreachable)
    worker.tell(DeviceEvent(EventKind.LOST, "the event source ended"))
    assert eventually(lambda: bool(alarms(speaker)))
    assert "edge1" in alarms(speaker)[0] and "open" in alarms(speaker)[0]
    idle(speaker)
    speaker.clock.advance(60)
    assert eventually(lambda: not alarms(speaker))


@pytest.mark.parametrize("failure", [DeviceUnreachable, CommandRejected])
def test_it_is_raised_whether_it_is_dead_or_refuses(
    speaker: Desk, start: Start, failure: type[DeviceError]
) -> None:
    speaker.box().faults.fail(Point.STAGE, failure)
    start(speaker)
    assert eventually(lambda: bool(alarms(speaker)))
    idle(speaker)
    speaker.clock.advance(60)
    assert eventually(lambda: not alarms(speaker))


def test_a_failure_that_opens_nothing_raises_none(speaker: Desk, start: Start) -> None:
    speaker.box().faults.fail(Point.CONNECT, AuthenticationFailed)
    start(speaker)
    idle(speaker)
    assert not alarms(speaker)


def test_of_another_device_there_is_none(desk: Desk, start: Start) -> None:
    desk.place()
    desk.box().faults.fail(Point.CONNECT, DeviceUnreachable)
    start(desk)
    idle(desk)
    assert not alarms(desk)


def test_what_an_earlier_process_raised_is_cleared(speaker: Desk, start: Start) -> None:
    speaker.evidence.raise_alarm(OPEN, "edge1", speaker.clock.now(), "it was away")
    speaker.restart()
    assert alarms(speaker)
    start(speaker)
    assert eventually(lambda: not alarms(speaker))
