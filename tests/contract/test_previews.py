# SPDX-License-Identifier: GPL-2.0-or-later
"""What every driver must do beside enforcing: plan without a reading, and diagnose."""

from __future__ import annotations

import pytest

from enforcer.control.writing import attributed, compared
from enforcer.core.drift import compare
from enforcer.core.orders import Demand
from enforcer.core.rules import Actual, Desired
from enforcer.driver_api import Driver
from tests.contract.subject import NAME, Subject, per_address
from tests.contract.worlds import EVERYTHING, OURS, asked, converge, due, order, prefix
from tests.fakes.clock import START


def assumed(standing: Desired) -> Actual:
    """A state that nobody read: what a preview is computed against."""
    return Actual(NAME, START, OURS, standing.addresses, standing.interfaces)


@pytest.mark.parametrize("standing", [(), EVERYTHING[:4], EVERYTHING], ids=len)
def test_an_assumed_state_differs_in_nothing_from_itself(
    subject: Subject, driver: Driver, standing: tuple[Demand, ...]
) -> None:
    wanted = due(subject, standing, START)
    drift = compared(driver, wanted, assumed(wanted))
    assert not drift and not drift.findings
    plan = driver.plan(wanted, drift, assumed(wanted))
    assert not plan and not list(plan.native()) and not list(plan.undo())


@pytest.mark.parametrize("number", range(len(EVERYTHING)))
def test_a_preview_needs_no_reading(subject: Subject, driver: Driver, number: int) -> None:
    """Each kind on top of the others, and away again."""
    before = subject.content()
    orders = [order(n, d, START, None) for n, d in enumerate(EVERYTHING, 1)]
    others = asked(subject, [o for o in orders if o.number != number + 1], START)
    whole = asked(subject, orders, START)
    for now, then in ((others, whole), (whole, others)):
        # As a preview does it: with the difference of the members alone.
        drift = compare(then, assumed(now), attributed=attributed(driver))
        plan = driver.plan(then, drift, assumed(now))
        lines = list(plan.native())
        # An order that another one covers changes nothing.
        assert bool(drift) == bool(plan) == bool(lines) == bool(list(plan.undo()))
        assert list(driver.plan(then, drift, assumed(now)).native()) == lines
    assert subject.content() == before


def test_a_preview_names_the_member_that_would_change(subject: Subject, driver: Driver) -> None:
    """And nothing but that member: its rule is there already."""
    standing = due(subject, EVERYTHING[:1], START)
    wanted = due(subject, (EVERYTHING[0], prefix("198.51.100.77/32")), START)
    drift = compare(wanted, assumed(standing), attributed=attributed(driver))
    plan = driver.plan(wanted, drift, assumed(standing))
    for lines in (list(plan.native()), list(plan.undo())):
        named = [line for line in lines if subject.names(line, "198.51.100.77")]
        assert len(named) == per_address(subject), "by source and by destination"
        assert not any(subject.names(line, "198.51.100.7") for line in lines)
        # A terminal must be led to the place where a member is written.
        assert lines == named or not attributed(driver)


def test_a_healthy_device_has_nothing_wrong(subject: Subject, driver: Driver) -> None:
    converge(driver, due(subject, EVERYTHING[:3]))
    before = subject.content(), subject.foreign()
    with driver.connect() as session:
        token = session.fingerprint().token
        found = driver.diagnose()
        assert session.fingerprint().token == token, "a diagnosis writes nothing"
    assert (subject.content(), subject.foreign()) == before
    assert found[0].check == "reachable"
    assert all(one.ok and one.detail for one in found), found
    assert len({one.check for one in found}) == len(found)
