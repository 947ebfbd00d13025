# SPDX-License-Identifier: GPL-2.0-or-later
"""Once somebody has paused or frozen, no write begins: wherever the pass is by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from enforcer.control.case import Request
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.followed import Seen
from enforcer.core.brake import PauseState
from enforcer.errors import StaleState
from tests.unit.control.desk import ANN, BAD, Desk, block
from tests.unit.control.test_urgent import FIRST, MANY, URGENT, at_batch

OTHER = "198.51.100.55"
STATES = (PauseState.PAUSED, PauseState.FROZEN)


def look(desk: Desk) -> None:
    """As the controller does when it is rung."""
    with desk.database.read() as reader:
        position, digest = reader.audit.head()
        seen = Seen(position, digest, reader.device_controls.all())
    desk.evidence.following.tell(seen)


def pause_device(desk: Desk) -> None:
    with desk.database.write() as work:
        work.record("device.paused", ANN, at=desk.time.now(), device="edge1", payload={})
        control = replace(work.device_controls.get("edge1"), paused=True, paused_by="ann")
        work.device_controls.save("edge1", control)


def set_state(desk: Desk, state: PauseState) -> None:
    with desk.database.write() as work:
        work.record("control.changed", ANN, at=desk.time.now(), payload={})
        work.control.set_state(state, at=desk.time.now(), by="ann", reason="a look")


def once_at(desk: Desk, name: str, act: Callable[[], object]) -> None:
    done: list[bool] = []

    def step(met: str) -> None:
        if met == name and not done:
            done.append(True)
            act()

    desk.step = step


def run(desk: Desk, go_on: Callable[[], bool], full: bool = True) -> PassFacts:
    reconciler = desk.reconciler()
    with reconciler.driver.connect() as session:
        return reconciler.run(session, Request("test", full, desk.pause, go_on=go_on))


@pytest.fixture
def due(desk: Desk) -> Desk:
    """An order is yet to be written, and the controller has seen all that there is."""
    desk.place(block(f"{OTHER}/32"))
    desk.run()
    desk.place()
    look(desk)
    return desk


@pytest.mark.parametrize("heard", [False, True])
def test_a_device_is_paused_between_the_decision_and_the_intent(due: Desk, heard: bool) -> None:
    def act() -> None:
        pause_device(due)
        if heard:
            look(due)

    once_at(due, "intent-writing", act)
    with pytest.raises(StaleState, match="decided"):
        due.quick()
    assert not due.drops(BAD) and due.open_intents() == []
    look(due)
    assert due.run().outcome is Outcome.HELD


@pytest.mark.parametrize("followed", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_everything_is_stopped_between_the_decision_and_the_intent(
    due: Desk, state: PauseState, followed: bool
) -> None:
    if not followed:
        due.restart()
    once_at(due, "intent-writing", lambda: set_state(due, state))
    with pytest.raises(StaleState, match=state):
        due.run()
    assert not due.drops(BAD) and due.open_intents() == []


def test_a_pause_that_the_plan_heeds_stops_it_not(due: Desk) -> None:
    """What only removes is written under a pause."""
    order = due.place(block("198.51.100.56/32"))
    due.run()
    set_state(due, PauseState.PAUSED)
    due.pause = PauseState.PAUSED
    due.change(order, lift=True)
    assert due.run().removed
    assert not due.drops("198.51.100.56")


def test_it_is_resumed_after_the_decision(due: Desk) -> None:
    set_state(due, PauseState.FROZEN)
    once_at(due, "intent-writing", lambda: set_state(due, PauseState.RUNNING))
    assert due.run().outcome is Outcome.APPLIED


def test_a_freeze_is_heard_between_the_intent_and_the_first_batch(due: Desk) -> None:
    stopped: list[bool] = []
    once_at(due, "intent-committed", lambda: stopped.append(True))
    with pytest.raises(StaleState, match="frozen"):
        run(due, lambda: not stopped, full=False)
    assert not due.drops(BAD)
    assert due.results()[-1] == "not written" and due.open_intents() == []


@pytest.mark.parametrize("at", [FIRST, FIRST + 1])
@pytest.mark.parametrize("address", [URGENT, MANY[-1]])
def test_no_urgent_order_is_written_once_a_freeze_is_heard(
    desk: Desk, at: int, address: str
) -> None:
    """Nor what would have to go before it."""
    for one in MANY:
        desk.place(block(f"{one}/32"))
    stopped: list[int] = []

    def act() -> None:
        desk.place(block(f"{address}/32"), lasts=600)
        stopped.append(len(desk.box().rows()))

    at_batch(desk, at, act)
    with pytest.raises(StaleState, match="frozen"):
        run(desk, lambda: not stopped)
    assert len(desk.box().rows()) == stopped[0]
    assert not desk.drops(address) and desk.results() == ["partial"]


@pytest.mark.parametrize("step", ["intent-writing", "intent-committed"])
def test_a_freeze_comes_while_an_urgent_order_is_about_to_be_written(desk: Desk, step: str) -> None:
    for one in MANY:
        desk.place(block(f"{one}/32"))
    stopped: list[bool] = []

    def act() -> None:
        desk.place(block(f"{URGENT}/32"))
        before = desk.step

        def at(name: str) -> None:
            before(name)
            if name == step:
                set_state(desk, PauseState.FROZEN)
                stopped.append(True)

        desk.step = at

    at_batch(desk, FIRST, act)
    with pytest.raises(StaleState):
        run(desk, lambda: not stopped)
    assert not desk.drops(URGENT) and desk.open_intents() == []
    assert set(desk.results()) <= {"partial", "not written"}


def test_what_must_go_before_an_urgent_order_stops_in_the_middle(desk: Desk) -> None:
    for one in MANY:
        desk.place(block(f"{one}/32"))
    desk.place(block("198.51.100.0/24"), lasts=600)
    confirmed: list[bool] = []
    again = [f"{MANY[-1]}/32", f"{MANY[-4]}/32"]

    def act() -> None:
        for prefix in again:
            desk.place(block(prefix), lasts=600)
        before = desk.step

        def at(name: str) -> None:
            before(name)
            if name == "confirmed":
                confirmed.append(True)

        desk.step = at

    at_batch(desk, FIRST, act)
    with pytest.raises(StaleState, match="frozen"):
        run(desk, lambda: len(confirmed) < 2)
    assert len(confirmed) == 2
