# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left out of a drift (it is contested) stays as somebody else made it."""

from __future__ import annotations

from enforcer.core.drift import Delta, Drift, tally_of
from enforcer.core.rules import Desired
from enforcer.driver_api import Driver
from tests.contract.subject import Subject, per_address
from tests.contract.worlds import EVERYTHING, converge, drift_of, due, prefix, read


def _members_alone(driver: Driver, wanted: Desired) -> Drift:
    """What a pass would write if all of the structure were contested."""
    drift = drift_of(driver, wanted)
    return Drift(drift.delta, tally_of(drift.delta))


def test_structure_that_is_left_out_is_left(subject: Subject, driver: Driver) -> None:
    """Members of rules that are there already are written beside it."""
    now = subject.clock.now()
    before = due(subject, EVERYTHING, now)
    after = due(subject, (*EVERYTHING, prefix("198.51.100.10/32")), now)
    tried = 0
    for mutate in subject.mutations().values():
        converge(driver, before)
        mutate()
        drift = drift_of(driver, before)
        if drift.delta or not drift.findings or read(driver).owner is None:
            continue
        tried += 1
        with driver.connect() as session:
            actual = session.read_state()
            plan = driver.plan(after, _members_alone(driver, after), actual)
            for batch in plan.batches:
                session.stage(batch).confirm()
        left = drift_of(driver, after)
        assert not left.delta
        assert {(f.kind, f.what) for f in left.findings} == {
            (f.kind, f.what) for f in drift.findings
        }
    assert tried >= 2


def test_a_member_that_is_left_out_is_left(subject: Subject, driver: Driver) -> None:
    """The others of the same rule are written."""
    now = subject.clock.now()
    converge(driver, due(subject, EVERYTHING, now))
    more = (prefix("198.51.100.10/32"), prefix("198.51.100.12/32"))
    wanted = due(subject, (*EVERYTHING, *more), now)
    drift = drift_of(driver, wanted)
    assert drift.tally.missing == 2 * per_address(subject) and not drift.findings
    rule, change = next(iter(drift.delta.addresses.items()))
    assert len(change.add) == 2
    one = Delta(
        {
            rule: type(change)(
                change.add.take(change.add.order == len(EVERYTHING) + 1), change.remove
            )
        }
    )
    with driver.connect() as session:
        actual = session.read_state()
        for batch in driver.plan(wanted, Drift(one, tally_of(one)), actual).batches:
            session.stage(batch).confirm()
    left = drift_of(driver, wanted)
    assert left.tally.missing == 2 * per_address(subject) - 1 and not left.findings
