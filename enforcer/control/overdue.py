# SPDX-License-Identifier: GPL-2.0-or-later
"""The alarm about devices that should have been looked at and were not, whatever the reason.

A device that fails is recorded as failing. One that hangs, or whose passes cannot be recorded, or
whose loop is gone tells nothing at all, and neither do the orders that are not enforced there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from enforcer.clock import Clock
from enforcer.control.evidence import Evidence
from enforcer.control.owed import Owed
from enforcer.core.times import say_when

log = structlog.get_logger()

KIND = "device-overdue"
"""The kind of the alarm; its subject is the device, or `MANY`."""
MANY = "*"
FEW = 5
"""Of more devices at once there is one alarm: it is not they that are the reason."""
LONGEST = 120.0
"""Seconds. A pass over a slow router with much to write takes as long, one that hangs longer."""


class Overdue:
    """Looks at all devices, once a second; for one thread. `owed`: of each that is looked after.

    The alarm about a device is over when a pass over it comes to its end, or fails and is recorded
    so: also one that an earlier process left open.
    """

    def __init__(
        self, evidence: Evidence, clock: Clock, owed: Callable[[], Mapping[str, Owed]]
    ) -> None:
        self._evidence = evidence
        self._clock = clock
        self._owed = owed
        self._open: dict[str, float] | None = None

    def look(self) -> None:
        """Raise the alarm about what is overdue, and end what is over.

        Raises StorageError; what could not be written is written at the next look.
        """
        now = self._clock.monotonic()
        if self._open is None:
            self._open = dict.fromkeys(self._evidence.alarmed(KIND), now)
        owed = self._owed()
        late = self._late(owed, now)
        for name in [n for n, at in self._open.items() if self._over(n, at, owed, late)]:
            why = "looked at again" if name in owed or name == MANY else "it is ours no more"
            self._evidence.clear_alarm(KIND, name, self._clock.now(), why)
            del self._open[name]
        new = {name: since for name, since in late.items() if name not in self._open}
        if not new or MANY in self._open:
            return
        for name, of in [(MANY, new)] if len(new) > FEW else [(n, {n: new[n]}) for n in new]:
            self._raise(name, of, now)
            self._open[name] = now

    def _late(self, owed: Mapping[str, Owed], now: float) -> dict[str, float]:
        found = {}
        for name, one in owed.items():
            since = one.since
            if since is not None and now - since >= LONGEST and not self._fails(name):
                found[name] = since
        return found

    def _fails(self, name: str) -> bool:
        known = self._evidence.facts(name)
        return known is not None and known.failing_since is not None

    def _over(
        self, name: str, raised: float, owed: Mapping[str, Owed], late: Mapping[str, float]
    ) -> bool:
        if name == MANY:
            return not late
        done = owed[name].done if name in owed else raised
        return self._fails(name) or (done is not None and done >= raised)

    def _raise(self, subject: str, late: Mapping[str, float], now: float) -> None:
        at, first = self._clock.now(), min(late.values())
        names = ", ".join([*sorted(late)][:FEW])
        whom = names if len(late) <= FEW else f"{len(late)} devices ({names} ...)"
        since = say_when(at - timedelta(seconds=now - first))
        said = (
            f"nothing is known of {whom} since {since}, when there was a reason to look: it hangs,"
            " or no pass could be recorded, and what was ordered since may not be enforced there;"
            " see the controller's log, and start the controller again if it stays so"
        )
        log.error("device overdue", devices=len(late), device=subject, seconds=round(now - first))
        self._evidence.raise_alarm(KIND, subject, at, said)
