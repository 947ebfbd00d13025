# SPDX-License-Identifier: GPL-2.0-or-later
"""Stage, read back, confirm: every batch is proved before it is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from enforcer.control.evidence_words import first_lines
from enforcer.control.steps import Step, always
from enforcer.core.contested import Contested
from enforcer.core.drift import Delta, Drift, compare, compare_region
from enforcer.core.plan import Batch, Trait
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


def attributed(driver: Driver) -> bool:
    """Whether members on the device carry an order's number and the desired boundaries."""
    return Trait.UNATTRIBUTED not in driver.traits


def _undone(driver: Driver, delta: Delta, read: Actual) -> Drift:
    expiring, told = _expiring(driver), attributed(driver)
    return compare_region(delta, read, self_expiring=expiring, attributed=told)


def _expiring(driver: Driver) -> bool:
    return Trait.SELF_EXPIRING in driver.traits


Between = Callable[[list[Batch], Callable[[Batch], None]], Desired | None]
"""Asked between batches, with those that are left and a way to write one of them first: what is
desired by then, where something was written that the plan does not know."""


def nothing_between(left: list[Batch], write: Callable[[Batch], None]) -> None:
    """Where a plan is written in one go."""


class Writing:
    """One plan on its way to one device. `staged`: how many batches the device has taken.

    `target` follows what was written between batches.
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
        self._go_on = go_on
        self._leads = leads
        self._between = between
        self._driver = driver
        self._session = session
        self.target = target
        self._step = step
        self._sweeping = False
        self.staged = 0

    def run(self, batches: Sequence[Batch], before: Actual, guarded: bool) -> Written:
        """Write all batches on top of `before`; raises DeviceError where one is not proved."""
        actual, left = before, list(batches)

        def write(batch: Batch) -> None:
            nonlocal actual
            actual = self._write(batch, before, actual, guarded)

        while left:
            if self.staged and not self._go_on():
                raise StaleState(
                    before.device, "paused or frozen while writing; what may go on is found anew"
                )
            write(left.pop(0))
            desired = self._between(left, write) if left else None
            if desired is not None:
                self.target = replace(self.target, desired=desired)
        if self._sweeping:
            return self._sweep()
        return Written(actual, True)

    def _write(self, batch: Batch, before: Actual, actual: Actual, guarded: bool) -> Actual:
        """Stage one batch, prove it where it is to be proved by itself, confirm it."""
        self._step("staging")
        if not self._leads():
            raise StaleState(
                before.device, "the lead of the database ran out; nothing more is written"
            )
        staged = self._session.stage(batch, guarded)
        first = not self.staged
        self.staged += 1
        self._step("staged")
        if batch.region.delta is None or batch.unproved:
            self._sweeping = True
        else:
            read = self._read_back(batch, batch.region.delta, staged)
            unbroken = bool(read.token) and read.token == staged.token
            unbroken &= first or bool(actual.token)
            proved = self._proved(before, read)
            actual = proved if unbroken else replace(proved, token="")
        if batch.structural and not self._leads():
            # What is not confirmed rolls back by itself; the new leader finds it so.
            raise StaleState(
                before.device, "the lead of the database ran out before the confirmation"
            )
        # Not confirmed: what became of it only the device can tell.
        self._sweeping |= staged.confirm() is not Applied.APPLIED
        self._step("confirmed")
        return actual

    def _read_back(self, batch: Batch, delta: Delta, staged: Staged) -> Actual:
        read = self._session.read_state(batch.region)
        self._step("read-back")
        wrong = _undone(self._driver, delta, read)
        if wrong:
            staged.abandon()
            raise DeviceError(
                read.device,
                f"the read-back differs from what was written: {first_lines(wrong.examples)}",
            )
        return read

    def _proved(self, before: Actual, read: Actual) -> Actual:
        """What stands, by what was proved before and by reading back a part.

        What the driver keeps with a reading is as fresh in a part as in the whole.
        """
        desired = self.target.desired
        return replace(
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
        # Where nothing differs at all, nothing of what was to be written does.
        wrong = _undone(self._driver, target.delta, actual) if drift else drift
        # What a pause holds back is missing in structure too.
        findings = left.findings if target.whole else ()
        if wrong or findings:
            said = [*wrong.examples, *(f"{f.kind} {f.what}" for f in findings)]
            raise DeviceError(actual.device, f"still differs after writing: {first_lines(said)}")
        return Written(actual if not left else replace(actual, token=""), not left)
