# SPDX-License-Identifier: GPL-2.0-or-later
"""Structural changes of many routers: one, a tenth, the rest; and none after one that was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.control.facts import Outcome
from enforcer.control.fleet import Fleet
from enforcer.control.rollout import HALTED, Rollout
from enforcer.control.worker import IDLE_SECONDS, TICK
from enforcer.core.drift import Drift
from enforcer.core.orders import Scope
from enforcer.core.plan import Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.status import Status
from enforcer.core.topology import Device, MaintenanceWindow
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceError,
    DeviceUnreachable,
    StaleState,
    StorageError,
)
from tests.fakes.driver import FakeDriver
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, Desk, block, edge, eventually, inventory

NAMES = tuple(f"r{number:02}" for number in range(1, 31))


class Waves:
    """A rollout, and who was woken by it."""

    def __init__(self, desk: Desk) -> None:
        self.woken: list[str] = []
        self.rollout = Rollout(desk.evidence, desk.clock, self._wake)

    def _wake(self, names: Iterable[str], reason: str) -> None:
        self.woken += names

    def admitted(self, names: Iterable[str] = NAMES) -> list[str]:
        return [name for name in names if not self.rollout.admit(name)]

    def prove(self, names: Iterable[str]) -> None:
        for name in names:
            self.rollout.finished(name, proved=True)


@pytest.fixture
def waves(desk: Desk) -> Waves:
    return Waves(desk)


def test_one_then_a_tenth_then_the_rest(waves: Waves) -> None:
    first = waves.admitted()
    assert first == ["r01"] and not waves.woken
    waves.prove(first)
    assert waves.woken == list(NAMES[1:])
    second = waves.admitted(NAMES[1:])
    assert second == ["r02", "r03", "r04"]
    waves.prove(second[:2])
    assert waves.admitted(NAMES[4:]) == [], "all of the tenth must have proved it"
    waves.prove(second[2:])
    assert waves.admitted(NAMES[4:]) == list(NAMES[4:])
    waves.prove(NAMES[4:])
    assert waves.admitted() == ["r01"], "the next change begins with one again"


def test_one_that_is_asked_again_is_still_admitted(waves: Waves) -> None:
    assert waves.admitted(["r01", "r01", "r02"]) == ["r01", "r01"]
    assert "r01" in waves.rollout.admit("r02")


def test_a_lost_router_halts_the_rollout_until_a_person_has_looked(desk: Desk) -> None:
    waves = Waves(desk)
    assert waves.admitted() == ["r01"]
    waves.rollout.finished("r01", proved=False, failure="r01: its neighbors are gone")
    assert not waves.woken and waves.admitted() == []
    assert "neighbors are gone" in waves.rollout.admit("r02")
    assert [(a.kind, a.subject) for a in desk.alarms()] == [(HALTED, "r01")]
    again = Waves(desk)
    assert again.admitted() == [], "a new process is halted, too"
    with desk.database.write() as work:
        work.clear_alarm(HALTED, ANN, at=desk.clock.now(), subject="r01", why="looked")
    assert waves.admitted() == ["r01"]


def test_a_refusal_that_changed_nothing_lets_another_one_be_the_first(waves: Waves) -> None:
    assert waves.admitted() == ["r01"]
    waves.rollout.finished("r01", proved=False)
    assert waves.woken and waves.admitted(NAMES[1:]) == ["r02"]


def test_who_no_longer_asks_is_not_waited_for(desk: Desk) -> None:
    waves = Waves(desk)
    assert waves.admitted() == ["r01"]
    desk.clock.advance(400)
    waves.prove(["r01"])
    assert waves.admitted(NAMES[1:5]) == ["r02"], "a tenth of the four that are left is one"


# -- passes ----------------------------------------------------------------------------------


class Router(FakeDriver):
    """A fake that is reached by login, and binds something with its first member."""

    @property
    def traits(self) -> Trait:
        return super().traits | Trait.REMOTE

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        first = not actual.addresses
        batches = tuple(replace(batch, structural=first) for batch in made.batches)
        return Plan(batches, made.native, made.undo)


class Routers(Desk):
    """A desk of them."""

    def driver(self, device: Device, owner: Owner) -> FakeDriver:
        return Router(self.boxes[device.name], owner, batch_size=3)


@pytest.fixture
def routers(new_database: Callable[[], Path]) -> Iterator[Routers]:
    """Three of them."""
    made = Routers(new_database(), inventory(*map(edge, NAMES[:3])))
    yield made
    made.close()


def test_the_others_wait_and_say_for_whom(routers: Routers) -> None:
    order = routers.place()
    rollout = Rollout(routers.evidence, routers.clock, lambda names, reason: None)
    for name in NAMES[:2]:
        routers.reconciler(name).turns.join(rollout)
    assert rollout.admit("r03") == ""
    facts = routers.run("r01")
    assert facts.outcome is Outcome.HELD and facts.again and not routers.drops(name="r01")
    assert routers.status(order, "r01") is Status.ENFORCING
    assert "until r03 proved it" in routers.sentence(order, "r01")
    rollout.finished("r03", proved=True)
    assert routers.run("r01").outcome is Outcome.APPLIED and routers.drops(name="r01")
    assert routers.status(order, "r01") is Status.ENFORCED
    assert not routers.facts("r01").waiting


@pytest.mark.parametrize(
    ("failure", "halts"), [(DeviceUnreachable, True), (DeviceError, True), (CommandRejected, False)]
)
def test_what_may_have_cut_a_router_off_halts(
    routers: Routers, failure: type[DeviceError], halts: bool
) -> None:
    routers.place()
    rollout = Rollout(routers.evidence, routers.clock, lambda names, reason: None)
    for name in NAMES[:2]:
        routers.reconciler(name).turns.join(rollout)
    routers.box("r01").faults.fail(Point.STAGE, failure)
    with pytest.raises(failure):
        routers.run("r01")
    assert bool(routers.alarms()) is halts
    assert (routers.run("r02").outcome is Outcome.HELD) is halts


def test_a_fleet_goes_through_the_waves_by_itself(routers: Routers) -> None:
    routers.place()
    fleet = Fleet(routers.topology.devices, routers.book, routers.means())
    fleet.start()
    try:
        eventually(lambda: all(routers.drops(name=name) for name in NAMES[:3]))
    finally:
        fleet.stop()


def test_outside_of_its_window_a_router_waits(make_desk: MakeDesk) -> None:
    window = MaintenanceWindow(frozenset(range(7)), 0, 1)
    device = replace(
        edge(), maintenance=(window,), options={"changes": "window", "urgent": "window"}
    )
    desk = make_desk(inventory(device))
    order = desk.place(block(), scope=Scope())
    facts = desk.run()
    assert facts.outcome is Outcome.HELD and "maintenance window" in facts.why
    assert "maintenance window" in desk.sentence(order)
    assert facts.again is not None
    desk.clock.advance(facts.again)
    assert desk.run().outcome is Outcome.APPLIED and desk.drops()


def test_a_login_that_nobody_needs_is_given_back(routers: Routers) -> None:
    """A router has few of them; the next look logs in again."""
    routers.place()
    worker = routers.worker("r01")
    thread = threading.Thread(target=worker.run)
    thread.start()
    faults = routers.box("r01").faults
    try:
        eventually(lambda: routers.drops(name="r01"))
        assert routers.clock.sleeping(1) and faults.met.count(Point.CONNECT) == 1
        routers.clock.advance(IDLE_SECONDS - 1)
        worker.wake("in use", full=True)
        eventually(lambda: faults.met.count(Point.READ) > 1)
        assert routers.clock.sleeping(1) and faults.met.count(Point.CONNECT) == 1
        routers.clock.advance(IDLE_SECONDS + 1)
        assert routers.clock.sleeping(1)
        worker.wake("needed again", full=True)
        eventually(lambda: faults.met.count(Point.CONNECT) == 2)
    finally:
        worker.stop()
        thread.join()


def test_who_lost_the_lead_does_not_confirm(routers: Routers) -> None:
    """What is bound and not confirmed rolls back by itself."""
    routers.place()
    leads = True
    routers.evidence.leads = lambda: leads

    def lose(name: str) -> None:
        nonlocal leads
        leads = leads and name != "staged"

    routers.step = lose
    with pytest.raises(StaleState, match="before the confirmation"):
        routers.run("r01")
    met = routers.box("r01").faults.met
    assert Point.STAGED in met and Point.CONFIRM not in met


# -- what does not wait with the rest ----------------------------------------------------------

WINDOW = MaintenanceWindow(frozenset(range(7)), 0, 1)


@pytest.fixture
def bulk(new_database: Callable[[], Path]) -> Iterator[Routers]:
    """A router that is written to at midnight, with one order that stands and two that wait."""
    device = replace(edge(), maintenance=(WINDOW,), options={"changes": "window"})
    made = Routers(new_database(), inventory(device))
    yield made
    made.close()


def test_a_removal_does_not_wait_with_additions(bulk: Routers) -> None:
    old = bulk.place(block("198.51.100.1/32"))
    assert bulk.run().outcome is Outcome.APPLIED, "a single order is urgent"
    for last in (2, 3):
        bulk.place(block(f"198.51.100.{last}/32"))
    assert bulk.run().outcome is Outcome.HELD
    bulk.change(old, lift=True)
    facts = bulk.run()
    assert facts.removed == 2 and facts.held and facts.again
    assert not bulk.drops("198.51.100.1") and not bulk.drops("198.51.100.2")
    assert bulk.run().outcome is Outcome.HELD


def test_a_single_new_order_does_not_wait_with_older_ones(bulk: Routers) -> None:
    waiting = [bulk.place(block(f"198.51.100.{last}/32")) for last in (2, 3)]
    assert bulk.run().outcome is Outcome.HELD
    urgent = bulk.place(block("198.51.100.9/32"))
    facts = bulk.run()
    assert facts.added == 2 and bulk.drops("198.51.100.9") and not bulk.drops("198.51.100.2")
    assert bulk.facts().held_orders == {order.number for order in waiting}
    assert bulk.run().outcome is Outcome.HELD
    assert bulk.status(urgent) is Status.ENFORCED
    assert {bulk.status(order) for order in waiting} == {Status.ENFORCING}
    assert "maintenance window" in bulk.sentence(waiting[0])


def test_a_repair_of_structure_waits_for_the_window(bulk: Routers) -> None:
    bulk.place(block("198.51.100.1/32"))
    bulk.run()
    bulk.box().put_object("rule by hand", "accept")
    assert bulk.run().outcome is Outcome.HELD
    bulk.clock.advance(12 * 3600)
    assert bulk.run().outcome is Outcome.APPLIED
    assert bulk.run().outcome is Outcome.CLEAN


# -- ticks -----------------------------------------------------------------------------------


def ticked(routers: Routers, name: str, times: int) -> list[Point]:
    """What the driver was asked in so many seconds of nothing but ticks, after a first pass."""
    worker = routers.worker(name)
    thread = threading.Thread(target=worker.run)
    thread.start()
    faults = routers.box(name).faults
    try:
        eventually(lambda: Point.READ in faults.met)
        assert routers.clock.sleeping(1)
        before = len(faults.met)
        for _ in range(times):
            routers.clock.advance(1)
            worker.wake(TICK)
            assert routers.clock.sleeping(1)
        return faults.met[before:]
    finally:
        worker.stop()
        thread.join()


def test_a_router_is_not_asked_each_second(routers: Routers) -> None:
    routers.place()
    assert ticked(routers, "r01", 30) == []


def test_a_router_that_waits_is_not_asked_each_second(bulk: Routers) -> None:
    bulk.place(block("198.51.100.1/32"))
    bulk.place(block("198.51.100.2/32"))
    assert ticked(bulk, "edge1", 30) == []
    assert not bulk.drops("198.51.100.1")


# -- how a turn may end ------------------------------------------------------------------------


def in_waves(routers: Routers) -> Rollout:
    rollout = Rollout(routers.evidence, routers.clock, lambda names, reason: None)
    for name in NAMES[:2]:
        routers.reconciler(name).turns.join(rollout)
    return rollout


def broken_at(routers: Routers, step: str, error: Exception) -> None:
    """The pass over r01 ends there."""

    def broken(name: str) -> None:
        if name == step:
            raise error

    routers.step = broken
    with pytest.raises(type(error)):
        routers.run("r01")
    routers.step = lambda name: None


def test_what_breaks_before_anything_is_written_lets_the_next_one_begin(routers: Routers) -> None:
    routers.place()
    in_waves(routers)
    broken_at(routers, "intent-writing", StorageError("the database is away"))
    assert not routers.alarms() and routers.run("r02").outcome is Outcome.APPLIED


def test_what_breaks_after_something_was_written_halts(routers: Routers) -> None:
    routers.place()
    in_waves(routers)
    broken_at(routers, "staged", ValueError("a defect"))
    assert [a.kind for a in routers.alarms()] == [HALTED]
    assert routers.run("r02").outcome is Outcome.HELD


def test_a_login_that_is_refused_after_our_change_halts(routers: Routers) -> None:
    routers.place()
    in_waves(routers)
    routers.box("r01").faults.fail(Point.CONFIRM, AuthenticationFailed)
    with pytest.raises(AuthenticationFailed):
        routers.run("r01")
    assert [a.kind for a in routers.alarms()] == [HALTED]


def test_a_login_that_broke_while_nobody_used_it_is_made_anew(routers: Routers) -> None:
    """Whoever asks is not told of it."""
    routers.place()
    worker = routers.worker("r01")
    thread = threading.Thread(target=worker.run)
    thread.start()
    faults = routers.box("r01").faults
    try:
        eventually(lambda: routers.drops(name="r01"))
        assert routers.clock.sleeping(1)
        faults.fail(Point.READ, DeviceUnreachable)
        facts = worker.ask("a person asks").result(timeout=20)
        assert facts.outcome is Outcome.CLEAN and faults.met.count(Point.CONNECT) == 2
        faults.fail(Point.READ, DeviceUnreachable, times=2)
        assert worker.ask("a person asks").result(timeout=20).outcome is Outcome.FAILED
    finally:
        worker.stop()
        thread.join()
