# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage, read back, confirm: every batch is proved before it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from enforcer.control.evidence_words import first_lines
from enforcer.control.steps import Step, always
from enforcer.core.contested import Contested
from enforcer.core.deltas import still, together
from enforcer.core.drift import Delta, Drift, compare, compare_region, shared
from enforcer.core.plan import Batch, Region, Trait
from enforcer.core.rules import Actual, Desired
from enforcer.driver_api import Applied, Driver, Session, Staged
from enforcer.errors import DeviceError, StaleState


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be written: `delta` towards `desired`; `whole`: nothing is held back.

    `contested`: what is left as it is; it counts as right.
    """

    desired: Desired
    delta: Delta
    whole: bool
    contested: Contested = field(default_factory=Contested)


@dataclass(frozen=True, slots=True)
class Written:
    """What stands after writing. `exact`: a full reading, if one was made, equals the target.

    `actual.token` is "" where somebody else may have written in between.
    """

    actual: Actual
    exact: bool


def compared(driver: Driver, desired: Desired, actual: Actual) -> Drift:
    """Members and structure of one device against `desired`."""
    findings = driver.findings(desired, actual)
    return compare(
        desired,
        actual,
        findings,
        self_expiring=_expiring(driver),
        attributed=attributed(driver),
    )


def kept_once(driver: Driver, desired: Desired, actual: Actual, drift: Drift) -> Actual:
    """`actual`, which differs from `desired` in `drift` alone; the rest is not kept twice."""
    return shared(desired, actual, drift) if attributed(driver) else actual


def attributed(driver: Driver) -> bool:
    """Whether members on the device carry an order's number and the desired boundaries."""
    return Trait.UNATTRIBUTED not in driver.traits


def _undone(driver: Driver, delta: Delta, read: Actual) -> Drift:
    expiring, told = _expiring(driver), attributed(driver)
    return compare_region(delta, read, self_expiring=expiring, attributed=told)


def _expiring(driver: Driver) -> bool:
    return Trait.SELF_EXPIRING in driver.traits


Between = Callable[["Writing"], None]
"""Asked between batches, for what is due before the rest of the plan."""


def nothing_between(writing: Writing) -> None:
    """Where a plan is written in one go."""


class Writing:
    """One plan on its way to one device.

    `staged`: how many batches the device has taken; `token`: the fingerprint token after the last
    of them, "" unknown. `left`: those to come. `target` follows what was written between batches.
    `go_on`, asked before each batch: False where nothing more may be written.
    """

    def __init__(
        self,
        driver: Driver,
        session: Session,
        target: Target,
        step: Step,
        go_on: Callable[[], bool] = always,
        leads: Callable[[], bool] = always,
        between: Between = nothing_between,
    ) -> None:
        self.go_on = go_on
        self._leads = leads
        self._between = between
        self._driver = driver
        self._session = session
        self._step = step
        self._guarded, self._sweeping, self._unbroken = True, False, True
        self._followed = False
        self._unproved: list[Delta] = []
        self._actual: Actual
        self.target = target
        self.token = ""
        self.left: list[Batch] = []
        self.staged = 0

    def run(self, batches: Sequence[Batch], before: Actual, guarded: bool) -> Written:
        """Write all batches on top of `before`; raises DeviceError where one is not proved."""
        self._actual, self._guarded, self.left = before, guarded, list(batches)
        while self.left:
            self._check_decided()
            self._write(self.left.pop(0))
            if self.left:
                self._check_decided()
                self._between(self)
        if self._sweeping:
            return self._sweep()
        actual = self._actual
        return Written(actual if self._unbroken else replace(actual, token=""), True)

    def _write(self, batch: Batch) -> None:
        """Stage one batch, prove it where it is not to be proved with a later one, confirm it."""
        self._step("staging")
        self._check_lead("the lead of the database ran out; nothing more is written")
        staged = self._session.stage(batch, self._guarded)
        self.staged += 1
        self._step("staged")
        self.token = staged.token
        self._unbroken &= bool(staged.token)
        if batch.region.delta is None:
            self._sweeping = True
        else:
            self._unproved.append(batch.region.delta)
            if not batch.unproved or not self.left:
                self._prove(staged)
        if batch.structural:
            # What is not confirmed rolls back by itself; the new leader finds it so.
            self._check_lead("the lead of the database ran out before the confirmation")
        # Not confirmed: what became of it only the device can tell.
        self._sweeping |= staged.confirm() is not Applied.APPLIED
        self._step("confirmed")

    def _check_decided(self) -> None:
        if not self.go_on():
            raise StaleState(
                self._actual.device, "paused or frozen while writing; what may go on is found anew"
            )

    def _check_lead(self, otherwise: str) -> None:
        if not self._leads():
            raise StaleState(self._actual.device, otherwise)

    def write_first(self, batches: Sequence[Batch]) -> None:
        """Write some of those that are `left` before all others."""
        for batch in batches:
            self._check_decided()
            self.left.remove(batch)
            self._write(batch)

    def follow(self, desired: Desired) -> None:
        """Something else was written and proved beside what is `left`: `desired` is now."""
        self.target = replace(self.target, desired=desired)
        self._followed = True

    def prove_first(self, concerned: Callable[[Delta], bool]) -> None:
        """Prove what is written and not proved, where any of it is `concerned`."""
        if any(map(concerned, self._unproved)):
            self._prove(None)

    def _prove(self, staged: Staged | None) -> None:
        """Read back all that is written and not proved.

        What the driver keeps with a reading is as fresh in a part as in the whole.
        """
        delta, self._unproved = together(self._unproved), []
        read = self._session.read_state(Region(delta))
        self._step("read-back")
        wrong = _undone(self._driver, delta, read)
        if wrong:
            if staged is not None:
                staged.abandon()
            raise DeviceError(
                read.device,
                f"the read-back differs from what was written: {first_lines(wrong.examples)}",
            )
        if staged is not None:
            self._unbroken &= bool(read.token) and read.token == staged.token
        before = self._actual
        desired = self.target.desired
        self._actual = replace(
            read,
            owner=read.owner or before.owner,
            addresses=desired.addresses,
            interfaces=desired.interfaces,
            region=False,
        )

    def _sweep(self) -> Written:
        """After structural changes: read everything; what was to be written must stand."""
        target = self.target
        actual = self._session.read_state()
        self._step("swept")
        drift = compared(self._driver, target.desired, actual)
        left = target.contested.without(drift)
        # What was written between batches was proved then.
        due = still(target.delta, target.desired) if self._followed else target.delta
        # Where nothing differs at all, nothing of what was to be written does.
        wrong = _undone(self._driver, due, actual) if drift else drift
        # What a pause holds back is missing in structure too.
        findings = left.findings if target.whole else ()
        if wrong or findings:
            said = [*wrong.examples, *(f"{f.kind} {f.what}" for f in findings)]
            raise DeviceError(actual.device, f"still differs after writing: {first_lines(said)}")
        return Written(actual if not left else replace(actual, token=""), not left)
