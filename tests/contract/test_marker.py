# SPDX-License-Identifier: GPL-2.0-or-later
"""The marker that forbids us to write: every driver sees it come and go, and in time."""

from __future__ import annotations

import pytest

from enforcer.control.writing import compared
from enforcer.core.plan import Region
from enforcer.driver_api import Driver
from enforcer.errors import StaleState
from tests.contract.subject import Subject
from tests.contract.worlds import EVERYTHING, NOTHING, converge, drift_of, due, read


def test_it_is_seen_while_it_is_there(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    assert not read(driver).hold
    subject.put_hold(True)
    assert read(driver).hold
    subject.put_hold(False)
    converge(driver, wanted)
    assert not read(driver).hold
    subject.put_hold(True)
    assert read(driver).hold
    subject.put_hold(False)
    assert not read(driver).hold


def test_it_is_no_drift_and_nothing_of_ours(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    content = subject.content()
    subject.put_hold(True)
    assert not drift_of(driver, wanted)
    assert subject.content() == content


def test_a_driver_that_is_told_to_write_leaves_it_there(subject: Subject, driver: Driver) -> None:
    subject.put_hold(True)
    converge(driver, due(subject, EVERYTHING))
    converge(driver, NOTHING)
    assert read(driver).hold


@pytest.mark.parametrize("there", [True, False], ids=["put there", "taken away"])
def test_it_moves_the_token(subject: Subject, driver: Driver, there: bool) -> None:
    """So that no quick pass misses it."""
    converge(driver, due(subject, EVERYTHING))
    if not there:
        subject.put_hold(True)
    with driver.connect() as session:
        before = session.fingerprint().token
        subject.put_hold(there)
        assert session.fingerprint().token != before


def test_what_was_planned_before_it_came_is_not_written(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        subject.put_hold(True)
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        assert not session.read_state().addresses


def test_a_region_says_nothing_of_it(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    subject.put_hold(True)
    with driver.connect() as session:
        drift = compared(driver, NOTHING, session.read_state())
        assert not session.read_state(Region(drift.delta)).hold
