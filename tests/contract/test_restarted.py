# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that begins anew knows nothing but the orders, and finds everything as it was."""

from __future__ import annotations

import pytest

from enforcer.control.ownership import check_orders, unexplained
from enforcer.control.writing import compared
from enforcer.driver_api import Driver
from enforcer.errors import NotOwned
from tests.contract.subject import Subject
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, drift_of, due, read


def test_it_finds_no_drift_in_what_another_one_wrote(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    drift = drift_of(subject.driver(OURS), wanted)
    assert not drift, (drift.examples, drift.findings)
    assert drift.tally.verified == len(wanted)


def test_what_is_wanted_no_more_goes_although_it_never_heard_of_it(
    subject: Subject, driver: Driver
) -> None:
    converge(driver, NOTHING)
    before = subject.content()
    now = subject.clock.now()
    few = due(subject, EVERYTHING[:2], now)
    converge(driver, due(subject, EVERYTHING, now))
    converge(subject.driver(OURS), few)
    converge(subject.driver(OURS), due(subject, EVERYTHING, now))
    converge(subject.driver(OURS), NOTHING)
    assert subject.content() == before


@pytest.mark.parametrize("number", [0, 5])
def test_without_its_mark_a_device_is_not_taken_for_an_empty_one(
    subject: Subject, driver: Driver, number: int
) -> None:
    """By a database that has never heard of it: what stands there is another one's."""
    converge(driver, due(subject, EVERYTHING[number : number + 1]))
    subject.mutations()["mark removed"]()
    empty = subject.driver(OURS)
    actual = read(empty)
    assert actual.owner is None
    strange = unexplained(compared(empty, NOTHING, actual).findings)
    with pytest.raises(NotOwned, match=r"never seen|no mark"):
        check_orders(actual, OURS, None, lambda numbers: numbers, False, strange)


def test_an_empty_device_without_a_mark_is_ours_to_begin_with(
    subject: Subject, driver: Driver
) -> None:
    actual = read(driver)
    strange = unexplained(compared(driver, NOTHING, actual).findings)
    check_orders(actual, OURS, None, lambda numbers: numbers, False, strange)
