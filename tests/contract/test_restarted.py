# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that begins anew knows nothing but the orders, and finds everything as it was."""

from __future__ import annotations

from enforcer.driver_api import Driver
from tests.contract.subject import Subject
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, drift_of, due


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
