# SPDX-License-Identifier: GPL-2.0-or-later
"""What people see of a device in one word: derived from facts and decisions, never set by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.core.device_control import DeviceControl
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device, Leaving, Mode


@dataclass(frozen=True, slots=True)
class DeviceCase:
    """What is known of one device at `now`; a proof older than `stale_after` is too old."""

    device: Device
    facts: DeviceFacts
    control: DeviceControl
    now: datetime
    stale_after: timedelta

    @property
    def stale(self) -> bool:
        """Whether the last proof is too old."""
        verified = self.facts.verified_at
        return verified is not None and self.now - verified > self.stale_after


_Applies = Callable[[DeviceCase], bool]
_ROWS: tuple[tuple[str, str, _Applies], ...] = (
    (
        "not-adopted",
        "the mark on it, or what stands on it, is not of this database",
        lambda case: case.facts.error_code == "NotOwned",
    ),
    ("failing", "its passes fail", lambda case: case.facts.failing_since is not None),
    (
        "braked",
        "the brake holds a part of a change or everything",
        lambda case: case.control.hold is not None,
    ),
    ("held", "a marker on the device forbids to write", lambda case: case.facts.marker),
    (
        "contested",
        "some object on it is contested",
        lambda case: bool(case.control.contests),
    ),
    (
        "drifted",
        "it differs from what is desired, and that was not repaired",
        lambda case: case.facts.drift_open > 0,
    ),
    ("paused", "additions stop on this device alone", lambda case: case.control.paused),
    (
        "leaving",
        "it left the inventory's files, or is being retired",
        lambda case: case.device.leaving is not Leaving.NO,
    ),
    ("observe", "its mode is observe", lambda case: case.device.mode is Mode.OBSERVE),
    ("unknown", "it was never proved", lambda case: case.facts.verified_at is None),
    ("unverified", "its last proof is too old", lambda case: case.stale),
    ("ok", "none of these", lambda case: True),
)


def table() -> list[tuple[str, str]]:
    """The words and when they apply, the first that applies first."""
    return [(word, when) for word, when, _ in _ROWS]


def device_status(case: DeviceCase) -> str:
    """The first word that applies."""
    return next(word for word, _, applies in _ROWS if applies(case))
