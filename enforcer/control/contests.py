# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts how often somebody changes the same object back, and says when that is a contest.

Counted is what differs from what we left on the device, when it is about to be repaired; the
third time within an hour of each other it is not repaired any more. A device without our mark
was rebooted, flushed or never ours, and a change of more than `MASS` objects at once looks the
same: both are repaired always, and are no contest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.core.contested import objects
from enforcer.core.device_control import Contest
from enforcer.core.drift import Drift
from enforcer.core.rules import Actual

TIMES = 3
WITHIN = timedelta(hours=1)
MASS = 256
UNKNOWN_WRITER = "somebody that the device does not name"


@dataclass(slots=True)
class _Count:
    times: int
    last: datetime


class Contests:
    """Of one device; in memory: a restart begins to count anew."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}

    def repairing(
        self, foreign: Drift, actual: Actual, writers: Sequence[str], now: datetime
    ) -> tuple[Contest, ...]:
        """`foreign` is about to be repaired; those of its objects that are now contested."""
        self._counts = {k: c for k, c in self._counts.items() if abs(now - c.last) <= WITHIN}
        if not _countable(foreign, actual):
            return ()
        writer = ", ".join(writers) or UNKNOWN_WRITER
        found: list[Contest] = []
        for key, what in dict(objects(foreign)).items():
            count = self._counts.setdefault(key, _Count(0, now))
            count.times, count.last = count.times + 1, now
            if count.times >= TIMES:
                del self._counts[key]
                found.append(Contest(key, what, writer, now))
        return tuple(found)


def _countable(foreign: Drift, actual: Actual) -> bool:
    if not foreign or actual.owner is None:
        return False
    delta = foreign.delta
    rows = sum(len(c.add) + len(c.remove) for c in delta.addresses.values())
    names = sum(len(c.add) + len(c.remove) for c in delta.interfaces.values())
    return rows + names + len(foreign.findings) <= MASS
