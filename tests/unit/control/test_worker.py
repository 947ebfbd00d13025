# SPDX-License-Identifier: GPL-2.0-or-later
"""When a device is looked at, how often it is tried again, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from enforcer.control.facts import Outcome
from enforcer.control.worker import GIVEN_UP, TICK
from enforcer.core.status import Status
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceUnreachable,
    StorageError,
)
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk, Start
from tests.unit.control.desk import (
    FULL_EVERY,
    PATIENCE,
    Desk,
    a_member,
    block,
    eventually,
)


def idle(desk: Desk) -> None:
    """Wait until the worker has nothing to do."""
    assert desk.clock.sleeping(1)


def looked(desk: Desk, at: Point = Point.CONNECT) -> int:
    return desk.box().faults.met.count(at)


def test_it_begins_with_a_full_pass(desk: Desk, start: Start) -> None:
    desk.place()
    start(desk)
    assert eventually(desk.drops)


def test_an_order_is_enforced_as_soon_as_it_is_rung(desk: Desk, start: Start) -> None:
    worker = start(desk)
    idle(desk)
    order = desk.place()
    worker.wake("rung")
    assert eventually(lambda: desk.status(order) is Status.ENFORCED)


def test_it_keeps_its_conversation_open(desk: Desk, start: Start) -> None:
    worker = start(desk)
    idle(desk)
    for number in range(3):
        desk.place(block(f"198.51.100.{number}/32"))
        worker.wake("rung")
        assert eventually(lambda number=number: desk.drops(f"198.51.100.{number}"))  # type: ignore[misc]  # bound now
    assert looked(desk) == 1


def test_a_full_pass_comes_round_by_itself(desk: Desk, start: Start) -> None:
    desk.place()
    start(desk)
    assert eventually(desk.drops)
    idle(desk)
    desk.box().flush()
    desk.clock.advance(FULL_EVERY.total_seconds())
    assert eventually(desk.drops)


def test_an_event_makes_it_look_at_once_and_names_the_writer(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    desk.box().flush()
    worker.tell(DeviceEvent(EventKind.CHANGED, "table gone", "nft, pid 4711"))
    assert eventually(desk.drops)
    assert eventually(lambda: len(desk.audit("device.outcome")) == 2)
    assert "by nft, pid 4711" in str(desk.audit("device.outcome")[-1].payload["said"])


def test_writers_are_remembered_until_a_pass_succeeds(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    desk.box().flush()
    desk.box().faults.fail(Point.READ, DeviceBusy)
    worker.tell(DeviceEvent(EventKind.CHANGED, "table gone", "nft, pid 4711"))
    assert eventually(lambda: desk.facts().failing_since is not None)
    idle(desk)
    desk.clock.advance(1)
    assert eventually(desk.drops)
    assert eventually(lambda: desk.open_intents() == [])
    assert "by nft, pid 4711" in str(desk.audit("device.outcome")[-1].payload["said"])


def test_foreign_changes_that_left_ours_alone_cost_no_reading(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    readings = looked(desk, Point.READ)
    for text in "abc":
        before = desk.box().token
        desk.box().touch_foreign("table operator", text)
        worker.tell(DeviceEvent(EventKind.UNTOUCHED, "", "", before, desk.box().token))
    desk.place(block("198.51.100.9/32"))
    worker.wake("rung")
    assert eventually(lambda: desk.drops("198.51.100.9"))
    assert looked(desk, Point.READ) == readings


def test_its_own_events_wake_nobody(desk: Desk, start: Start) -> None:
    worker = start(desk)
    idle(desk)
    met = len(desk.box().faults.met)
    worker.tell(DeviceEvent(EventKind.OWN))
    worker.tell(DeviceEvent(EventKind.UNTOUCHED))
    desk.clock.advance(1)
    idle(desk)
    assert len(desk.box().faults.met) == met


def test_lost_events_mean_a_full_pass(desk: Desk, start: Start) -> None:
    worker = start(desk)
    idle(desk)
    readings = looked(desk, Point.READ)
    worker.tell(DeviceEvent(EventKind.LOST, "overflow"))
    assert eventually(lambda: looked(desk, Point.READ) == readings + 1)


# -- failures ------------------------------------------------------------------------------


def test_it_backs_off_and_recovers_and_both_are_recorded(desk: Desk, start: Start) -> None:
    order = desk.place()
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    start(desk)
    assert eventually(lambda: desk.status(order) is Status.FAILING)
    idle(desk)
    for _ in range(5):
        desk.clock.advance(60)
        idle(desk)
    tries = looked(desk)
    assert eventually(lambda: looked(desk) >= 3) and tries <= 7
    assert len(desk.audit("device.failing")) == 1
    desk.box().faults.recover()
    desk.clock.advance(60)
    assert eventually(lambda: desk.status(order) is Status.ENFORCED)
    assert eventually(lambda: len(desk.audit("device.recovered")) == 1)


def test_a_ring_does_not_shorten_the_back_off_but_a_question_does(desk: Desk, start: Start) -> None:
    desk.place()
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    worker = start(desk)
    assert eventually(lambda: desk.facts().failing_since is not None)
    idle(desk)
    tries = looked(desk)
    worker.wake("rung")
    worker.wake(TICK)
    assert not eventually_soon(lambda: looked(desk) > tries)
    desk.box().faults.recover()
    facts = worker.ask("asked for").result(PATIENCE)
    assert facts.outcome is Outcome.APPLIED and desk.drops()


def eventually_soon(so: Callable[[], bool]) -> bool:
    """A much shorter `eventually`, for what must not happen."""
    pause = threading.Event()
    return any(so() or pause.wait(0.01) for _ in range(20))


def test_refused_credentials_are_not_tried_again_and_again(desk: Desk, start: Start) -> None:
    desk.place()
    desk.box().faults.keep_failing(Point.CONNECT, AuthenticationFailed)
    worker = start(desk)
    assert eventually(lambda: desk.facts().error_code == "AuthenticationFailed")
    for _ in range(20):
        idle(desk)
        worker.wake(TICK)
        worker.wake("rung")
        desk.clock.advance(30)
    idle(desk)
    assert looked(desk) == 1
    desk.clock.advance(GIVEN_UP.total_seconds())
    assert eventually(lambda: looked(desk) == 2)
    desk.box().faults.recover()
    assert worker.ask("asked for").result(PATIENCE).outcome is Outcome.APPLIED


def test_the_asker_of_a_failing_pass_is_told(desk: Desk, start: Start) -> None:
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    facts = start(desk).ask("asked for").result(PATIENCE)
    assert facts.outcome is Outcome.FAILED and "armed by the test" in facts.error


def test_an_order_that_ends_while_its_device_is_away_is_removed_on_return(
    make_desk: MakeDesk, start: Start
) -> None:
    desk = make_desk()
    order = desk.place(lasts=60)
    worker = start(desk)
    assert eventually(lambda: desk.status(order) is Status.ENFORCED)
    idle(desk)
    desk.box().faults.keep_failing(Point.FINGERPRINT, DeviceUnreachable)
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    desk.clock.advance(61)
    worker.wake("an order ends")
    assert eventually(lambda: desk.facts().failing_since is not None)
    assert desk.drops() and desk.status(order) is Status.REMOVING
    desk.box().faults.recover()
    idle(desk)
    desk.clock.advance(20)
    assert eventually(lambda: desk.status(order) is Status.EXPIRED)
    assert desk.box().rows() == set()


# -- overtaken -----------------------------------------------------------------------------


def test_overtaken_it_tries_again_at_once(desk: Desk, start: Start) -> None:
    desk.place()
    faults = desk.box().faults
    for _ in range(2):
        faults.act(Point.STAGE, lambda: desk.box().touch_foreign("table operator", "x"))
    start(desk)
    assert eventually(desk.drops)
    assert desk.audit("device.failing") == []


def test_a_device_that_never_rests_is_written_unguarded(desk: Desk, start: Start) -> None:
    order = desk.place()
    faults = desk.box().faults
    for _ in range(30):
        faults.act(Point.STAGE, lambda: desk.box().touch_foreign("table operator", "x"))
    start(desk)
    assert eventually(lambda: desk.status(order) is Status.ENFORCED)
    assert "not written" in desk.results() and desk.results()[-1] == "applied"


def test_whoever_asked_waits_through_being_overtaken(desk: Desk) -> None:
    desk.place()
    desk.box().faults.act(Point.STAGE, lambda: desk.box().touch_foreign("table operator", "x"))
    assert desk.worker().once().outcome is Outcome.APPLIED


# -- ticks ---------------------------------------------------------------------------------


def test_a_tick_over_a_proved_device_asks_one_question(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    met = len(desk.box().faults.met)
    worker.wake(TICK)
    assert eventually(lambda: desk.box().faults.met[met:] == [Point.FINGERPRINT])


def test_a_proof_is_renewed_in_the_record_now_and_then(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    first, head = desk.facts().verified_at, desk.database.head()
    assert first is not None
    for _ in range(40):
        desk.clock.advance(1)
        worker.wake(TICK)
        idle(desk)
    assert eventually(lambda: (desk.facts().verified_at or first) > first)
    assert desk.database.head() == head


# -- the loop itself -----------------------------------------------------------------------


def test_once_makes_one_full_pass_and_hangs_up(desk: Desk) -> None:
    desk.place()
    facts = desk.worker().once()
    assert (facts.outcome, facts.full) == (Outcome.APPLIED, True)
    assert desk.drops()


def test_once_reports_a_failure(desk: Desk) -> None:
    desk.box().faults.fail(Point.READ, CommandRejected)
    assert desk.worker().once().outcome is Outcome.FAILED


def test_an_error_of_our_own_reaches_whoever_asked(desk: Desk) -> None:
    desk.place()

    def broken(name: str) -> None:
        raise StorageError("the disk is full: make room")

    desk.step = broken
    with pytest.raises(StorageError):
        desk.worker().once()


def test_a_busy_database_costs_a_second_and_writes_nothing_meanwhile(
    desk: Desk, start: Start
) -> None:
    desk.place()
    refused: list[str] = []

    def busy_once(name: str) -> None:
        if name == "intent-writing" and not refused:
            refused.append(name)
            raise StorageError("the database is busy: another process writes")

    desk.step = busy_once
    start(desk)
    assert eventually(lambda: bool(refused))
    idle(desk)
    assert not desk.drops()
    desk.clock.advance(1)
    assert eventually(desk.drops)


def test_stopping_ends_a_wait(desk: Desk, start: Start) -> None:
    worker = start(desk)
    idle(desk)
    worker.stop()
    assert worker.ask("too late").done() is False


def test_drift_that_nobody_told_of_is_found_by_the_next_tick(desk: Desk, start: Start) -> None:
    desk.place()
    worker = start(desk)
    assert eventually(desk.drops)
    idle(desk)
    desk.box().remove(*a_member(desk.box()))
    worker.wake(TICK)
    assert eventually(lambda: len(desk.box().rows()) == 2)
