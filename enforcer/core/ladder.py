# SPDX-License-Identifier: GPL-2.0-or-later
"""The ladder of repeat offenders: each time longer, and forgotten as time passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Ladder:
    """`rungs`: durations, the first one first, at least one; later times stay on the last.

    `decay`: for each such time without an order one rung is forgotten; None: never.
    """

    rungs: tuple[timedelta, ...]
    decay: timedelta | None = None

    def rung(self, ended: Sequence[datetime], now: datetime) -> int:
        """The rung, from 0, on which to stand `now`; `ended`: when each earlier order ended.

        An end in the future counts as now: what is in force is not forgotten.
        """
        level = 0
        last: datetime | None = None
        for end in sorted(min(end, now) for end in ended):
            level = self._forgotten(level, last, end) + 1
            last = end
        return min(self._forgotten(level, last, now), len(self.rungs) - 1)

    def duration(self, ended: Sequence[datetime], now: datetime) -> timedelta:
        """How long the next order lasts; see `rung`."""
        return self.rungs[self.rung(ended, now)]

    def _forgotten(self, level: int, since: datetime | None, now: datetime) -> int:
        if since is None or not self.decay:
            return level
        return max(level - int((now - since) / self.decay), 0)
