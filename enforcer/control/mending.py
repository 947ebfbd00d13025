# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody touched is looked at alone, where the device told exactly what that was.

Reading everything after each foreign change of one element would take as long as everything is
big. Pure, apart from the one question to the device.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from enforcer.control.case import Case
from enforcer.control.writing import attributed
from enforcer.core.addresses import before
from enforcer.core.drift import Change, Delta, compare_region
from enforcer.core.intervals import Ranges, match
from enforcer.core.patch import overlapping
from enforcer.core.plan import Region, Trait
from enforcer.core.rules import NO_END, Actual, Desired, Members, Rule
from enforcer.driver_api import Driver, Session

Touched = Mapping[Rule, Ranges]


def together(some: Iterable[Touched]) -> dict[Rule, Ranges] | None:
    """All members that were touched, each once, sorted.

    None: some of them overlap, so that not all of them can be members.
    """
    found: dict[Rule, list[Ranges]] = {}
    for touched in some:
        for rule, ranges in touched.items():
            found.setdefault(rule, []).append(ranges)
    every = {rule: _distinct(parts) for rule, parts in found.items()}
    apart = all(bool(before(r.last[:-1], r.first[1:]).all()) for r in every.values())
    return every if apart else None


def _distinct(parts: Iterable[Ranges]) -> Ranges:
    rows = np.unique(np.concatenate([np.hstack((p.first, p.last)) for p in parts]), axis=0)
    return Ranges(rows[:, :2], rows[:, 2:])


def looked_at(
    driver: Driver, session: Session, desired: Desired, touched: Touched, token: str
) -> Case:
    """How what is there of `touched` differs from `desired`.

    All else is known to be as desired as of `token`, and only where what was read has that one.
    Raises as `Session.read_state`.
    """
    delta = Delta({rule: _change(desired, rule, ranges) for rule, ranges in touched.items()})
    read = session.read_state(Region(delta, vouched=token))
    expiring = Trait.SELF_EXPIRING in driver.traits
    drift = compare_region(delta, read, self_expiring=expiring, attributed=attributed(driver))
    return Case(desired, whole(desired, read), drift, drift)


def whole(desired: Desired, read: Actual) -> Actual:
    """`read`, with what is known to be as desired."""
    addresses, interfaces = desired.addresses, desired.interfaces
    return replace(read, addresses=addresses, interfaces=interfaces, region=False)


def _change(desired: Desired, rule: Rule, ranges: Ranges) -> Change:
    """What is desired around `ranges`, and what else may be there now."""
    wanted = overlapping(desired.addresses.get(rule, Members.none()), ranges)
    others = ranges.take(match(ranges, wanted) < 0)
    nothing = np.full(len(others), -1, np.int64)
    return Change(wanted, Members(others.first, others.last, np.full(len(others), NO_END), nothing))
