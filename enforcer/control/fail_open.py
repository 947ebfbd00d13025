# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices whose rules vanish with them: when one is away, what they blocked is open.

Such a device (`Trait.VANISHES`) is a speaker that announces blackholes. Routers forget them with
its session, so that its death is not a delay but an opening, and is alarmed with the first pass
that fails: no later than the device's own events, or the next look, tell of it.
"""

from __future__ import annotations

from datetime import datetime

from enforcer.control.evidence import Evidence
from enforcer.core.plan import Trait
from enforcer.driver_api import Driver
from enforcer.errors import CommandRejected, DeviceError, DeviceUnreachable

OPEN = "blackholes-open"


class FailOpen:
    """Raises the alarm about one device, and clears it. Used by one thread."""

    def __init__(self, device: str, driver: Driver, evidence: Evidence) -> None:
        self._device = device
        self._driver = driver
        self._evidence = evidence
        # An alarm of an earlier process may be open: the first good pass clears it.
        self._maybe_open = True

    def failed(self, error: DeviceError, at: datetime) -> None:
        """A pass failed. Raises StorageError."""
        if Trait.VANISHES not in self._driver.traits:
            return
        if isinstance(error, DeviceUnreachable | CommandRejected):
            self._maybe_open = True
            said = f"what {self._device} announces may be gone, and is open then: {error.message}"
            self._evidence.raise_alarm(OPEN, self._device, at, said)

    def passed(self, at: datetime) -> None:
        """A pass went through. Raises StorageError."""
        if self._maybe_open and Trait.VANISHES in self._driver.traits:
            why = "everything is announced again"
            self._evidence.clear_alarm(OPEN, self._device, at, why)
        self._maybe_open = False
