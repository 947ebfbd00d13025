# SPDX-License-Identifier: GPL-2.0-or-later
"""Who does not lead any more sends nothing to a device, however far a pass had come."""

from __future__ import annotations

import pytest

from enforcer.control.facts import Outcome
from enforcer.errors import DeviceUnreachable, StaleState
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import Desk, block


def test_nothing_is_staged_when_the_lead_ran_out_after_the_intent(desk: Desk) -> None:
    desk.place()
    leads = True
    desk.evidence.leads = lambda: leads

    def stop(name: str) -> None:
        nonlocal leads
        if name == "staging":
            leads = False

    desk.step = stop
    with pytest.raises(StaleState, match="lead of the database ran out"):
        desk.run()
    assert not desk.drops()
    assert "staged" not in desk.steps
    assert desk.results() == ["not written"] and desk.open_intents() == []
    # It came back, because nobody had taken it: the same pass writes.
    desk.step = lambda name: None
    leads = True
    desk.run()
    assert desk.drops()


def test_it_is_asked_before_every_batch(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for last in range(1, 9):
        desk.place(block(f"198.51.100.{last}/32"))
    asked: list[bool] = []

    def leads() -> bool:
        asked.append(len(asked) < 1)
        return asked[-1]

    desk.evidence.leads = leads
    with pytest.raises(StaleState, match="lead of the database ran out"):
        desk.run()
    assert asked == [True, False]
    assert desk.steps.count("staged") == 1
    assert desk.results() == ["partial"]


def test_a_failure_that_cannot_be_recorded_ends_no_loop(desk: Desk) -> None:
    desk.box().faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    # Every write to the database is refused from here on.
    desk.database.fence(desk.owner.epoch + 1)
    worker = desk.worker()
    facts = worker.once()
    assert facts.outcome is Outcome.FAILED and desk.audit("device.failing") == []
    desk.database.fence(None)
    assert worker.once().outcome is Outcome.FAILED
    assert len(desk.audit("device.failing")) == 1
