# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a plan may be written now, or the device waits: windows, pace, waves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Protocol

from enforcer.clock import Clock
from enforcer.control.rollout import Rollout
from enforcer.core.brake import PauseState, allowed
from enforcer.core.change_policy import Change as Asked
from enforcer.core.change_policy import ChangePolicy, Wait
from enforcer.core.columns import distinct
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.plan import Plan, Trait
from enforcer.core.rules import Members, Rule
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
"""Before anything was taken by the device: nothing was changed, so nothing was lost."""


class Writes(Protocol):
    """How far a plan has come."""

    @property
    def staged(self) -> int:
        """How many batches the device has taken."""
        ...


@dataclass
class Turn:
    """One device's turn to be written to; what is not said to be proved is not."""

    writing: Writes | None = None
    proved: bool = False
    error: DeviceError | None = None

    @property
    def lost(self) -> bool:
        """Whether the device may have been cut off by what it took, or still may be."""
        staged = self.writing is not None and self.writing.staged > 0
        if self.error is None:
            return staged and not self.proved
        if isinstance(self.error, StaleState):
            return False
        return staged or not isinstance(self.error, _HARMLESS)


@dataclass(frozen=True)
class Sooner:
    """A part of what waits that need not wait with the rest."""

    part: Delta
    rest: Delta
    adds: bool


class Turns:
    """Bound to one device; used by its thread."""

    def __init__(self, device: Device, traits: Trait, clock: Clock) -> None:
        self._name = device.name
        self._policy = ChangePolicy.of(device, traits)
        self._remote = Trait.REMOTE in traits
        self._rollout: Rollout | None = None
        self._clock = clock
        self._written = -inf
        self._waiting: frozenset[int] = frozenset()

    def join(self, rollout: Rollout) -> None:
        """Make structural changes in its waves, where the device is a remote one."""
        self._rollout = rollout if self._remote else None

    @property
    def free(self) -> bool:
        """Whether nothing here ever waits."""
        return self._rollout is None and self._policy.free

    def ask(self, plan: Plan, delta: Delta, asked: bool) -> Wait | None:
        """None: write now, inside `turn`."""
        change = _change(plan, delta, asked)
        since = self._clock.monotonic() - self._written
        wait = self._policy.wait(change, since, self._clock.now())
        if wait is None and change.structural and self._rollout is not None:
            why = self._rollout.admit(self._name)
            wait = Wait(why, _LOOK_AGAIN) if why else None
        return wait

    def sooner(self, delta: Delta) -> Iterator[Sooner]:
        """What may be due although all of `delta` together is not, the most pressing first.

        One order that did not wait before, alone; then everything that only goes.
        """
        orders = _orders(delta)
        new = orders - self._waiting
        self._waiting = orders
        if len(new) == 1 and len(orders) > 1:
            yield _of_order(delta, *new)
        goes, rest = allowed(delta, PauseState.PAUSED)
        if goes and rest:
            yield Sooner(goes, rest, adds=False)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Around the writing of what may be written now."""
        turn = Turn()
        try:
            yield turn
        finally:
            self._written = self._clock.monotonic()
            if self._rollout is not None:
                said = turn.error.message if turn.error is not None else "it broke while writing"
                failure = f"{self._name}: {said}" if turn.lost else ""
                self._rollout.finished(self._name, turn.proved, failure)


def _of_order(delta: Delta, number: int) -> Sooner:
    part: dict[Rule, Change] = {}
    rest: dict[Rule, Change] = {}
    nothing = Members.none()
    for rule, change in delta.addresses.items():
        its = change.add.order == number
        if its.any():
            part[rule] = Change(change.add.take(its), nothing)
        if not its.all() or len(change.remove):
            rest[rule] = Change(change.add.take(~its), change.remove)
    named = {
        r: InterfaceChange(tuple(m for m in c.add if m.order == number), ())
        for r, c in delta.interfaces.items()
    }
    others = {
        r: InterfaceChange(tuple(m for m in c.add if m.order != number), c.remove)
        for r, c in delta.interfaces.items()
    }
    return Sooner(Delta(part, _some(named)), Delta(rest, _some(others)), adds=True)


def _some(changes: Mapping[Rule, InterfaceChange]) -> dict[Rule, InterfaceChange]:
    return {rule: change for rule, change in changes.items() if change.add or change.remove}


def _change(plan: Plan, delta: Delta, asked: bool) -> Asked:
    adds = any(len(rows.add) for rows in delta.addresses.values())
    adds = adds or any(names.add for names in delta.interfaces.values())
    structural = any(batch.structural for batch in plan.batches)
    return Asked(structural, bool(delta) and not adds, len(_orders(delta)), asked)


def _orders(delta: Delta) -> frozenset[int]:
    """The orders that a delta names; what is read of some devices names none."""
    found: set[int] = set()
    for rows in delta.addresses.values():
        for column in (rows.add.order, rows.remove.order):
            found.update(distinct(column))
    for names in delta.interfaces.values():
        found.update(m.order for m in (*names.add, *names.remove))
    return frozenset(number for number in found if number > 0)
