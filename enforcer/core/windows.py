# SPDX-License-Identifier: GPL-2.0-or-later
"""Weekly maintenance windows: whether one is open, and when the next one opens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from enforcer.core.topology import MaintenanceWindow

_WEEK = 7


def is_open(windows: Iterable[MaintenanceWindow], now: datetime) -> bool:
    """Whether `now` is in one of `windows`, its start included and its end not."""
    minute = now.hour * 60 + now.minute
    return any(now.weekday() in w.days and w.start <= minute < w.end for w in windows)


def next_opening(windows: Iterable[MaintenanceWindow], now: datetime) -> datetime | None:
    """The first instant after `now` at which one opens; None: there is no window at all."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = (
        midnight + timedelta(days=ahead, minutes=window.start)
        for window in windows
        for ahead in range(_WEEK + 1)
        if (midnight + timedelta(days=ahead)).weekday() in window.days
    )
    return min((start for start in starts if start > now), default=None)
