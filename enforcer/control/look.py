# SPDX-License-Identifier: GPL-2.0-or-later
"""What one look at a device found, as the facts of its pass and as what is recorded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from enforcer.control.bounds import Bounds
from enforcer.control.case import Case, Request, differs, present
from enforcer.control.contention import Contention, NotAsDesired
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome, PassFacts
from enforcer.core.drift import Drift
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Mode

BEHIND = "more orders begin or end at once than are written at once; the rest follows"


@dataclass(frozen=True, slots=True)
class Look:
    """`held`: orders that are not as they should be because something is not written.

    `unsupported`: orders that the device cannot hold. `waiting`: why it waits for its turn.
    """

    bounds: Bounds
    contention: Contention = field(default_factory=Contention)
    held: frozenset[int] = frozenset()
    unsupported: frozenset[int] = frozenset()
    waiting: str = ""

    def clean(self, now: datetime, case: Case) -> PassFacts:
        """Nothing is to be written."""
        return PassFacts(
            self.bounds.device,
            Outcome.CLEAN,
            now,
            full=case.full,
            verified=case.drift.tally.verified,
            contested=self.contention.count,
        )

    def differing(
        self, now: datetime, case: Case, request: Request, may: Drift, held: int
    ) -> PassFacts:
        """`may` of what differs is written, `held` differences are not."""
        foreign = case.foreign
        outcome = Outcome.REPAIRED if differs(foreign) else Outcome.APPLIED
        if not may:
            observing = self.bounds.mode is Mode.OBSERVE
            outcome = Outcome.OBSERVED if observing else Outcome.HELD
        ours = may.tally
        added = ours.missing + ours.altered - foreign.tally.missing - foreign.tally.altered
        return PassFacts(
            self.bounds.device,
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
            why=self.bounds.stopped if held else "",
            contested=self.contention.count,
        )

    def known(
        self, state: DesiredState, at: datetime, before: DeviceFacts | None, proved: bool
    ) -> DeviceFacts:
        """What is now to be recorded; `before`: what was. Where nothing is `proved`, that stays."""
        bounds, contention = self.bounds, self.contention
        off = NotAsDesired.of(
            self.held, state.held, contention, bounds.contested, None if proved else before
        )
        told = proved or before is None
        older = state.basis != state.inventory
        return DeviceFacts(
            verified_seq=state.head if proved else before.verified_seq if before else 0,
            verified_at=at if proved else before.verified_at if before else None,
            proved_for=state.looked_at if proved else before.proved_for if before else None,
            drift_open=max(contention.findings, 0 if told or before is None else before.drift_open),
            mode=bounds.mode,
            paused=bounds.paused,
            held_orders=off.held,
            braked_orders=off.braked,
            unsupported_orders=self.unsupported,
            inventory=state.basis if told or before is None else before.inventory,
            present=(state.inventory if older else "") if told else present(before),
            braked=bounds.hold.why if bounds.hold is not None else "",
            marker=bounds.marker,
            waiting=self.waiting or (BEHIND if proved and state.behind else ""),
            contested_orders=off.contested,
            contested_by=off.contested_by,
        )
