# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose doing a difference is: ours that is yet to be written, or somebody else's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from enforcer.control.writing import compared
from enforcer.core.drift import Delta, Drift, Finding, Tally
from enforcer.core.instants import to_ms
from enforcer.core.plan import Trait
from enforcer.core.rules import Actual, Desired
from enforcer.driver_api import GRACE_MS, Driver

_MARGIN_MS = 5_000


@dataclass(frozen=True, slots=True)
class Left:
    """What stood on the device after our last pass; `findings`: what was wrong even then."""

    desired: Desired
    findings: tuple[Finding, ...] = ()


def foreign_part(
    driver: Driver, left: Left | None, drift: Drift, actual: Actual, now: datetime
) -> Drift:
    """The part of `drift` that somebody else made: at a first look nobody is blamed."""
    if not drift or left is None:
        return Drift(Delta(), Tally())
    before = left.desired
    if Trait.SELF_EXPIRING in driver.traits:
        before = survivors(before, now)
    found = compared(driver, before, actual)
    tally = Tally(
        min(found.tally.missing, drift.tally.missing),
        min(found.tally.extra, drift.tally.extra),
        min(found.tally.altered, drift.tally.altered),
    )
    findings = tuple(f for f in found.findings if f not in left.findings)
    return replace(found, tally=tally, findings=findings)


def survivors(desired: Desired, now: datetime) -> Desired:
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


def outlived(delta: Delta, now: datetime) -> bool:
    """Whether the device may have dropped by itself what `delta` removes: we are very late."""
    until = to_ms(now) + _MARGIN_MS - GRACE_MS
    ends = [change.remove.end for change in delta.addresses.values()]
    late = any(len(column) and bool((column <= until).any()) for column in ends)
    return late or any(m.end <= until for c in delta.interfaces.values() for m in c.remove)
