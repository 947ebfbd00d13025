# SPDX-License-Identifier: GPL-2.0-or-later
"""The brake on new software: one judgement per device and process, before the first write."""

from __future__ import annotations

from datetime import datetime

from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.software import is_empty, orders_in, standing, unexplained
from enforcer.core.brake import exceeds
from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.drift import Delta, tally_of
from enforcer.core.orders import BlockList, is_over
from enforcer.core.proof_sentences import release_words
from enforcer.core.rules import Actual
from enforcer.core.status import DeviceFacts


class NewSoftware:
    """Of one device. `software`: the version of this program."""

    def __init__(self, device: str, state: DesiredState, evidence: Evidence, software: str) -> None:
        self._device = device
        self._state = state
        self._evidence = evidence
        self._software = software
        self._judged = False
        self._noted = ""

    def proved(self) -> None:
        """The device was found exactly as desired: remember by whom, once."""
        self._judged = True
        if self._noted != self._software:
            if self._evidence.control(self._device).software != self._software:
                self._evidence.proved_by(self._device, self._software)
            self._noted = self._software

    def judge(
        self, delta: Delta, actual: Actual, control: DeviceControl, now: datetime
    ) -> DeviceControl:
        """What is decided about the device: with a hold of everything, where too much moves."""
        before = self._evidence.facts(self._device)
        if self._judged or self._may_write(before, actual, control):
            self._judged = True
            return control
        assert before is not None
        explained = self._explained(before, orders_in(delta), now)
        moved = tally_of(unexplained(delta, explained)).differing
        if not exceeds(moved, standing(actual), self._state.limits):
            self._judged = True
            return control
        why = (
            f"version {self._software} of the program wants {moved} rows otherwise than version"
            f" {control.software or 'before it'} left them, and no order explains it"
        )
        hold = Hold(now, self._state.head, self._state.inventory, moved, why, all=True)
        return self._evidence.brake(self._device, now, hold, release_words(self._device, why))

    def _may_write(
        self, before: DeviceFacts | None, actual: Actual, control: DeviceControl
    ) -> bool:
        first = before is None or before.verified_at is None
        return first or control.software == self._software or is_empty(actual)

    def _explained(
        self, before: DeviceFacts, numbers: frozenset[int], now: datetime
    ) -> frozenset[int]:
        since = before.proved_for or before.verified_at
        assert since is not None
        moved = self._state.moved_since(before.verified_seq, since, now)
        known = self._state.known(numbers)
        gone = self._evidence.orders(n for n in numbers if n > 0 and n not in known)
        over = frozenset(n for n, order in gone.items() if is_over(order, now))
        lists: dict[str, set[int]] = {}
        for number, order in known.items():
            if isinstance(order.demand, BlockList):
                lists.setdefault(order.demand.list_name, set()).add(number)
        imported = self._evidence.lists_since(lists, since)
        return moved | over | frozenset(n for name in imported for n in lists[name])
