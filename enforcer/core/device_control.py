# SPDX-License-Identifier: GPL-2.0-or-later
"""What people and the brake have decided about one device, beside its inventory entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from enforcer.core.orders import Order


@dataclass(frozen=True, slots=True)
class Hold:
    """A change that no order explains is kept back until a person releases it.

    Orders up to change `seq` that had started by `since` are enforced on the device as the
    inventory that was in force before says (`inventory`: its digest); all others as the present
    one says. `all`: nothing is written at all, because what was desired before cannot be worked
    out (new software), or because the device itself can no longer hold it (its hooks, its NAT).
    `changes`: rows that would move; `why`: the cause in words.
    """

    since: datetime
    seq: int
    inventory: str
    changes: int
    why: str
    all: bool = False

    def keeps(self, order: Order) -> bool:
        """Whether `order` may have stood when the hold began, and was not changed since.

        One that starts later never stood: it must not block what was protected meanwhile.
        """
        return order.changed <= self.seq and order.start <= self.since


@dataclass(frozen=True, slots=True)
class Contest:
    """An object that somebody else changed back again and again: it is left as it is.

    `what`: the object in the words of a drift example; `key`: what tells it apart from others.
    """

    key: str
    what: str
    writer: str
    since: datetime


@dataclass(frozen=True, slots=True)
class DeviceControl:
    """The default is a device about which nobody decided anything.

    `paused`: additions stop on this device alone, by whom and why. `software`: the version
    of the program that last proved the device.
    """

    paused: bool = False
    paused_by: str = ""
    paused_why: str = ""
    paused_since: datetime | None = None
    hold: Hold | None = None
    contests: tuple[Contest, ...] = ()
    software: str = ""
