# SPDX-License-Identifier: GPL-2.0-or-later
"""Small orders that come while a plan of many batches is being written to one device.

They do not wait for it: between two batches they get a plan, an intent and a proof of their own.
What they ask for must be free of what is yet to be written: a batch that touches it goes first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from enforcer.clock import Clock
from enforcer.control.attribution import outlived
from enforcer.control.bounds import Bounds
from enforcer.control.case import became
from enforcer.control.contention import held_by
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence, Terms
from enforcer.control.evidence_words import heard
from enforcer.control.holdable import Holdable
from enforcer.control.steps import Step
from enforcer.control.writing import Target, Writing
from enforcer.core.addresses import search
from enforcer.core.deltas import region
from enforcer.core.drift import Delta, Drift, tally_of
from enforcer.core.intervals import Ranges
from enforcer.core.plan import Batch, Plan, Region, Trait
from enforcer.core.rules import Actual, Desired, Members, Owner, Rule
from enforcer.core.status import DeviceFacts
from enforcer.driver_api import Driver, Session
from enforcer.errors import DeviceError, StaleState

MOST_ROWS = 2_000
"""What asks for more is no small order: it waits for its own plan."""
_MOST_FIRST = 4
"""So many batches may have to go first; where it takes more, the order waits a little."""
WHY = "an order that came while more was being written"
WAITING = "more is being written to this device, and is proved when all of it stands"


@dataclass(frozen=True, slots=True)
class Road:
    """What is needed to write to one device. `known`: what is to be recorded of it, given the
    orders that are not proved yet; `leads` as in `Evidence`.
    """

    driver: Driver
    session: Session
    state: DesiredState
    holdable: Holdable
    evidence: Evidence
    owner: Owner
    clock: Clock
    step: Step
    bounds: Bounds
    terms: Terms
    known: Callable[[frozenset[int]], DeviceFacts]

    @property
    def passable(self) -> bool:
        """Whether something may be written between two batches here."""
        return has_lane(self.driver.traits) and self.bounds.open


def has_lane(traits: Trait) -> bool:
    """Whether small orders may be written between others on such a device."""
    return Trait.ATOMIC in traits and not traits & (Trait.REMOTE | Trait.UNATTRIBUTED)


class Urgent:
    """Beside the writing of one plan; used by its thread."""

    def __init__(self, road: Road, target: Target, drift: Drift) -> None:
        self._road = road
        self._target = target
        self._drift = drift
        self._unproved: frozenset[int] | None = None

    def between(self, writing: Writing) -> None:
        """Write what is urgent before the batches that are left.

        Raises DeviceError, StaleState: only a new plan can tell what is due.
        """
        road = self._road
        now = road.clock.now()
        if not writing.token:
            # Where nobody knows what stands, nothing can be written beside it.
            return
        ahead = road.state.ahead(now, MOST_ROWS)
        if not ahead.region or _before(writing, ahead.region) is None:
            return
        foreseen = road.state.foresee(ahead, now)
        # One address more or less can redraw the rows of a wide one around it.
        around = region(foreseen.delta, ahead.region)
        first = _before(writing, around)
        if first is None:
            return
        delta = road.holdable.only(foreseen.delta)
        late = Trait.SELF_EXPIRING in road.driver.traits and outlived(delta, now)
        if late or road.bounds.contested.split(delta)[1]:
            raise StaleState(road.state.device, "what is due has changed; it is found anew")
        writing.write_first(first)
        writing.prove_first(partial(touches, region=around))
        road.state.follow(foreseen)
        if delta:
            self._write(delta, writing)
        writing.follow(road.holdable.part(road.state.desired, road.state))

    def _write(self, delta: Delta, writing: Writing) -> None:
        road = self._road
        desired = road.holdable.part(road.state.desired, road.state)
        read = road.session.read_state(Region(delta))
        if writing.token and read.token != writing.token:
            raise StaleState(road.state.device, "somebody changed it while it was being written")
        drift = Drift(delta, tally_of(delta))
        marked = replace(desired, mark=road.evidence.mark(road.owner))
        plan = road.driver.plan(marked, drift, read)
        if _shapes(plan.batches) and _shapes(writing.left):
            # What is left takes away an old structure, of which this plan knows nothing.
            raise StaleState(road.state.device, "a rule came while rules are being laid out anew")
        self._carry_out(plan, drift, desired, read, writing.go_on)

    def _carry_out(
        self,
        plan: Plan,
        drift: Drift,
        desired: Desired,
        read: Actual,
        go_on: Callable[[], bool],
    ) -> None:
        road, name = self._road, self._road.state.device
        evidence = road.evidence
        intent = evidence.intend(name, road.clock.now(), plan, drift, WHY, (), road.terms)
        # Of the rest of what is desired, much is missing still.
        target = Target(desired, drift.delta, False, road.bounds.contested)
        driver, session = road.driver, road.session
        writing = Writing(driver, session, target, road.step, go_on, evidence.leads)
        heard(road.session)
        try:
            writing.run(plan.batches, read, guarded=True)
        except DeviceError as error:
            at = road.clock.now()
            facts = evidence.facts(name) or road.known(self._held())
            result = became(error, writing.staged)
            evidence.conclude(intent, name, at, result, str(error), facts, heard(road.session))
            raise
        facts = road.known(self._held())
        said = f"{sum(batch.size for batch in plan.batches)} members between two batches"
        evidence.conclude(
            intent, name, road.clock.now(), "applied", said, facts, heard(road.session)
        )

    def _held(self) -> frozenset[int]:
        """Orders that are proved only when the whole plan is."""
        if self._unproved is None:
            drift = self._drift
            self._unproved = held_by(self._road.state, self._target.delta, drift.findings)
        return self._unproved


def _before(writing: Writing, region: Mapping[Rule, Ranges]) -> list[Batch] | None:
    """The batches left that must go before what is about `region`; None: it must wait."""
    first = [b for b in writing.left if b.region.delta is None or touches(b.region.delta, region)]
    return None if len(first) > _MOST_FIRST or any(map(_stays, first)) else first


def touches(delta: Delta, region: Mapping[Rule, Ranges]) -> bool:
    """Whether any member of `delta` overlaps `region` (canonical), or is of such a rule by name."""
    if not region.keys().isdisjoint(delta.interfaces):
        return True
    return any(
        _meet(members, region[rule])
        for rule, change in delta.addresses.items()
        if rule in region
        for members in (change.add, change.remove)
    )


def _meet(members: Members, region: Ranges) -> bool:
    low = search(region.last, members.first, "left")
    high = search(region.first, members.last, "right")
    return bool(np.any(high > low))


def _shapes(batches: Sequence[Batch]) -> bool:
    return any(batch.shaping for batch in batches)


def _stays(batch: Batch) -> bool:
    """Whether a batch must not go before others: it shapes, or only takes away."""
    delta = batch.region.delta
    if batch.shaping or delta is None:
        return True
    adds = any(len(change.add) for change in delta.addresses.values())
    return not adds and any(len(change.remove) for change in delta.addresses.values())
