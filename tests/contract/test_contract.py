# SPDX-License-Identifier: GPL-2.0-or-later
"""What every driver must do, whatever the platform."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.control.ownership import check_mark
from enforcer.control.writing import attributed, compared
from enforcer.core.drift import compare, compare_region
from enforcer.core.plan import Region, Trait
from enforcer.core.rules import Owner
from enforcer.driver_api import Driver
from enforcer.errors import DeviceError, NotOwned, ParseFailed, StaleState
from tests.contract.subject import Subject, in_pieces, per_address
from tests.contract.worlds import (
    EVERYTHING,
    NOTHING,
    OURS,
    asked,
    converge,
    drift_of,
    due,
    long_list,
    order,
    prefix,
    read,
    write,
)


def test_binding_touches_nothing(subject: Subject, driver: Driver) -> None:
    before = subject.content(), subject.foreign()
    _ = driver.capability, driver.traits
    assert (subject.content(), subject.foreign()) == before


def test_a_fresh_device_holds_nothing_and_has_no_mark(driver: Driver) -> None:
    actual = read(driver)
    assert (dict(actual.addresses), dict(actual.interfaces)) == ({}, {})
    assert actual.owner is None and not actual.region


def test_everything_is_enforced_and_marked(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    actual = read(driver)
    assert actual.owner == OURS
    assert actual.addresses.keys() == wanted.addresses.keys()
    assert actual.interfaces.keys() == wanted.interfaces.keys()


def test_no_drift_no_plan(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    before = subject.content()
    actual = read(driver)
    drift = compared(driver, wanted, actual)
    assert not drift and drift.tally.verified == len(wanted)
    plan = driver.plan(wanted, drift, actual)
    assert not plan and not list(plan.native()) and not list(plan.undo())
    assert subject.content() == before


def test_the_plan_is_deterministic_and_touches_nothing(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, due(subject, EVERYTHING[:3]))
    before = subject.content()
    actual = read(driver)
    drift = compared(driver, wanted, actual)
    plans = [driver.plan(wanted, drift, actual) for _ in range(2)]
    plans.append(subject.driver(OURS).plan(wanted, drift, actual))
    texts = [(list(p.native()), list(p.undo()), [b.size for b in p.batches]) for p in plans]
    assert texts[0] == texts[1] == texts[2]
    assert all(texts[0])
    assert list(plans[0].native()) == texts[0][0], "a preview can be shown twice"
    assert subject.content() == before


def test_withdrawing_everything_leaves_what_was_there_before(
    subject: Subject, driver: Driver
) -> None:
    converge(driver, NOTHING)
    before = subject.content()
    converge(driver, due(subject, EVERYTHING))
    assert subject.content() != before
    converge(driver, NOTHING)
    assert subject.content() == before


@pytest.mark.parametrize("number", range(len(EVERYTHING)))
def test_each_kind_comes_and_goes_beside_the_others(
    subject: Subject, driver: Driver, number: int
) -> None:
    now = subject.clock.now()
    others = due(subject, [d for n, d in enumerate(EVERYTHING) if n != number], now)
    converge(driver, others)
    before = subject.content()
    orders = [order(n + 20, d, now, None) for n, d in enumerate(EVERYTHING)]
    converge(driver, asked(subject, orders, now))
    converge(driver, others)
    assert subject.content() == before


def test_writing_the_same_plan_twice_converges(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        for batch in plan.batches:
            session.stage(batch).confirm()
    for guarded in (True, False):
        with driver.connect() as session:
            session.read_state()
            try:
                for batch in plan.batches:
                    session.stage(batch, guarded).confirm()
            except DeviceError:
                continue
    converge(driver, wanted)
    assert not drift_of(driver, wanted)


def test_a_batch_that_is_refused_leaves_nothing_of_itself(subject: Subject, driver: Driver) -> None:
    """Planned against what is no longer there: all of the batch, or nothing."""
    now = subject.clock.now()
    converge(driver, due(subject, EVERYTHING[:3], now))
    with driver.connect() as session:
        actual = session.read_state()
        wanted = due(subject, EVERYTHING[3:5], now)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        converge(subject.driver(OURS), due(subject, EVERYTHING[1:2], now))
        for batch in plan.batches:
            before = subject.content()
            try:
                session.stage(batch, guarded=False).confirm()
            except DeviceError:
                assert Trait.ATOMIC not in driver.traits or subject.content() == before
    converge(driver, wanted)


# -- conversations ---------------------------------------------------------------------------


def test_tokens_tell_whether_somebody_wrote(subject: Subject, driver: Driver) -> None:
    now = subject.clock.now()
    converge(driver, due(subject, EVERYTHING[:1], now))
    with driver.connect() as session:
        actual = session.read_state()
        assert session.fingerprint().token == actual.token == session.fingerprint().token
        write(driver, session, due(subject, EVERYTHING[:2], now))
        own = session.fingerprint().token
        assert own != actual.token
        subject.touch_foreign()
        converge(subject.driver(OURS), due(subject, EVERYTHING[:3], now))
        assert session.fingerprint().token != own


def test_the_staged_token_is_the_one_that_holds_afterwards(
    subject: Subject, driver: Driver
) -> None:
    wanted = due(subject, EVERYTHING[:4])
    converge(driver, NOTHING)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        for batch in plan.batches:
            staged = session.stage(batch)
            token = staged.token
            assert token == session.fingerprint().token == session.read_state(batch.region).token
            staged.confirm()


def test_a_region_is_read_back_alone(subject: Subject, driver: Driver) -> None:
    now = subject.clock.now()
    orders = [order(n, d, now, None) for n, d in enumerate(EVERYTHING, 1)]
    converge(driver, asked(subject, orders, now))
    absent = order(50, prefix("198.51.100.1/32"), now, None)
    parts = [asked(subject, [one], now) for one in (orders[0], absent)]
    told = attributed(driver)
    with driver.connect() as session:
        whole = session.read_state()
        nothing = replace(whole, addresses={}, interfaces={})
        for part, there in zip(parts, (per_address(subject), 0), strict=True):
            delta = compare(part, nothing, attributed=told).delta
            actual = session.read_state(Region(delta))
            assert actual.region
            assert (actual.token, actual.owner) == (whole.token, OURS)
            left = compare_region(delta, actual, attributed=told)
            assert left.tally.verified == there
            assert sum(len(members) for members in actual.addresses.values()) == there
            assert not any(actual.interfaces.values())


def test_it_does_not_write_over_what_it_has_not_read(subject: Subject, driver: Driver) -> None:
    now = subject.clock.now()
    converge(driver, NOTHING)
    with driver.connect() as session:
        actual = session.read_state()
        wanted = due(subject, EVERYTHING[:2], now)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        converge(subject.driver(OURS), due(subject, EVERYTHING[2:3], now))
        before = subject.content()
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        assert subject.content() == before


def test_unknown_answers_are_refused(subject: Subject, driver: Driver) -> None:
    converge(driver, due(subject, EVERYTHING[:3]))
    before = subject.content()
    subject.garble()
    with pytest.raises(ParseFailed):
        read(driver)
    assert subject.content() == before


# -- strangers -------------------------------------------------------------------------------


def test_what_is_not_ours_is_never_touched(subject: Subject, driver: Driver) -> None:
    subject.touch_foreign()
    before = subject.foreign()
    for wanted in (due(subject, EVERYTHING), NOTHING):
        converge(driver, wanted)
        assert subject.foreign() == before
    converge(driver, due(subject, EVERYTHING))
    for mutate in list(subject.mutations().values())[:2]:
        mutate()
        converge(driver, due(subject, EVERYTHING))
        assert subject.foreign() == before


def test_every_drift_is_found_and_repaired(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    right = subject.content()
    for name, mutate in subject.mutations().items():
        mutate()
        drift = drift_of(driver, wanted)
        assert drift, f"{name}: not found"
        assert drift.examples or drift.findings, f"{name}: not named"
        converge(driver, wanted)
        assert subject.content() == right, f"{name}: not as before"


def test_drift_on_drift_is_repaired(subject: Subject, driver: Driver) -> None:
    """Each change on top of the last one, and only then a pass."""
    wanted = due(subject, EVERYTHING)
    converge(driver, wanted)
    right = subject.content()
    names = list(subject.mutations())
    done = []
    for name in [n for n in names if "extra" in n or "altered" in n or "another" in n]:
        subject.mutations()[name]()
        done.append(name)
    assert len(done) > 2
    converge(driver, wanted)
    assert subject.content() == right


def test_drift_in_the_middle_of_a_change_is_repaired(subject: Subject, driver: Driver) -> None:
    now = subject.clock.now()
    for name in subject.mutations():
        converge(driver, due(subject, EVERYTHING, now))
        subject.mutations()[name]()
        converge(driver, due(subject, EVERYTHING[::2], now))


# -- two controllers -------------------------------------------------------------------------


def test_another_controllers_mark_is_seen(subject: Subject, driver: Driver) -> None:
    converge(driver, due(subject, EVERYTHING[:2]))
    other = Owner("STRANGER", 1)
    actual = read(subject.driver(other))
    assert actual.owner == OURS
    with pytest.raises(NotOwned):
        check_mark(actual, other, None)


def test_a_new_epoch_marks_anew(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING[:2])
    converge(driver, wanted)
    later = replace(OURS, epoch=OURS.epoch + 1)
    converge(subject.driver(later), wanted)
    actual = read(driver)
    assert actual.owner == later
    with pytest.raises(NotOwned):
        check_mark(actual, OURS, None)


def test_what_is_added_renews_the_mark_and_what_goes_does_not(
    subject: Subject, driver: Driver
) -> None:
    """The chain's position in it is at least that of the newest addition."""
    now = subject.clock.now()

    def marked(position: int) -> Owner:
        return replace(OURS, position=position, digest=f"{position:08x}")

    def written(count: int, position: int) -> tuple[int, str]:
        converge(driver, replace(due(subject, EVERYTHING[:count], now), mark=marked(position)))
        owner = read(driver).owner
        assert owner == OURS
        return owner.position, owner.digest

    assert written(1, 7) == (7, "00000007")
    assert written(3, 12) == (12, "0000000c")
    assert written(0, 4711) == (12, "0000000c")
    assert written(3, 10**9) == (10**9, "3b9aca00")
    converge(driver, due(subject, EVERYTHING, now))
    after = read(driver).owner
    assert after is not None and after.position == 10**9, "what does not know it leaves it"


def test_two_that_interleave_converge(subject: Subject, driver: Driver) -> None:
    """Two processes of one controller that want the same, each overtaking the other."""
    wanted = due(subject, EVERYTHING)
    drivers = [driver, subject.driver(OURS)]
    with drivers[0].connect() as first, drivers[1].connect() as second:
        sessions = [first, second]
        for turn in range(12):
            here, there = turn % 2, (turn + 1) % 2
            actual = sessions[here].read_state()
            drift = compared(drivers[here], wanted, actual)
            plan = drivers[here].plan(wanted, drift, actual)
            if not plan:
                break
            try:
                write(drivers[there], sessions[there], wanted)
                for batch in plan.batches:
                    sessions[here].stage(batch).confirm()
            except StaleState:
                continue
    assert not drift_of(driver, wanted)


# -- dying half way --------------------------------------------------------------------------


def test_whatever_was_written_the_next_pass_completes(subject: Subject, driver: Driver) -> None:
    """End after each number of batches, in the middle of building up and of taking down."""
    now = subject.clock.now()
    orders = [order(n, d, now, None) for n, d in enumerate(EVERYTHING, 1)]
    whole = asked(subject, orders, now, lists={"botnets": long_list(subject.many)})
    less = due(subject, EVERYTHING[:4], now)
    for wanted, before in ((whole, NOTHING), (whole, less), (less, whole)):
        done = 0
        while True:
            subject.wipe()
            converge(driver, before)
            with driver.connect() as session:
                actual = session.read_state()
                plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
                for batch in plan.batches[:done]:
                    session.stage(batch).confirm()
            converge(subject.driver(OURS), wanted)
            assert plan and (len(plan.batches) > 1 or not in_pieces(subject))
            done += max(1, len(plan.batches) // 3)
            if done >= len(plan.batches):
                break


def test_the_batches_prove_the_whole(subject: Subject, driver: Driver) -> None:
    """Every member of the difference is read back with one of the batches, or all at the end."""
    now = subject.clock.now()
    converge(driver, due(subject, EVERYTHING[:4], now))
    wanted = due(subject, EVERYTHING[2:], now)
    with driver.connect() as session:
        actual = session.read_state()
        drift = compared(driver, wanted, actual)
        plan = driver.plan(wanted, drift, actual)
    if any(batch.region.delta is None for batch in plan.batches):
        return
    proved = sum(
        len(change.add) + len(change.remove)
        for batch in plan.batches
        if batch.region.delta is not None
        for change in batch.region.delta.addresses.values()
    )
    asked = sum(len(c.add) + len(c.remove) for c in drift.delta.addresses.values())
    assert proved >= asked > 0
