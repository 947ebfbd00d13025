# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever goes wrong between us and a device: nothing is claimed, and the next pass repairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.orders import BlockAddress, Direction
from enforcer.core.plan import Trait
from enforcer.core.rules import Actual
from enforcer.core.status import Status
from enforcer.driver_api import Applied
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
    StorageError,
)
from tests.fakes.clock import FakeClock
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import Desk, a_member, block

FAILURES = [
    (Point.CONNECT, DeviceUnreachable),
    (Point.CONNECT, AuthenticationFailed),
    (Point.CONNECT, DeviceBusy),
    (Point.READ, DeviceUnreachable),
    (Point.READ, ParseFailed),
    (Point.STAGE, DeviceUnreachable),
    (Point.STAGE, CommandRejected),
    (Point.STAGED, DeviceUnreachable),
    (Point.READ_BACK, DeviceUnreachable),
    (Point.READ_BACK, ParseFailed),
    (Point.CONFIRM, DeviceUnreachable),
]


@pytest.mark.parametrize(("at", "failure"), FAILURES)
def test_a_failure_claims_nothing_and_the_next_pass_repairs(
    desk: Desk, at: Point, failure: type[DeviceError]
) -> None:
    order = desk.place()
    desk.box().faults.fail(at, failure)
    with pytest.raises(failure):
        desk.run()
    assert desk.status(order) is not Status.ENFORCED
    assert desk.reconciler().proof is None
    assert desk.open_intents() == []
    assert desk.run().outcome in (Outcome.APPLIED, Outcome.CLEAN)
    assert desk.drops()


@pytest.mark.parametrize(("at", "failure"), [pair for pair in FAILURES if pair[0] != Point.CONNECT])
def test_a_failure_half_way_through_a_change_is_repaired(
    desk: Desk, at: Point, failure: type[DeviceError]
) -> None:
    old = desk.place(block("198.51.100.0/28"))
    desk.run()
    desk.change(old, lift=True)
    desk.place()
    desk.box().faults.fail(at, failure)
    with pytest.raises(failure):
        desk.run()
    desk.run()
    assert desk.drops() and not desk.drops("198.51.100.8")
    assert desk.open_intents() == []


def test_a_failure_while_writing_is_recorded(desk: Desk) -> None:
    order = desk.place()
    desk.box().faults.fail(Point.STAGED, DeviceUnreachable)
    with pytest.raises(DeviceUnreachable):
        desk.run()
    assert desk.results() == ["unknown"]
    facts = desk.facts()
    assert (facts.failing_since, facts.error_code) == (desk.clock.now(), "DeviceUnreachable")
    assert desk.status(order) is Status.FAILING
    desk.run()
    assert desk.facts().failing_since is None
    assert desk.status(order) is Status.ENFORCED


def test_failing_since_stays_where_it_began(desk: Desk) -> None:
    desk.place()
    desk.box().faults.fail(Point.STAGE, CommandRejected, times=2)
    began = desk.clock.now()
    for _ in range(2):
        with pytest.raises(CommandRejected):
            desk.run()
        desk.clock.advance(5)
    assert desk.facts().failing_since == began
    assert desk.results() == ["rejected", "rejected"]


def nothing_there(actual: Actual) -> Actual:
    return replace(actual, addresses={})


def one_missing(actual: Actual) -> Actual:
    return replace(actual, addresses=dict(list(actual.addresses.items())[1:]))


@pytest.mark.parametrize("lie", [nothing_there, one_missing])
def test_a_read_back_that_differs_is_no_proof(desk: Desk, lie: Callable[[Actual], Actual]) -> None:
    desk.place()
    desk.run()
    order = desk.place(block("198.51.100.9/32"))
    desk.box().faults.act(Point.STAGED, lambda: desk.box().faults.lie(lie))
    with pytest.raises(DeviceError, match="differs"):
        desk.quick()
    assert desk.results()[-1] == "unknown"
    assert desk.status(order) is Status.FAILING
    assert desk.reconciler().proof is None
    desk.box().faults.recover()
    assert desk.run().outcome is Outcome.APPLIED
    assert desk.status(order) is Status.ENFORCED and desk.drops("198.51.100.9")


def test_a_lying_read_back_takes_the_batch_back_where_that_can_be_done(
    make_desk: MakeDesk,
) -> None:
    clock = FakeClock()
    box = FakeDevice("edge1", clock, traits=Trait.ATOMIC | Trait.CANDIDATE)
    desk = make_desk(clock=clock, boxes=[box])
    desk.place()
    desk.run()
    before = box.table()
    desk.place(block("198.51.100.9/32"))
    box.faults.act(Point.STAGED, lambda: box.faults.lie(lambda a: replace(a, addresses={})))
    with pytest.raises(DeviceError):
        desk.quick()
    assert box.table() == before


def test_a_write_that_was_not_confirmed_is_read_back_before_it_counts(desk: Desk) -> None:
    desk.place()
    desk.run()
    order = desk.place(block("198.51.100.9/32"))
    box = desk.box()
    box.faults.confirm_with(Applied.UNKNOWN)
    box.faults.met.clear()
    assert desk.quick().outcome is Outcome.APPLIED
    assert box.faults.met[-1] is Point.READ
    assert desk.status(order) is Status.ENFORCED


def test_a_confirmation_that_took_the_batch_back_is_noticed(desk: Desk) -> None:
    desk.place()
    desk.run()
    one_batch = BlockAddress(ip_network("198.51.100.9/32"), Direction.FROM)
    order = desk.place(one_batch)
    desk.box().faults.confirm_with(Applied.ABANDONED)
    with pytest.raises(DeviceError, match="still differs"):
        desk.quick()
    assert desk.status(order) is not Status.ENFORCED
    desk.run()
    assert desk.status(order) is Status.ENFORCED and desk.drops("198.51.100.9")


@pytest.mark.parametrize("after", range(8))
def test_a_line_lost_after_any_command_is_repaired(make_desk: MakeDesk, after: int) -> None:
    clock = FakeClock()
    box = FakeDevice("edge1", clock, traits=Trait.NONE)
    desk = make_desk(clock=clock, boxes=[box])
    desk.place(block("198.51.100.0/30"))
    old = desk.place(block("198.51.100.16/30"))
    desk.run()
    desk.change(old, lift=True)
    desk.place()
    desk.place(block("198.51.100.18/32"))
    box.faults.cut_after(after)
    cut = False
    try:
        desk.run()
    except DeviceUnreachable:
        cut = True
        assert desk.results()[-1] == "unknown"
    assert cut or after > 1
    desk.run()
    assert desk.drops() and desk.drops("198.51.100.18") and not desk.drops("198.51.100.17")
    assert desk.run().outcome is Outcome.CLEAN


# -- overtaken -----------------------------------------------------------------------------


def test_a_device_that_moved_in_between_is_not_written(desk: Desk) -> None:
    desk.place()
    desk.run()
    order = desk.place(block("198.51.100.9/32"))
    desk.box().faults.act(Point.STAGE, lambda: desk.box().remove(*a_member(desk.box())))
    with pytest.raises(StaleState):
        desk.quick()
    assert not desk.drops("198.51.100.9")
    assert desk.results()[-1] == "not written"
    assert desk.facts().failing_since is None
    assert desk.status(order) is Status.ENFORCING
    facts = desk.run()
    assert facts.outcome in (Outcome.APPLIED, Outcome.REPAIRED)
    assert desk.drops() and desk.drops("198.51.100.9")


def test_overtaken_after_the_first_batch_says_so(desk: Desk) -> None:
    desk.place()
    faults = desk.box().faults
    faults.act(Point.STAGE, lambda: None)
    faults.act(Point.STAGE, lambda: desk.box().touch_foreign("table operator", "x"))
    with pytest.raises(StaleState):
        desk.run()
    assert desk.results()[-1] == "partial"


def test_unguarded_it_writes_all_the_same(desk: Desk) -> None:
    desk.place()
    for _ in range(3):
        desk.box().faults.act(Point.STAGE, lambda: desk.box().touch_foreign("operator", "x"))
    assert desk.run(guarded=False).outcome is Outcome.APPLIED
    assert desk.drops()


def test_a_stranger_who_writes_between_our_write_and_the_read_back_breaks_the_proof(
    desk: Desk,
) -> None:
    desk.place()
    desk.run()
    order = desk.place(block("198.51.100.9/32"))
    box = desk.box()
    box.faults.act(Point.STAGED, lambda: box.touch_foreign("table operator", "x"))
    assert desk.run(full=False, guarded=False).outcome is Outcome.APPLIED
    assert desk.reconciler().proof is None
    assert desk.status(order) is Status.ENFORCED


def test_a_change_next_to_a_structural_write_is_not_called_proved(desk: Desk) -> None:
    order = desk.place()
    box = desk.box()

    def tamper() -> None:
        rule, _ = a_member(box)
        box.add(rule, (1, 1))

    box.faults.act(Point.CONFIRM, lambda: None)
    box.faults.act(Point.CONFIRM, lambda: None)
    box.faults.act(Point.CONFIRM, tamper)
    desk.run()
    assert desk.reconciler().proof is None
    assert desk.status(order) is not Status.ENFORCED
    desk.run()
    assert desk.status(order) is Status.ENFORCED


# -- our own side --------------------------------------------------------------------------


def test_an_outcome_that_could_not_be_written_is_closed_by_the_next_pass(desk: Desk) -> None:
    desk.place()

    def disk_full(name: str) -> None:
        if name == "outcome-writing":
            raise StorageError("the disk is full: make room")

    desk.step = disk_full
    with pytest.raises(StorageError):
        desk.run()
    assert len(desk.open_intents()) == 1
    desk.step = lambda name: None
    assert desk.run().outcome is Outcome.CLEAN
    assert desk.open_intents() == []
    assert desk.results() == ["unknown"]


class Killed(BaseException):
    """The process ends here."""


def steps_of_a_life(desk: Desk) -> None:
    """Place, enforce, be disturbed, repair, extend, end."""
    order = desk.place(lasts=60)
    desk.place(block("198.51.100.64/26"))
    desk.run()
    desk.box().flush()
    desk.run()
    desk.change(order, lasts=90)
    desk.quick()
    desk.clock.advance(100)
    desk.quick()


def names_of_steps(make_desk: MakeDesk) -> list[str]:
    desk = make_desk()
    steps_of_a_life(desk)
    return desk.steps


def test_a_process_that_dies_at_any_step_is_put_right_by_the_next(make_desk: MakeDesk) -> None:
    names = names_of_steps(make_desk)
    assert {"intent-committed", "staged", "read-back", "outcome-committed"} <= set(names)
    for kill_at in range(len(names)):
        desk = make_desk()

        def kill(name: str, desk: Desk = desk, kill_at: int = kill_at) -> None:
            if len(desk.steps) > kill_at:
                raise Killed(name)

        desk.step = kill
        with pytest.raises(Killed):
            steps_of_a_life(desk)
        desk.step = lambda name: None
        desk.restart()
        desk.run()
        assert desk.open_intents() == [], names[kill_at]
        with desk.database.read() as reader:
            assert reader.audit.verify().ok
        assert desk.run().outcome is Outcome.CLEAN
        desk.clock.advance(200)
        desk.quick()
        assert not desk.drops() and desk.drops("198.51.100.65")
