# SPDX-License-Identifier: GPL-2.0-or-later
"""When a device may be written to: its maintenance windows, and the pause between two writes.

What is wanted is not changed by it: the device is told to be waiting, and why, until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from enforcer.core.plan import Trait
from enforcer.core.times import say_when
from enforcer.core.topology import Device, MaintenanceWindow
from enforcer.core.windows import is_open, next_opening
from enforcer.errors import ConfigurationInvalid

When = Literal["any", "window"]
KEYS = frozenset({"changes", "pace", "removals", "urgent"})
"""The keys of a device's `options` that are the controller's, not the driver's."""
PACE = 30.0
"""Seconds: every write of a device with a candidate configuration is a commit, and the box keeps
few of them to roll back to."""
_FOREVER = 86_400.0


@dataclass(frozen=True, slots=True)
class Change:
    """What a plan is about.

    `structural`: it binds or unbinds filters. `removals`: nothing is added. `orders`: how many
    orders are behind it. `asked`: a person waits for it.
    """

    structural: bool
    removals: bool
    orders: int
    asked: bool = False

    @property
    def urgent(self) -> bool:
        """A person waits for it, or it is one order's; a repair of structure is nobody's."""
        return self.asked or self.orders == 1


@dataclass(frozen=True, slots=True)
class Wait:
    """Why not now, for people; `seconds`: look again then."""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ChangePolicy:
    """`changes` ``window``: only in `windows`, apart from `removals` and `urgent` changes that
    may be made at ``any`` time. `pace`: seconds between two writes that are not urgent."""

    windows: tuple[MaintenanceWindow, ...] = ()
    changes: When = "any"
    removals: When = "any"
    urgent: When = "any"
    pace: float = 0.0

    @classmethod
    def of(cls, device: Device, traits: Trait) -> ChangePolicy:
        """From a device's options; raises ConfigurationInvalid naming the device and the key."""
        given = device.options
        whens = {key: given.get(key, "any") for key in ("changes", "removals", "urgent")}
        for key, value in whens.items():
            if value not in ("any", "window"):
                raise ConfigurationInvalid(
                    f"{device.name}: options.{key} is {value!r}; say any or window"
                )
        if whens["changes"] == "window" and not device.maintenance:
            raise ConfigurationInvalid(
                f"{device.name}: options.changes is 'window' and there is no maintenance window:"
                " state one under 'maintenance', or nothing would ever be written"
            )
        found = {key: cast(When, value) for key, value in whens.items()}
        return cls(device.maintenance, **found, pace=_pace(device, traits))

    @property
    def free(self) -> bool:
        """Whether every change may be made at once."""
        return self.changes == "any" and self.pace <= 0

    def wait(self, change: Change, since_write: float, now: datetime) -> Wait | None:
        """Whether to wait. `since_write`: seconds since the last write, infinity without."""
        if self._only_in_windows(change) and not is_open(self.windows, now):
            opening = next_opening(self.windows, now)
            seconds = (opening - now).total_seconds() if opening is not None else _FOREVER
            when = f" at {say_when(opening)}" if opening is not None else ""
            return Wait(f"waits for the maintenance window{when}", seconds)
        left = self.pace - since_write
        if left > 0 and not change.urgent:
            return Wait(f"waits {left:.0f} s, to be written with what comes until then", left)
        return None

    def _only_in_windows(self, change: Change) -> bool:
        if self.changes == "any":
            return False
        if change.removals:
            return self.removals == "window" and not change.asked
        return not (change.urgent and self.urgent == "any")


def _pace(device: Device, traits: Trait) -> float:
    text = device.options.get("pace", "")
    if not text:
        return PACE if Trait.CANDIDATE in traits and Trait.REMOTE in traits else 0.0
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace <= _FOREVER:
        raise ConfigurationInvalid(f"{device.name}: options.pace is {text!r}; say seconds, 0 none")
    return pace
