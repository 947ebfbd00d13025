# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a desired state that a device can hold; the rest is reported, never narrowed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enforcer.control.desired_state import DesiredState
from enforcer.core.capability import barred, translated, unbarred, unsupported
from enforcer.core.drift import Change, Delta
from enforcer.core.plan import Capability
from enforcer.core.rules import Desired, Members, Rule
from enforcer.core.topology import Device


class Holdable:
    """Filters by capability and by translated addresses; remembers its verdict per rule."""

    def __init__(self, device: Device, capability: Capability) -> None:
        self._device = device
        self._capability = capability
        self._verdicts: dict[Rule, bool] = {}
        self.unsupported_orders: frozenset[int] = frozenset()

    def _holds(self, rule: Rule) -> bool:
        verdict = self._verdicts.get(rule)
        if verdict is None:
            verdict = unsupported(rule, self._device, self._capability) is None
            self._verdicts[rule] = verdict
        return verdict

    def part(self, desired: Desired, state: DesiredState | None = None) -> Desired:
        """`desired` without what the device cannot hold, whose orders are remembered.

        By `state` all of them are known, without it those that reach the latest end.
        """
        self.unsupported_orders = frozenset(self._refused(desired, state))
        if not self.unsupported_orders:
            return desired
        held = {r: self._kept(r, m) for r, m in desired.addresses.items() if self._holds(r)}
        return Desired(
            desired.device,
            {r: m for r, m in held.items() if len(m)},
            {r: m for r, m in desired.interfaces.items() if self._holds(r)},
            desired.withheld,
        )

    def only(self, delta: Delta) -> Delta:
        """`delta` without what the device cannot hold."""
        changes = {
            r: Change(self._kept(r, c.add), self._kept(r, c.remove))
            for r, c in delta.addresses.items()
            if self._holds(r)
        }
        return Delta(
            {r: c for r, c in changes.items() if len(c.add) or len(c.remove)},
            {r: c for r, c in delta.interfaces.items() if self._holds(r)},
        )

    def _kept(self, rule: Rule, members: Members) -> Members:
        if self._device.nat:
            members = members.take(~translated(rule, members, self._device))
        return unbarred(rule, members, self._capability)

    def _lost(self, rule: Rule, members: Members) -> Iterator[Members]:
        if not self._holds(rule):
            yield members
            return
        if self._device.nat:
            yield members.take(translated(rule, members, self._device))
        yield barred(rule, members, self._capability)

    def _refused(self, desired: Desired, state: DesiredState | None) -> Iterator[int]:
        for rule, members in desired.addresses.items():
            for lost in filter(len, self._lost(rule, members)):
                yield from np.unique(lost.order).tolist()
                if state is not None:
                    yield from state.orders_over(rule, lost)
        for rule, some in desired.interfaces.items():
            if not self._holds(rule):
                yield from (member.order for member in some)
                if state is not None:
                    yield from state.orders_on(rule, [member.name for member in some])
