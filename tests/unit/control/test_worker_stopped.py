# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that may not be written to, or in part: what its worker costs it, and what it sees."""

from __future__ import annotations

import threading

import pytest

from enforcer.control.watch import Watcher
from enforcer.control.worker import TICK
from enforcer.core.brake import PauseState
from enforcer.core.device_control import Hold
from enforcer.core.status import Status
from enforcer.core.topology import Mode
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk, Start
from tests.unit.control.desk import PATIENCE, Desk, a_member, edge, eventually, inventory
from tests.unit.control.test_worker import idle, looked

STOPPED = ["observed", "paused", "paused itself", "blind", "marked", "braked"]


@pytest.mark.parametrize("case", STOPPED)
def test_ticks_do_not_read_a_device_over_and_over(
    make_desk: MakeDesk, start: Start, case: str
) -> None:
    desk = make_desk(inventory(edge(mode=Mode.OBSERVE if case == "observed" else Mode.ENFORCE)))
    if case == "blind":
        desk.boxes["edge1"] = FakeDevice("edge1", desk.clock, tokens=False)
    if case == "paused":
        desk.pause = PauseState.PAUSED
    if case == "paused itself":
        desk.decide(paused=True)
    if case == "marked":
        desk.box().put_hold(True)
    if case == "braked":
        desk.decide(hold=Hold(desk.clock.now(), 1, desk.topology.digest, 9, "why", all=True))
    desk.place()
    worker = start(desk)
    assert eventually(lambda: looked(desk, Point.READ) > 0)
    idle(desk)
    readings = looked(desk, Point.READ)
    for _ in range(5):
        worker.wake(TICK)
        idle(desk)
        desk.clock.advance(1)
    assert looked(desk, Point.READ) == readings
    worker.wake("an order begins or ends")
    assert eventually(lambda: looked(desk, Point.READ) == readings + 1)


def test_a_marker_is_noticed_when_it_comes_and_when_it_goes(desk: Desk, start: Start) -> None:
    """By the device's own event; a proof that was carried over it would write."""
    worker = start(desk)
    watcher = Watcher(desk.reconciler().driver, worker, desk.clock)
    watching = threading.Thread(target=watcher.run, daemon=True)
    watching.start()
    try:
        assert eventually(lambda: looked(desk, Point.READ) > 0)
        idle(desk)
        desk.box().put_hold(True)
        assert eventually(lambda: desk.facts().marker)
        desk.place()
        worker.wake("rung")
        assert eventually(lambda: bool(desk.facts().held_orders))
        assert not desk.drops()
        desk.box().put_hold(False)
        assert eventually(desk.drops)
    finally:
        watcher.stop()
        watching.join(PATIENCE)


def test_a_contested_object_costs_no_reading_and_no_writing(desk: Desk, start: Start) -> None:
    order = desk.place()
    desk.run()
    rule, place = a_member(desk.box())
    for _ in range(3):
        desk.box().remove(rule, place)
        desk.run()
    worker = start(desk)
    assert eventually(lambda: desk.status(order) is Status.DRIFTED)
    idle(desk)
    readings, verified = looked(desk, Point.READ), desk.facts().verified_at
    for _ in range(5):
        desk.clock.advance(1)
        worker.wake(TICK)
        idle(desk)
    assert (looked(desk, Point.READ), desk.facts().verified_at) == (readings, verified)
