# SPDX-License-Identifier: GPL-2.0-or-later
"""What the last proofs of devices do not vouch for, in an answer about an address now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.application.views import OrderView
from enforcer.control.proved_record import proves
from enforcer.core.status import DeviceFacts, Status
from enforcer.core.times import say_when
from enforcer.usecases.touching import Touching

_SURE = frozenset({Status.ENFORCED, Status.PARTIAL, Status.SCHEDULED, Status.WITHHELD})
"""On one device, partial says that a part is protected space or kept by the brake: proved, too."""


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """An order that touches the asked address, as people see it.

    `seq`: the change that a proof must include: the order's last, or its list's.
    """

    one: Touching
    view: OrderView
    seq: int


@dataclass(frozen=True, eq=False, slots=True)
class Proofs:
    """The devices' last proofs at `now`; `inventories`: the digest that counts on each device."""

    facts: Mapping[str, DeviceFacts]
    inventories: Mapping[str, str]
    now: datetime
    stale_after: timedelta

    def missing(self, shown: Sequence[Shown], concerned: Collection[str]) -> list[str]:
        """What keeps an answer from being verified, in words; `concerned`: the devices."""
        if not concerned and not shown:
            return ["no device is to hold the address"]
        found = [said for one in shown for said in _undecided(one)]
        for name in sorted(concerned):
            found.extend(self._of(name, shown))
        return list(dict.fromkeys(found))

    def _of(self, name: str, shown: Sequence[Shown]) -> Iterator[str]:
        facts = self.facts.get(name, DeviceFacts())
        if facts.verified_at is None:
            yield f"{name} was never proved"
        elif facts.failing_since is not None:
            yield f"{name} fails since {say_when(facts.failing_since)}"
        elif facts.drift_open:
            yield f"{name} differs from what is desired"
        elif self.now - facts.verified_at > self.stale_after:
            yield f"{name} was last proved at {say_when(facts.verified_at)}"
        elif facts.inventory != self.inventories.get(name, facts.inventory):
            yield f"{name} was not proved since the inventory changed"
        elif not shown and not proves(facts):
            yield f"on {name} something is held back, contested or more than it can hold"
        else:
            for one in shown:
                here = any(device.device == name for device in one.view.devices)
                if here and facts.verified_seq < one.seq:
                    yield f"{name} was not proved since {one.view.id} or its list changed"


def _undecided(shown: Shown) -> Iterator[str]:
    view = shown.view
    for device in view.devices:
        if device.status not in _SURE:
            yield f"{view.id} is {device.status} on {device.device}"
    if not view.devices and view.status not in _SURE:
        yield f"{view.id} is {view.status}"
