# SPDX-License-Identifier: GPL-2.0-or-later
"""The contract suite notices drivers that break the contract."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import replace

import pytest
from _pytest.outcomes import Failed

from enforcer.core.drift import Drift, Finding, FindingKind
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Owner, Rule
from enforcer.driver_api import Driver, Session, Staged
from enforcer.errors import DeviceError
from tests.contract import test_contract as suite
from tests.contract import test_restarted as restarted
from tests.contract.fake_router_subject import FakeRouterSubject
from tests.contract.fake_subject import FakeSubject
from tests.contract.subject import Subject
from tests.contract.worlds import OURS
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver, FakeSession
from tests.fakes.router import FakeRouterDriver, FakeRouterSession
from tests.fakes.table import AddMember, Place, RemoveMember

Check = Callable[[Subject, Driver], None]


class BlindToExtras(FakeDriver):
    """Does not see what a stranger has added to the structure."""

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        found = super().findings(desired, actual)
        return tuple(f for f in found if f.kind is not FindingKind.EXTRA)


class NeverRemoves(FakeDriver):
    """Leaves members where they are."""

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        return Plan(tuple(map(_without_removals, made.batches)), made.native, made.undo)


def _without_removals(batch: Batch) -> Batch:
    assert isinstance(batch.payload, tuple)
    gone = {c.place for c in batch.payload if isinstance(c, RemoveMember)}
    kept = [
        c
        for c in batch.payload
        if not isinstance(c, RemoveMember) and not (isinstance(c, AddMember) and c.place in gone)
    ]
    return Batch(tuple(kept), batch.size, batch.region)


class NeverTheSame(FakeDriver):
    """Plans differently each time."""

    _number = itertools.count()

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        said = f"plan {next(self._number)}"
        return Plan(made.batches, lambda: iter([said]), made.undo)


class AlwaysBusy(FakeDriver):
    """Finds something to write where nothing differs."""

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        return made if made else Plan((Batch((), 1, ALL),))


class Careless(FakeDriver):
    """Writes whatever was written since."""

    def connect(self) -> AbstractContextManager[Session]:
        return closing(_Unguarded(self))


class _Unguarded(FakeSession):
    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        return super().stage(batch, guarded=False)


class ReadsEverything(FakeDriver):
    """Answers with everything where a region was asked for."""

    def connect(self) -> AbstractContextManager[Session]:
        return closing(_Wholly(self))


class _Wholly(FakeSession):
    def read_state(self, region: Region = ALL) -> Actual:
        return super().read_state(ALL)


class Meddlesome(FakeDriver):
    """Cleans up what is not its own."""

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        self.box.foreign.clear()
        return super().plan(desired, drift, actual)


class TakesTheWholeRange(FakeRouterDriver):
    """Removes a range and forgets the part of it that is wanted on."""

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        return Plan(tuple(map(_without_replacements, made.batches)), made.native, made.undo)


def _without_replacements(batch: Batch) -> Batch:
    assert isinstance(batch.payload, tuple)
    gone = [c.place for c in batch.payload if isinstance(c, RemoveMember)]
    kept = [c for c in batch.payload if not (isinstance(c, AddMember) and _inside(c.place, gone))]
    return Batch(tuple(kept), batch.size, batch.region)


def _inside(place: Place, others: Sequence[Place]) -> bool:
    return not isinstance(place, str) and any(
        other[0] <= place[0] and place[1] <= other[1]
        for other in others
        if not isinstance(other, str)
    )


class Forgetful(FakeRouterDriver):
    """Sees only what it wrote itself, in this process."""

    def __init__(self, box: FakeDevice, owner: Owner, batch_size: int = 100) -> None:
        super().__init__(box, owner, batch_size)
        self.learnt: set[Rule] = set()

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        self.learnt.update(desired.rules())
        return super().findings(desired, actual)

    def session(self) -> FakeSession:
        return _Forgotten(self)


class _Forgotten(FakeRouterSession):
    def read_state(self, region: Region = ALL) -> Actual:
        found = super().read_state(region)
        assert isinstance(self._driver, Forgetful)
        known = self._driver.learnt
        kept = {rule: some for rule, some in found.addresses.items() if rule in known}
        return replace(found, addresses=kept)


ROUTERS: list[tuple[type[FakeRouterDriver], Check]] = [
    (TakesTheWholeRange, suite.test_every_drift_is_found_and_repaired),
    (Forgetful, restarted.test_it_finds_no_drift_in_what_another_one_wrote),
]


@pytest.mark.parametrize(("broken", "check"), ROUTERS)
def test_a_broken_router_driver_is_noticed(broken: type[FakeRouterDriver], check: Check) -> None:
    class Broken(FakeRouterSubject):
        def driver(self, owner: Owner) -> Driver:
            return broken(self.box, owner, batch_size=3)

    subject = FakeRouterSubject()
    check(subject, subject.driver(OURS))
    worse = Broken()
    with pytest.raises((AssertionError, DeviceError)):
        check(worse, worse.driver(OURS))


BROKEN: list[tuple[type[FakeDriver], Check]] = [
    (BlindToExtras, suite.test_every_drift_is_found_and_repaired),
    (NeverRemoves, suite.test_withdrawing_everything_leaves_what_was_there_before),
    (NeverTheSame, suite.test_the_plan_is_deterministic_and_touches_nothing),
    (AlwaysBusy, suite.test_no_drift_no_plan),
    (Careless, suite.test_it_does_not_write_over_what_it_has_not_read),
    (ReadsEverything, suite.test_a_region_is_read_back_alone),
    (Meddlesome, suite.test_what_is_not_ours_is_never_touched),
]


@pytest.mark.parametrize(("broken", "check"), BROKEN)
def test_a_broken_driver_is_noticed(broken: type[FakeDriver], check: Check) -> None:
    subject = FakeSubject()
    check(subject, subject.driver(OURS))
    subject = FakeSubject()
    with pytest.raises((AssertionError, DeviceError, Failed)):
        check(subject, broken(subject.box, OURS, batch_size=3))
