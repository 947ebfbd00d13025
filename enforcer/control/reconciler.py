# SPDX-License-Identifier: GPL-2.0-or-later
"""One pass over one device: read, compile, compare, apply, read back, record.

A full pass reads everything. A quick pass relies on the proof of the last one: where the
device's fingerprint shows that nothing was written since, the difference is exactly how the
desired state moved, and only that is written and read back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from enforcer.clock import Clock
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence, first_lines
from enforcer.control.facts import Outcome, PassFacts, sentence
from enforcer.control.holdable import Holdable
from enforcer.control.ownership import check_mark, check_orders
from enforcer.control.steps import Step, no_step
from enforcer.control.writing import Target, Writing, always, compared
from enforcer.core.brake import PauseState, allowed
from enforcer.core.drift import Delta, Drift, Finding, Tally, tally_of
from enforcer.core.instants import to_ms
from enforcer.core.plan import Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import GRACE_MS, Driver, Session
from enforcer.errors import CommandRejected, DeviceError, StaleState


@dataclass(frozen=True, slots=True)
class Proof:
    """The device held exactly the desired state when its fingerprint was `token`."""

    token: str
    actual: Actual


@dataclass(frozen=True, slots=True)
class Request:
    """Why a pass is made. `full`: read everything. `writers`: who touched the device.

    `go_on` is asked between batches: False where somebody paused or froze meanwhile.
    """

    reason: str
    full: bool
    pause: PauseState = PauseState.RUNNING
    writers: tuple[str, ...] = ()
    guarded: bool = True
    go_on: Callable[[], bool] = always


@dataclass(frozen=True, slots=True)
class _Case:
    """One pass's facts: what is desired, what is there, how they differ, whose fault it is.

    `foreign`: how what is there differs from what we left there, as far as it must be written.
    """

    desired: Desired
    actual: Actual
    drift: Drift
    foreign: Drift
    full: bool = False


@dataclass(frozen=True, slots=True)
class _Left:
    """What stood on the device after our last pass; `findings`: what was wrong even then."""

    desired: Desired
    findings: tuple[Finding, ...] = ()


_NOTHING = Drift(Delta(), Tally())
_MARGIN_MS = 5_000


class Reconciler:
    """Bound to one device; used by one thread at a time."""

    def __init__(
        self,
        device: Device,
        driver: Driver,
        state: DesiredState,
        evidence: Evidence,
        owner: Owner,
        clock: Clock,
        step: Step = no_step,
    ) -> None:
        self.device = device
        self.driver = driver
        self.state = state
        self._evidence = evidence
        self._owner = owner
        self._clock = clock
        self._step = step
        self._holdable = Holdable(device, driver.capability)
        self._proof: Proof | None = None
        self._left: _Left | None = None
        self._paused = False
        self._held: frozenset[int] = frozenset()
        self._owned = False
        self.blind = False
        """Whether the device gives no fingerprint: only a full pass can prove anything."""

    @property
    def proof(self) -> Proof | None:
        """What is known of the device for sure; None: nothing until the next full pass."""
        return self._proof

    def distrust(self) -> None:
        """Forget the proof: somebody touched the device, or the session broke."""
        self._proof = None

    def rebase(self, before: str, token: str) -> bool:
        """Somebody moved the device's fingerprint from `before` without touching ours."""
        if self._proof is None or self._proof.token != before:
            return False
        self._proof = replace(self._proof, token=token)
        return True

    def run(self, session: Session, request: Request) -> PassFacts:
        """One pass; raises DeviceError after recording what was tried."""
        started = self._clock.monotonic()
        now = self._clock.now()
        self._evidence.settle(self.device.name, now)
        self._paused = request.pause is not PauseState.RUNNING
        self._held = frozenset()
        proof = None if request.full else self._standing_proof(session, now)
        self._proof = None
        if proof is None:
            facts = self._full(session, request, now)
        else:
            facts = self._quick(session, request, now, proof)
        return replace(facts, seconds=self._clock.monotonic() - started)

    def _standing_proof(self, session: Session, now: datetime) -> Proof | None:
        proof = self._proof
        if proof is None:
            return None
        seen = session.fingerprint()
        if seen.token != proof.token:
            return None
        if seen.valid_until is not None and seen.valid_until <= now:
            return None
        return proof

    def _quick(self, session: Session, request: Request, now: datetime, proof: Proof) -> PassFacts:
        delta = self._holdable.only(self.state.advance(now))
        if not delta:
            self._proof = proof
            return PassFacts(self.device.name, Outcome.CLEAN, now, full=False)
        if Trait.SELF_EXPIRING in self.driver.traits and _outlived(delta, now):
            return self._full(session, request, now)
        desired = self._holdable.part(self.state.desired, self.state)
        drift = Drift(delta, tally_of(delta))
        return self._apply(session, request, now, _Case(desired, proof.actual, drift, _NOTHING))

    def _full(self, session: Session, request: Request, now: datetime) -> PassFacts:
        self._step("reading")
        actual = session.read_state()
        self._step("read")
        self.blind = not actual.token
        self.state.advance(now)
        self._check_owned(actual)
        desired = self._holdable.part(self.state.desired, self.state)
        drift = compared(self.driver, desired, actual)
        foreign = self._foreign(drift, actual, now)
        return self._apply(session, request, now, _Case(desired, actual, drift, foreign, full=True))

    def _check_owned(self, actual: Actual) -> None:
        """Raise NotOwned where this database may not write to the device."""
        name = self.device.name
        adopted = self._evidence.adopted(name)
        check_mark(actual, self._owner, adopted)
        if not self._owned:
            known = self._evidence.facts(name)
            before = known is not None and known.verified_at is not None
            standing = self.state.orders
            check_orders(
                actual,
                self._owner,
                adopted,
                lambda numbers: self._evidence.never_placed(numbers - standing),
                before,
            )
        self._owned = True

    def _foreign(self, drift: Drift, actual: Actual, now: datetime) -> Drift:
        """The part of `drift` that somebody else made: at a first look nobody is blamed."""
        if not drift or self._left is None:
            return _NOTHING
        left = self._left.desired
        if Trait.SELF_EXPIRING in self.driver.traits:
            left = _survivors(left, now)
        found = compared(self.driver, left, actual)
        tally = Tally(
            min(found.tally.missing, drift.tally.missing),
            min(found.tally.extra, drift.tally.extra),
            min(found.tally.altered, drift.tally.altered),
        )
        findings = tuple(f for f in found.findings if f not in self._left.findings)
        return replace(found, tally=tally, findings=findings)

    def _apply(self, session: Session, request: Request, now: datetime, case: _Case) -> PassFacts:
        if not case.drift:
            self._left = _Left(case.desired)
            self._prove(case.actual)
            return self._clean(now, case)
        may, rest, held = self._permitted(case.drift, request.pause)
        self._held = self._waiting(rest)
        facts = self._facts(now, case, request, may, held)
        if not may:
            return self._held_back(case, facts)
        plan = self.driver.plan(case.desired, may, case.actual)
        return self._write(session, request, plan, replace(case, drift=may), facts)

    def _prove(self, actual: Actual) -> None:
        self._proof = Proof(actual.token, actual) if actual.token else None

    def _permitted(self, drift: Drift, pause: PauseState) -> tuple[Drift, Delta, int]:
        """What of `drift` may be written; what may not, and how many differences that is."""
        if self.device.mode is not Mode.ENFORCE:
            return _NOTHING, Delta(), max(drift.tally.differing, 1)
        if pause is PauseState.RUNNING:
            return drift, Delta(), 0
        delta, held = allowed(drift.delta, pause)
        findings = drift.findings if pause is not PauseState.FROZEN and delta else ()
        may = Drift(delta, tally_of(delta), findings)
        left = tally_of(held).differing + len(drift.findings) - len(findings)
        return may, held, left

    def _facts(
        self, now: datetime, case: _Case, request: Request, may: Drift, held: int
    ) -> PassFacts:
        foreign = case.foreign
        outcome = Outcome.REPAIRED if _differs(foreign) else Outcome.APPLIED
        if not may:
            observing = self.device.mode is Mode.OBSERVE
            outcome = Outcome.OBSERVED if observing else Outcome.HELD
        ours = may.tally
        added = ours.missing + ours.altered - foreign.tally.missing - foreign.tally.altered
        return PassFacts(
            self.device.name,
            outcome,
            now,
            full=case.full,
            added=max(added, 0),
            removed=max(ours.extra - foreign.tally.extra, 0),
            verified=case.drift.tally.verified,
            drift=foreign.tally,
            findings=tuple(f"{f.kind} {f.what}" for f in foreign.findings),
            writers=request.writers,
            held=held,
        )

    def _clean(self, now: datetime, case: _Case) -> PassFacts:
        return PassFacts(
            self.device.name,
            Outcome.CLEAN,
            now,
            full=case.full,
            verified=case.drift.tally.verified,
        )

    def _held_back(self, case: _Case, facts: PassFacts) -> PassFacts:
        """Nothing may be written: say how far the device is from what is desired."""
        if case.full:
            actual = case.actual
            held = Desired(self.device.name, actual.addresses, actual.interfaces)
            self._left = _Left(held, self.driver.findings(held, actual))
        if self.device.mode is Mode.ENFORCE:
            tampered = case.foreign.tally.differing + len(case.drift.findings)
            known = self.known(facts.at, proved=True, drift_open=tampered)
        else:
            differing = case.drift.tally.differing or len(case.drift.findings)
            known = self.known(facts.at, proved=False, drift_open=differing)
        self._evidence.know(self.device.name, known)
        return facts

    def _waiting(self, held: Delta) -> frozenset[int]:
        """Orders that are not as they should be because of what is held back.

        All that ask for members which may not be written, shadowed by another or not, and
        ended ones whose members still stand.
        """
        wanting: set[int] = set()
        standing: set[int] = set()
        for rule, change in held.addresses.items():
            wanting |= self.state.orders_over(rule, change.add)
            standing.update(np.unique(change.remove.order).tolist())
        for rule, moved in held.interfaces.items():
            wanting |= self.state.orders_on(rule, [m.name for m in moved.add])
            standing.update(m.order for m in moved.remove)
        return frozenset(wanting | (standing - self.state.orders))

    def _write(
        self, session: Session, request: Request, plan: Plan, case: _Case, facts: PassFacts
    ) -> PassFacts:
        why = request.reason
        if facts.outcome is Outcome.REPAIRED:
            why = f"drift: {first_lines([*facts.findings, *case.foreign.examples])}"
        name = self.device.name
        self._left = None
        intent = self._evidence.intend(name, facts.at, plan, case.drift, why, facts.writers)
        target = Target(case.desired, case.drift.delta, facts.held == 0)
        writing = Writing(self.driver, session, target, self._step, request.go_on)
        try:
            written = writing.run(plan.batches, case.actual, request.guarded)
        except DeviceError as error:
            failed = self._after(error)
            result = _result(error, writing.staged)
            self._evidence.conclude(intent, name, self._clock.now(), result, str(error), failed)
            raise
        if target.whole and written.exact:
            self._left = _Left(case.desired)
            self._prove(written.actual)
        done = self.known(self._clock.now(), proved=written.exact)
        facts = replace(facts, verified=facts.verified + sum(b.size for b in plan.batches))
        self._evidence.conclude(intent, name, self._clock.now(), "applied", sentence(facts), done)
        return facts

    def _after(self, error: DeviceError) -> DeviceFacts:
        """A device that was merely quicker than we were is not failing."""
        shown = None if isinstance(error, StaleState) else error
        return self.known(self._clock.now(), proved=False, error=shown)

    def known(
        self,
        at: datetime,
        *,
        proved: bool,
        drift_open: int = 0,
        error: DeviceError | None = None,
    ) -> DeviceFacts:
        """What is now to be recorded about the device."""
        before = self._evidence.facts(self.device.name)
        failing = error is not None
        since = before.failing_since if before and failing else None
        return DeviceFacts(
            verified_seq=self.state.head if proved else before.verified_seq if before else 0,
            verified_at=at if proved else before.verified_at if before else None,
            proved_for=self.state.looked_at if proved else before.proved_for if before else None,
            failing_since=(since or at) if failing else None,
            error_code=type(error).__name__ if error else "",
            error=str(error) if error else "",
            drift_open=drift_open,
            mode=self.device.mode,
            paused=self._paused,
            held_orders=self._held,
            unsupported_orders=self._holdable.unsupported_orders,
            inventory=self.state.inventory if proved or before is None else before.inventory,
        )


def _outlived(delta: Delta, now: datetime) -> bool:
    """Whether the device may have dropped by itself what `delta` removes: we are very late."""
    until = to_ms(now) + _MARGIN_MS - GRACE_MS
    ends = [change.remove.end for change in delta.addresses.values()]
    late = any(bool((column <= until).any()) for column in ends)
    return late or any(m.end <= until for c in delta.interfaces.values() for m in c.remove)


def _survivors(desired: Desired, now: datetime) -> Desired:
    """What is left of `desired` on a device that drops members by itself."""
    gone = to_ms(now) - GRACE_MS
    addresses = {r: m.take(m.end > gone) for r, m in desired.addresses.items()}
    interfaces = {
        r: tuple(m for m in some if m.end > gone) for r, some in desired.interfaces.items()
    }
    return Desired(
        desired.device,
        {r: m for r, m in addresses.items() if len(m)},
        {r: some for r, some in interfaces.items() if some},
    )


def _differs(drift: Drift) -> bool:
    return bool(drift.tally.differing or drift.findings)


def _result(error: DeviceError, staged: int) -> str:
    """What became of a plan that failed after so many batches were taken by the device."""
    if isinstance(error, StaleState):
        return "partial" if staged else "not written"
    if isinstance(error, CommandRejected):
        return "rejected"
    return "unknown"
