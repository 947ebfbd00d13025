# SPDX-License-Identifier: GPL-2.0-or-later
"""One pass over one device: read, compile, compare, apply, read back, record.

A full pass reads everything. A quick pass relies on the proof of the last one: where the
device's fingerprint shows that nothing was written since, the difference is exactly how the
desired state moved, and only that is written and read back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from enforcer.clock import Clock
from enforcer.control.attribution import Left, foreign_part, outlived
from enforcer.control.bounds import NOTHING, Bounds
from enforcer.control.case import UNWRITTEN, Case, Proof, Request, became
from enforcer.control.contention import Contention, contended, held_by
from enforcer.control.contests import Contests
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence, Terms
from enforcer.control.evidence_words import first_lines, heard
from enforcer.control.facts import Outcome, PassFacts, sentence
from enforcer.control.holdable import Holdable
from enforcer.control.look import Look
from enforcer.control.mending import Touched, looked_at, together
from enforcer.control.new_software import NewSoftware
from enforcer.control.owning import check_owned
from enforcer.control.software import installed
from enforcer.control.steps import Step, no_step
from enforcer.control.turns import Turn, Turns
from enforcer.control.urgent import WAITING, Road, Urgent, has_lane
from enforcer.control.writing import (
    Between,
    Target,
    Writing,
    attributed,
    compared,
    kept_once,
    nothing_between,
)
from enforcer.core.change_policy import Wait
from enforcer.core.drift import Drift, effective, tally_of
from enforcer.core.plan import Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import Driver, Session
from enforcer.errors import DeviceError, StaleState


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
        software: str = "",
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
        self._left: Left | None = None
        self._held: frozenset[int] = frozenset()
        self._owned = False
        self._contests = Contests()
        self._contention = Contention()
        self._new_software = NewSoftware(device.name, state, evidence, software or installed())
        self._bounds = Bounds(device.name, device.mode)
        self.swift = Trait.GOES_WITH_US in driver.traits
        """Whether what is written there goes with this machine."""
        self._turns = Turns(device, driver.traits, clock)
        self._waiting = ""
        self.blind = False
        """Whether the device gives no fingerprint: only a full pass can prove anything."""

    @property
    def turns(self) -> Turns:
        """Whether and when the device may be written to."""
        return self._turns

    @property
    def held_back(self) -> bool:
        """Whether something kept writes back at the last look: only a full pass may end that."""
        return not self._bounds.open

    @property
    def proof(self) -> Proof | None:
        """What is known of the device for sure; None: nothing until the next full pass."""
        return self._proof

    def distrust(self) -> None:
        """Forget the proof: somebody touched the device, or the session broke."""
        self._proof = None

    def rebase(self, before: str, token: str, touched: Touched | None = None) -> bool:
        """Somebody moved the device's fingerprint from `before`, and of ours touched no more."""
        proof = self._proof
        if proof is None or proof.token != before:
            return False
        more = () if touched is None else (touched,)
        self._proof = replace(proof, token=token, touched=(*proof.touched, *more))
        return True

    def run(self, session: Session, request: Request) -> PassFacts:
        """One pass; raises DeviceError after recording what was tried."""
        started, now = self._clock.monotonic(), self._clock.now()
        self._evidence.settle(self.device.name, now)
        self._held, self._waiting = frozenset(), ""
        proof, self._proof = self._proof, None
        if proof is None or request.full:
            facts = self._full(session, request, now)
        elif proof.touched:
            facts = self._mended(session, request, now, proof)
        else:
            facts = self._quick(session, request, now, proof)
        return replace(facts, seconds=self._clock.monotonic() - started)

    def _quick(self, session: Session, request: Request, now: datetime, proof: Proof) -> PassFacts:
        some = has_lane(self.driver.traits)
        delta = self._holdable.only(self.state.advance(now, whole=not some))
        delta = delta if attributed(self.driver) else effective(delta)
        bounds = self._bounds_now(request, self._bounds.marker) if delta else self._bounds
        # What is surely written finds out by itself whether somebody else has written.
        sure = bool(delta) and bounds.open and request.guarded and self._turns.free
        if not proof.stands(session, now, unasked=sure):
            return self._full(session, request, now)
        if not delta:
            self._proof = proof
            return PassFacts(self.device.name, Outcome.CLEAN, now, full=False)
        late = Trait.SELF_EXPIRING in self.driver.traits and outlived(delta, now)
        if late or bounds.contested.split(delta)[1]:
            return self._full(session, request, now)
        self._bounds = bounds
        desired = self._holdable.part(self.state.desired, self.state)
        drift = Drift(delta, tally_of(delta))
        return self._apply(session, request, now, Case(desired, proof.actual, drift, NOTHING))

    def _mended(self, session: Session, request: Request, now: datetime, proof: Proof) -> PassFacts:
        """Only what somebody touched is looked at, where nothing else is to be decided."""
        if not proof.stands(session, now):
            return self._full(session, request, now)
        moved = bool(self.state.advance(now))
        bounds = self._bounds_now(request, self._bounds.marker)
        touched = together(proof.touched)
        if moved or touched is None or not bounds.open or bounds.contested or not self._left:
            return self._full(session, request, now)
        self._bounds = bounds
        desired = self._holdable.part(self.state.desired, self.state)
        case = looked_at(self.driver, session, desired, touched, proof.token)
        if case.actual.token != proof.token:
            # Of what somebody wrote in between nothing is known yet.
            return self._full(session, request, now)
        if found := self._contests.repairing(case.foreign, case.actual, request.writers, now):
            self._evidence.contest(self.device.name, now, found)
            return self._full(session, request, now)
        return self._apply(session, request, now, case)

    def _bounds_now(self, request: Request, marker: bool) -> Bounds:
        control = self._evidence.control(self.device.name)
        return Bounds.of(self.device, request.pause, control, self.state.basis, marker)

    def _full(self, session: Session, request: Request, now: datetime) -> PassFacts:
        self._step("reading")
        actual = session.read_state()
        self._step("read")
        self.blind = not actual.token
        self.state.advance(now)
        desired = self._holdable.part(self.state.desired, self.state)
        drift = compared(self.driver, desired, actual)
        check_owned(self._evidence, self.state, self._owner, actual, None if self._owned else drift)
        self._owned = True
        foreign = foreign_part(self.driver, self._left, drift, actual, now)
        self._bounds = self._decided(request, drift, foreign, actual, now)
        actual = kept_once(self.driver, desired, actual, drift)
        contested = self._bounds.contested
        self._contention = contended(self.state, contested, drift)
        rest, foreign = contested.without(drift), contested.without(foreign)
        return self._apply(session, request, now, Case(desired, actual, rest, foreign, full=True))

    def _decided(
        self, request: Request, drift: Drift, foreign: Drift, actual: Actual, now: datetime
    ) -> Bounds:
        """What may be written, after the brake and the contests have had their say."""
        name = self.device.name
        bounds = self._bounds_now(request, actual.hold)
        if not drift or bounds.mode is not Mode.ENFORCE or bounds.stopped:
            return bounds
        control = self._evidence.control(name)
        judged = self._new_software.judge(drift.delta, actual, control, now)
        if judged is control and bounds.open:
            # What a person just released was changed before, and counted then.
            rest = self._bounds.contested.without(bounds.contested.without(foreign))
            if found := self._contests.repairing(rest, actual, request.writers, now):
                judged = self._evidence.contest(name, now, found)
        if judged is control:
            return bounds
        return Bounds.of(self.device, request.pause, judged, self.state.basis, actual.hold)

    def _apply(self, session: Session, request: Request, now: datetime, case: Case) -> PassFacts:
        if not case.drift:
            self._left = Left(case.desired)
            self._prove(case.actual)
            return self._look.clean(now, case)
        may, rest, held = self._bounds.permitted(case.drift)
        self._held = held_by(self.state, rest, case.drift.findings, may.findings)
        facts = self._look.differing(now, case, request, may, held)
        if not may:
            return self._held_back(case, facts)
        marked = replace(case.desired, mark=self._evidence.mark(self._owner))
        plan = self.driver.plan(marked, may, case.actual)
        wait = self._turns.ask(plan, may.delta, request.asked)
        if wait is None:
            return self._write(session, request, plan, replace(case, drift=may), facts)
        for due in self._turns.sooner(may.delta):
            # What comes needs what it stands on; what only goes does not.
            part = Drift(due.part, tally_of(due.part), may.findings if due.adds else ())
            plan = self.driver.plan(marked, part, case.actual)
            if self._turns.ask(plan, due.part, request.asked) is None:
                self._held |= held_by(self.state, due.rest, may.findings, part.findings)
                self._waiting = wait.why
                facts = self._look.differing(
                    now, case, request, part, held + tally_of(due.rest).differing
                )
                facts = replace(facts, why=wait.why, again=wait.seconds)
                return self._write(session, request, plan, replace(case, drift=part), facts)
        return self._wait(wait, case, facts)

    def _wait(self, wait: Wait, case: Case, facts: PassFacts) -> PassFacts:
        """Nothing is written yet: everything that differs is held back until its turn."""
        self._held = held_by(self.state, case.drift.delta, case.drift.findings)
        self._waiting = wait.why
        number = case.drift.tally.differing + len(case.drift.findings)
        held = replace(facts, outcome=Outcome.HELD, added=0, removed=0, held=number, why=wait.why)
        return replace(self._held_back(case, held), again=wait.seconds)

    def _prove(self, actual: Actual) -> None:
        self._proof = Proof(actual.token, actual) if actual.token else None
        self.state.settle(not self._contention.count, self._contention.ended)
        if not self._bounds.stopped:
            self._new_software.proved()

    def _held_back(self, case: Case, facts: PassFacts) -> PassFacts:
        """Nothing may be written: say how far the device is from what is desired."""
        if case.full:
            actual = case.actual
            held = Desired(self.device.name, actual.addresses, actual.interfaces)
            self._left = Left(held, self.driver.findings(held, actual))
        if self.device.mode is Mode.ENFORCE:
            tampered = case.foreign.tally.differing + len(case.drift.findings)
            untold = 0 if self._held else facts.held
            known = self.known(facts.at, proved=True, drift_open=tampered or untold)
        else:
            differing = case.drift.tally.differing or len(case.drift.findings)
            known = self.known(facts.at, proved=False, drift_open=differing)
        self._evidence.know(self.device.name, known)
        return facts

    def _write(
        self, session: Session, request: Request, plan: Plan, case: Case, facts: PassFacts
    ) -> PassFacts:
        with self._turns.turn() as turn:
            return self._written(session, request, plan, case, facts, turn)

    def _written(
        self,
        session: Session,
        request: Request,
        plan: Plan,
        case: Case,
        facts: PassFacts,
        turn: Turn,
    ) -> PassFacts:
        name, why = self.device.name, _why(request, case, facts)
        # At a first look nobody is blamed, and nobody knows until when the last proof was true.
        foreign = facts.outcome is Outcome.REPAIRED or self._left is None
        terms = Terms(foreign, self.swift, self._bounds)
        intent = self._evidence.intend(name, facts.at, plan, case.drift, why, facts.writers, terms)
        left, self._left = self._left, None
        heard(session)  # What was read before is not what was written.
        contested = self._bounds.contested
        target = Target(case.desired, case.drift.delta, facts.held == 0, contested)
        writing = Writing(
            self.driver,
            session,
            target,
            self._step,
            self._go_on(request),
            self._evidence.leads,
            self._between(session, target, case) if plan.batches[1:] else nothing_between,
        )
        turn.writing = writing
        try:
            written = writing.run(plan.batches, case.actual, request.guarded)
        except DeviceError as error:
            turn.error = error
            failed = self._after(error)
            result = became(error, writing.staged)
            self._left = left if result == UNWRITTEN else None
            self._evidence.conclude(
                intent, name, self._clock.now(), result, str(error), failed, heard(session)
            )
            raise
        turn.proved = True
        if target.whole and written.exact:
            self._left = Left(writing.target.desired)
            self._prove(written.actual)
        done = self.known(self._clock.now(), proved=written.exact)
        facts = replace(facts, verified=facts.verified + sum(b.size for b in plan.batches))
        self._evidence.conclude(
            intent, name, self._clock.now(), "applied", sentence(facts), done, heard(session)
        )
        return facts

    def _between(self, session: Session, target: Target, case: Case) -> Between:
        """What may be written between two batches of a plan."""
        road = Road(
            self.driver,
            session,
            self.state,
            self._holdable,
            self._evidence,
            self._owner,
            self._clock,
            self._step,
            self._bounds,
            Terms(False, self.swift, self._bounds),
            partial(self._known_beside, case.drift),
        )
        if not (road.passable and target.whole):
            return nothing_between
        return Urgent(road, target, case.drift).between

    def _known_beside(self, drift: Drift, unproved: frozenset[int]) -> DeviceFacts:
        """What is to be recorded while `drift` is being written, of which these orders are."""
        look = replace(self._look, held=unproved, waiting=WAITING)
        name, now = self.device.name, self._clock.now()
        known = look.known(self.state, now, self._evidence.facts(name), proved=True)
        # What no order explains would be told nowhere else.
        untold = 0 if unproved else drift.tally.differing
        return replace(known, drift_open=known.drift_open + untold)

    def _go_on(self, request: Request) -> Callable[[], bool]:
        """Asked between batches: whether nobody has decided otherwise meanwhile."""
        begun = self._bounds

        def same() -> bool:
            bounds = self._bounds_now(request, begun.marker)
            return request.go_on() and (bounds.pause, bounds.hold) == (begun.pause, begun.hold)

        return same

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
        known = self._look.known(self.state, at, before, proved)
        known = replace(known, drift_open=drift_open) if drift_open else known
        if error is None:
            return known
        since = (before.failing_since if before else None) or at
        code, said = type(error).__name__, str(error)
        return replace(known, failing_since=since, error_code=code, error=said)

    @property
    def _look(self) -> Look:
        unsupported = self._holdable.unsupported_orders
        return Look(self._bounds, self._contention, self._held, unsupported, self._waiting)


def _why(request: Request, case: Case, facts: PassFacts) -> str:
    """What an intent says that it is for."""
    if facts.outcome is Outcome.REPAIRED:
        return f"drift: {first_lines([*facts.findings, *case.foreign.examples])}"
    return request.reason
