# SPDX-License-Identifier: GPL-2.0-or-later
"""How IOS-XR prints instants and durations."""

from __future__ import annotations

from datetime import datetime, timedelta


def stamp(at: datetime) -> str:
    """The line before a command's output: `Fri May 22 14:09:33.753 UTC` [CAPTURE]."""
    return f"{at:%a %b} {at.day:2d} {at:%H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def calendar(at: datetime) -> str:
    """`Tue Jun  7 14:42:19 2016` [CAPTURE]."""
    return f"{at:%a %b} {at.day:2d} {at:%H:%M:%S %Y}"


def clock_line(at: datetime) -> str:
    """`show clock`: `14:09:33.753 UTC Fri May 22 2026`."""
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} UTC {at:%a %b} {at.day:2d} {at:%Y}"


def up_down(since: timedelta) -> str:
    """`00:51:24`, `1d04h` or `2w3d` [CAPTURE]."""
    seconds = max(0, int(since.total_seconds()))
    days = seconds // 86400
    if days >= 7:
        return f"{days // 7}w{days % 7}d"
    if days:
        return f"{days}d{seconds % 86400 // 3600:02d}h"
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def uptime(since: timedelta) -> str:
    """`1 week, 1 day, 17 hours, 47 minutes` [CAPTURE]."""
    minutes = max(0, int(since.total_seconds())) // 60
    parts = [
        (minutes // 10080, "week"),
        (minutes // 1440 % 7, "day"),
        (minutes // 60 % 24, "hour"),
        (minutes % 60, "minute"),
    ]
    while len(parts) > 1 and parts[0][0] == 0:
        parts.pop(0)
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts)
