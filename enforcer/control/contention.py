# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders are not as they should be, because something of them is not written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enforcer.control.desired_state import DesiredState
from enforcer.core.contested import Contested
from enforcer.core.drift import Delta, Drift, tally_of


@dataclass(frozen=True, slots=True)
class Contention:
    """What is left as somebody else made it, by the last full pass.

    `orders`: in force, and a part of them does not stand. `ended`: a part of them still does.
    `findings`: how many objects of structure differ; `count`: all objects that do.
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
    wanting, ended = concerned(state, left)
    count = tally_of(left).differing + len(findings)
    return Contention(wanting, ended, len(findings), count)


def concerned(state: DesiredState, kept: Delta) -> tuple[frozenset[int], frozenset[int]]:
    """Orders that are not as they should be because `kept` is not written.

    First all that ask for members which are to come, shadowed by another or not; then ended
    ones whose members still stand.
    """
    wanting: set[int] = set()
    standing: set[int] = set()
    for rule, change in kept.addresses.items():
        wanting |= state.orders_over(rule, change.add)
        standing.update(np.unique(change.remove.order).tolist())
    for rule, moved in kept.interfaces.items():
        wanting |= state.orders_on(rule, [m.name for m in moved.add])
        standing.update(m.order for m in moved.remove)
    return frozenset(wanting), frozenset(standing - state.orders)
