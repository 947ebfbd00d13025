# SPDX-License-Identifier: GPL-2.0-or-later
"""What is recorded of a device's proof: its facts, and for how long it held without a break."""

from __future__ import annotations

from datetime import datetime

from enforcer.core.status import DeviceFacts
from enforcer.storage.unit_of_work import UnitOfWork


def proves(facts: DeviceFacts) -> bool:
    """Whether the last look found the device exactly as desired, nothing left out."""
    return (
        facts.verified_at is not None
        and facts.failing_since is None
        and not facts.drift_open
        and not facts.held_orders
        and not facts.unsupported_orders
        and not facts.contested_orders
        and not facts.waiting
    )


def keep(
    work: UnitOfWork,
    device: str,
    facts: DeviceFacts,
    before: DeviceFacts | None,
    wrote: bool = False,
) -> None:
    """Replace what was known of `device`, `before`; one that was written to begins a period."""
    work.devices.save_facts(device, facts)
    at = facts.verified_at
    if at is None or not proves(facts):
        return
    unbroken = not wrote and before is not None and proves(before)
    work.periods.prove(device, at, facts.verified_seq, facts.inventory, unbroken)


def held_until(
    work: UnitOfWork, device: str, known: DeviceFacts | None, until: datetime | None
) -> None:
    """What was proved last held `until` the device was about to be written to; None: who knows.

    Said afterwards: it must not delay the writing, and a death in between makes the record
    say less, never too much.
    """
    if until is not None and known is not None and proves(known):
        work.periods.prolong(device, until)
