# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a plan may be written now, or the device waits: windows, pace, waves."""

from __future__ import annotations

from math import inf

import numpy as np

from enforcer.clock import Clock
from enforcer.control.rollout import Rollout
from enforcer.core.change_policy import Change, ChangePolicy, Wait
from enforcer.core.drift import Delta
from enforcer.core.plan import Plan, Trait
from enforcer.core.topology import Device
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    StaleState,
)

_LOOK_AGAIN = 60.0
_HARMLESS = (AuthenticationFailed, CommandRejected, DeviceBusy, StaleState)
"""Nothing was changed, so nothing was lost."""


class Turns:
    """Bound to one device; used by its thread."""

    def __init__(self, device: Device, traits: Trait, clock: Clock) -> None:
        self._name = device.name
        self._policy = ChangePolicy.of(device, traits)
        self._remote = Trait.REMOTE in traits
        self._rollout: Rollout | None = None
        self._clock = clock
        self._written = -inf

    def join(self, rollout: Rollout) -> None:
        """Make structural changes in its waves, where the device is a remote one."""
        self._rollout = rollout if self._remote else None

    def ask(self, plan: Plan, delta: Delta, asked: bool) -> Wait | None:
        """None: write now, and say `ended` afterwards."""
        change = _change(plan, delta, asked)
        since = self._clock.monotonic() - self._written
        wait = self._policy.wait(change, since, self._clock.now())
        if wait is None and change.structural and self._rollout is not None:
            why = self._rollout.admit(self._name)
            wait = Wait(why, _LOOK_AGAIN) if why else None
        return wait

    def ended(self, error: DeviceError | None) -> None:
        """What was admitted is written and proved, or failed."""
        self._written = self._clock.monotonic()
        if self._rollout is None:
            return
        lost = error is not None and not isinstance(error, _HARMLESS)
        said = f"{self._name}: {error.message}" if error is not None and lost else ""
        self._rollout.finished(self._name, error is None, said)


def _change(plan: Plan, delta: Delta, asked: bool) -> Change:
    orders: set[int] = set()
    adds = False
    for rows in delta.addresses.values():
        adds = adds or len(rows.add) > 0
        for column in (rows.add.order, rows.remove.order):
            orders.update(n for n in np.unique(column).tolist() if n > 0)
    for names in delta.interfaces.values():
        adds = adds or bool(names.add)
        orders.update(m.order for m in (*names.add, *names.remove) if m.order > 0)
    structural = any(batch.structural for batch in plan.batches)
    return Change(structural, bool(delta) and not adds, len(orders), asked)
