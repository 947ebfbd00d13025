# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders are not as they should be, because something of them is not written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from enforcer.control.desired_state import DesiredState
from enforcer.core.contested import Contested
from enforcer.core.drift import Delta, Drift, Finding, FindingKind, effective, tally_of
from enforcer.core.status import DeviceFacts


@dataclass(frozen=True, slots=True)
class Contention:
    """What is left as somebody else made it, by the last full pass.

    `orders`: in force, and a part of them does not stand. `ended`: a part of them still does.
    `findings`: how many objects of structure, or that no order explains, differ; `count`: all
    objects that do.
    """

    orders: frozenset[int] = frozenset()
    ended: frozenset[int] = frozenset()
    findings: int = 0
    count: int = 0


def contended(state: DesiredState, contested: Contested, drift: Drift) -> Contention:
    """What of `drift` is contested."""
    if not contested:
        return Contention()
    left, findings = contested.split(drift.delta)[1], contested.findings(drift)
    wanting, ended = concerned(state, left, findings)
    rows = tally_of(left).differing
    # What no order explains would be told nowhere else.
    untold = 0 if wanting or ended else rows
    return Contention(wanting, ended, len(findings) + untold, rows + len(findings))


def held_by(
    state: DesiredState, kept: Delta, findings: Iterable[Finding], written: Collection[Finding] = ()
) -> frozenset[int]:
    """Orders that are not as they should be as long as `kept` and `findings` are not written.

    `written`: those of `findings` that are.
    """
    wanting, ended = concerned(state, kept, [f for f in findings if f not in written])
    return wanting | ended


def concerned(
    state: DesiredState, kept: Delta, findings: Iterable[Finding] = ()
) -> tuple[frozenset[int], frozenset[int]]:
    """Orders that are not as they should be because `kept` and `findings` are not written.

    First all that ask for members which are to come, shadowed by another or not; then ended
    ones that still stand: those that the device names, those that asked for what is too much
    there, and where structure differs all that ended since the last exact proof, because an
    object may hold members of a rule that nobody here can read any more.
    """
    wanting: set[int] = set()
    standing: set[int] = set()
    for rule, change in kept.addresses.items():
        wanting |= state.orders_over(rule, change.add)
        standing.update(np.unique(change.remove.order).tolist())
    for rule, moved in kept.interfaces.items():
        wanting |= state.orders_on(rule, [m.name for m in moved.add])
        standing.update(m.order for m in moved.remove)
    surplus = effective(kept)
    for rule, change in surplus.addresses.items():
        standing |= state.ended_over(rule, change.remove)
    for rule, moved in surplus.interfaces.items():
        standing |= state.ended_on(rule, [m.name for m in moved.remove])
    if any(finding.kind is not FindingKind.MISSING for finding in findings):
        standing |= state.unproved
    return frozenset(wanting), frozenset(n for n in standing if n > 0) - state.orders


@dataclass(frozen=True, slots=True)
class NotAsDesired:
    """What is recorded of orders that are not as they should be; see `DeviceFacts`."""

    held: frozenset[int]
    braked: frozenset[int]
    contested: frozenset[int]
    contested_by: tuple[str, ...]

    @classmethod
    def of(
        cls,
        held: frozenset[int],
        braked: frozenset[int],
        contention: Contention,
        contested: Contested,
        before: DeviceFacts | None,
    ) -> NotAsDesired:
        """`held`: by the last look, and `braked`: only because of the inventory before.

        `before`: what was recorded, where the last look did not prove anything: the proof that
        stays on record left those orders out.
        """
        kept, orders = held | contention.ended, contention.orders
        by = contested.writers if contention.count else ()
        if before is not None:
            kept |= before.held_orders - before.braked_orders
            orders |= before.contested_orders
            by = by or before.contested_by
        return cls(kept | braked, braked - kept, orders, by)
