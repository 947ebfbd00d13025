# SPDX-License-Identifier: GPL-2.0-or-later
"""Many devices at once: none waits for another, and a broken loop ends nobody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from enforcer.control.evidence import CONTROLLER
from enforcer.control.facts import Outcome
from enforcer.control.fleet import Fleet
from enforcer.control.once import reconcile_once
from enforcer.control.worker import TICK
from enforcer.core.brake import PauseState
from enforcer.core.status import Status
from enforcer.core.topology import Mode
from enforcer.errors import AuthenticationFailed, DeviceUnreachable, NotFound
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import PATIENCE, Desk, block, edge, eventually, inventory

NAMES = ("edge1", "edge2", "edge3")


@pytest.fixture
def many(make_desk: MakeDesk) -> Desk:
    """Three border routers."""
    return make_desk(inventory(*map(edge, NAMES)))


@pytest.fixture
def start() -> Iterator[Callable[[Desk], Fleet]]:
    """Fleets that are stopped at the end."""
    running: list[Fleet] = []

    def begin(desk: Desk) -> Fleet:
        fleet = Fleet(desk.topology.devices, desk.book, desk.means())
        fleet.start()
        running.append(fleet)
        return fleet

    yield begin
    for fleet in running:
        fleet.stop()
    names = {thread.name for thread in threading.enumerate()}
    assert not {f"{kind} {name}" for kind in ("device", "watch") for name in NAMES} & names


def drops(desk: Desk, *names: str) -> bool:
    return all(desk.drops(name=name) for name in names)


def test_every_device_is_enforced(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    many.place()
    start(many)
    assert eventually(lambda: drops(many, *NAMES))


@pytest.mark.parametrize("at", [Point.CONNECT, Point.READ, Point.STAGE, Point.READ_BACK])
def test_a_hanging_device_delays_nobody(
    many: Desk, start: Callable[[Desk], Fleet], at: Point
) -> None:
    order = many.place()
    release = many.box("edge2").faults.hang(at)
    fleet = start(many)
    try:
        assert eventually(lambda: drops(many, "edge1", "edge3"))
        second = many.place(block("198.51.100.9/32"))
        fleet.wake_all("rung")
        assert eventually(lambda: many.status(second, "edge3") is Status.ENFORCED)
        assert many.status(order, "edge2") is Status.ENFORCING
    finally:
        release.set()
    assert eventually(lambda: many.status(second, "edge2") is Status.ENFORCED)


def test_a_failing_device_fails_alone(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    order = many.place()
    many.box("edge2").faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    start(many)
    assert eventually(lambda: many.status(order, "edge2") is Status.FAILING)
    assert eventually(lambda: drops(many, "edge1", "edge3"))


def test_a_defect_in_one_loop_is_survived(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    many.place()

    def defect() -> None:
        raise RuntimeError("a defect of ours")

    many.box("edge2").faults.act(Point.READ, defect)
    start(many)
    assert eventually(lambda: drops(many, "edge1", "edge3"))
    assert eventually(lambda: Point.READ in many.box("edge2").faults.met)
    assert not drops(many, "edge2")
    assert eventually(lambda: many.facts("edge2").error_code != "")
    assert "a defect of ours" in many.facts("edge2").error
    assert many.clock.sleeping(3)
    many.clock.advance(5)
    assert eventually(lambda: drops(many, "edge2"))


def test_a_defect_of_the_record_too_is_survived(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    many.place()
    broken = threading.Event()

    def defect() -> None:
        broken.set()
        raise RuntimeError("a defect of ours")

    def step(name: str) -> None:
        if name == "note-writing" and broken.is_set():
            broken.clear()
            raise RuntimeError("another one")

    many.step = step
    many.box("edge2").faults.act(Point.READ, defect)
    start(many)
    assert eventually(lambda: drops(many, "edge1", "edge3"))
    assert eventually(lambda: Point.READ in many.box("edge2").faults.met and not broken.is_set())
    assert many.clock.sleeping(3)
    many.clock.advance(5)
    assert eventually(lambda: drops(many, "edge2"))


def test_a_defect_is_told_to_whoever_asked(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    fleet = start(many)
    assert eventually(lambda: many.facts("edge1").verified_at is not None)

    def defect() -> None:
        raise RuntimeError("a defect of ours")

    many.box("edge1").faults.act(Point.READ, defect)
    asked = fleet.ask("edge1", "asked for")
    with pytest.raises(RuntimeError, match="a defect of ours"):
        asked.result(PATIENCE)


def test_a_foreign_change_is_repaired_from_its_event(
    many: Desk, start: Callable[[Desk], Fleet]
) -> None:
    many.place()
    start(many)
    assert eventually(lambda: drops(many, *NAMES))
    assert eventually(lambda: many.box("edge1").faults.met.count(Point.READ) >= 2)
    many.box("edge1").flush(by="nft, pid 4711")
    assert eventually(lambda: drops(many, "edge1"))
    assert eventually(
        lambda: "nft, pid 4711" in str(many.audit("device.outcome")[-1].payload["said"])
    )


def test_a_watch_that_breaks_comes_back_and_misses_nothing(
    many: Desk, start: Callable[[Desk], Fleet]
) -> None:
    many.place()
    start(many)
    assert eventually(lambda: drops(many, *NAMES))
    assert eventually(lambda: many.box("edge1").faults.met.count(Point.WATCH) == 1)
    many.box("edge1").reboot()
    assert eventually(lambda: drops(many, "edge1"))
    assert many.clock.sleeping(4)
    many.clock.advance(1)
    assert eventually(lambda: many.box("edge1").faults.met.count(Point.WATCH) == 2)
    many.box("edge1").flush()
    assert eventually(lambda: drops(many, "edge1"))


def test_a_watch_that_is_refused_is_not_tried_again_and_again(
    desk: Desk, start: Callable[[Desk], Fleet]
) -> None:
    desk.box().faults.keep_failing(Point.WATCH, AuthenticationFailed)
    start(desk)
    assert eventually(lambda: Point.WATCH in desk.box().faults.met)
    for _ in range(5):
        assert desk.clock.sleeping(2)
        desk.clock.advance(60)
    assert desk.clock.sleeping(2)
    assert desk.box().faults.met.count(Point.WATCH) == 1


def test_a_pass_can_be_asked_for_by_name(many: Desk, start: Callable[[Desk], Fleet]) -> None:
    many.place()
    fleet = start(many)
    assert fleet.ask("edge3", "asked for").result(PATIENCE).device == "edge3"
    with pytest.raises(NotFound, match="device list"):
        fleet.ask("edge9", "asked for")
    fleet.wake(["edge9"], TICK)


def test_passes_over_one_device_never_overlap(desk: Desk, start: Callable[[Desk], Fleet]) -> None:
    reading = threading.Lock()
    overlaps: list[str] = []

    def watch(name: str) -> None:
        if name == "reading" and not reading.acquire(blocking=False):
            overlaps.append(name)
        if name == "read":
            reading.release()

    desk.step = watch
    fleet = start(desk)
    asked = [fleet.ask("edge1", "asked for") for _ in range(10)]
    assert {future.result(PATIENCE).device for future in asked} == {"edge1"}
    assert overlaps == []


def test_without_a_controller_the_work_is_done_here(many: Desk) -> None:
    order = many.place()
    many.box("edge2").faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    done = reconcile_once(many.database, many.topology, many.means(), NAMES)
    assert {name: facts.outcome for name, facts in done.items()} == {
        "edge1": Outcome.APPLIED,
        "edge2": Outcome.FAILED,
        "edge3": Outcome.APPLIED,
    }
    assert many.status(order, "edge1") is Status.ENFORCED
    assert many.status(order, "edge2") is Status.FAILING


def test_work_done_here_obeys_pause_and_mode(make_desk: MakeDesk) -> None:
    desk = make_desk(inventory(edge("edge1"), edge("edge2", Mode.OBSERVE)))
    desk.place()
    desk.pause = PauseState.FROZEN
    done = reconcile_once(desk.database, desk.topology, desk.means(), ["edge1", "edge2"])
    assert [facts.outcome for facts in done.values()] == [Outcome.HELD, Outcome.OBSERVED]
    assert not desk.drops() and not desk.drops(name="edge2")


def test_work_done_here_closes_what_a_dead_process_left_open(desk: Desk) -> None:
    with desk.database.write() as work:
        work.open_intent(CONTROLLER, at=desk.clock.now(), device="edge1", payload={})
    reconcile_once(desk.database, desk.topology, desk.means(), ["edge1"])
    assert desk.open_intents() == []
