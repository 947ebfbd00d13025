# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this database may write to a device, by all that it and the device say."""

from __future__ import annotations

from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.ownership import check_history, check_mark, check_orders, unexplained
from enforcer.core.drift import Drift
from enforcer.core.rules import Actual, Owner


def check_owned(
    evidence: Evidence, state: DesiredState, owner: Owner, actual: Actual, first: Drift | None
) -> None:
    """Raise NotOwned where this database may not write to the device.

    `first`: at the first look of this process, how the device differs; None: it is a later one.
    """
    name = state.device
    adopted = evidence.adopted(name)
    check_mark(actual, owner, adopted)
    if first is None:
        return
    known = evidence.facts(name)
    before = known is not None and known.verified_at is not None
    state.recall(known, evidence.ended_between)
    check_orders(
        actual,
        owner,
        adopted,
        lambda numbers: evidence.never_placed(numbers - state.orders),
        before,
        unexplained(first.findings),
    )
    check_history(actual, adopted, evidence.digest_at)
