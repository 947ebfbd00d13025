# SPDX-License-Identifier: GPL-2.0-or-later
"""Few threads compute at once; who waits for something else keeps nobody out, nor who hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from enforcer.control.apart import apart, connected
from enforcer.control.case import Request
from enforcer.control.crowd import SOON, Crowd
from enforcer.control.evidence_words import heard
from enforcer.control.fleet import Fleet
from enforcer.core.status import Status
from enforcer.driver_api import Transcribed
from tests.fakes.clock import FakeClock
from tests.fakes.driver import FakeSession
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import PATIENCE, Desk, block, edge, eventually, inventory


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as made:
        yield made


class Visit:
    """A thread inside, until it is told to go on."""

    def __init__(self, crowd: Crowd, pool: ThreadPoolExecutor) -> None:
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self._crowd = crowd
        self.over = pool.submit(self._stay)

    def _stay(self) -> None:
        with self._crowd.inside():
            self.entered.set()
            assert self.go_on.wait(PATIENCE)


def waiting(crowd: Crowd, number: int) -> bool:
    return eventually(lambda: len(crowd._waiting) == number)


def test_so_many_are_inside_and_the_others_come_in_their_sequence(
    pool: ThreadPoolExecutor,
) -> None:
    crowd = Crowd(2, FakeClock())
    visits = []
    for number in range(5):
        visits.append(Visit(crowd, pool))
        assert visits[number].entered.wait(PATIENCE) if number < 2 else waiting(crowd, number - 1)
    for number in range(2, 5):
        assert not visits[number].entered.is_set()
        visits[number - 2].go_on.set()
        assert visits[number].entered.wait(PATIENCE)
    for visit in visits:
        visit.go_on.set()
        visit.over.result(PATIENCE)
    assert crowd._inside == 0


def test_who_waits_for_something_else_is_outside(pool: ThreadPoolExecutor) -> None:
    crowd = Crowd(1, FakeClock())
    seen = []
    with crowd.inside():
        with crowd.inside():
            other = Visit(crowd, pool)
            assert waiting(crowd, 1)
        seen += [other.entered.is_set(), crowd.is_inside]
        with crowd.outside():
            with crowd.outside():
                assert other.entered.wait(PATIENCE)
            seen.append(crowd.is_inside)
            other.go_on.set()
        seen.append(crowd.is_inside)
    assert seen == [False, True, False, True]
    other.over.result(PATIENCE)
    assert crowd._inside == 0


def test_an_error_leaves() -> None:
    crowd = Crowd(1, FakeClock())
    with pytest.raises(ZeroDivisionError), crowd.inside():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), crowd.inside(), crowd.outside():
        raise ZeroDivisionError
    assert crowd._inside == 0 and not crowd.is_inside


def test_who_hangs_inside_keeps_nobody_out_for_long(pool: ThreadPoolExecutor) -> None:
    clock = FakeClock()
    crowd = Crowd(2, clock)
    hanging = [Visit(crowd, pool) for _ in range(2)]
    assert all(visit.entered.wait(PATIENCE) for visit in hanging)
    late = [Visit(crowd, pool) for _ in range(3)]
    assert waiting(crowd, 3)
    for left in (2, 1, 0):
        clock.advance(SOON)
        assert waiting(crowd, left)
    for visit in (*late, *hanging):
        visit.go_on.set()
        visit.over.result(PATIENCE)
    with crowd.inside():
        assert crowd._inside == 1


@pytest.mark.parametrize(
    "at", [Point.CONNECT, Point.FINGERPRINT, Point.READ, Point.STAGE, Point.CONFIRM]
)
def test_a_device_that_does_not_answer_is_waited_for_outside(desk: Desk, at: Point) -> None:
    """Each point of a conversation as the loop has them."""
    crowd = Crowd(1)
    found: list[bool] = []
    reconciler = desk.reconciler()
    desk.place()
    desk.run()
    desk.place(block("198.51.100.9/32"))
    desk.box().faults.act(at, lambda: found.append(crowd.is_inside))
    with crowd.inside(), connected(reconciler.driver, crowd) as session:
        session.read_state()
        assert reconciler.run(session, Request("test", full=False)).added
        assert crowd.is_inside and not isinstance(session, Transcribed)
    assert found == [False]


class Told(FakeSession):
    """One that keeps a transcript."""

    def transcript(self) -> str:
        """See `Transcribed`."""
        return "said and heard"


def test_a_session_tells_what_it_told_before(desk: Desk) -> None:
    driver = desk.driver(desk.topology.devices["edge1"], desk.owner)
    assert heard(apart(Told(driver), Crowd())) == "said and heard"
    assert heard(apart(FakeSession(driver), Crowd())) == ""


def test_many_that_hang_while_they_are_asked_delay_nobody(make_desk: MakeDesk) -> None:
    names = [f"edge{number}" for number in range(12)]
    desk = make_desk(inventory(*map(edge, names)), live=True)
    held = [desk.box(name).faults.hang(Point.READ) for name in names[1:]]
    order = desk.place()
    fleet = Fleet(desk.topology.devices, desk.book, desk.means())
    fleet.start()
    try:
        assert eventually(lambda: desk.status(order, names[0]) is Status.ENFORCED)
    finally:
        for release in held:
            release.set()
        fleet.stop(PATIENCE)
