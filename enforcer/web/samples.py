# SPDX-License-Identifier: GPL-2.0-or-later
"""A small chart of packets dropped over time, from what was kept and what is so now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_WIDTH, _HEIGHT, _TOP = 300.0, 80.0, 6.0

Sample = tuple[datetime, int]


@dataclass(frozen=True)
class Chart:
    """A line in a box of 300 by 80: points for SVG, and what it tells in words.

    `gained`: packets from `since` until `until`; `restarts`: so often a device began anew.
    """

    line: str
    area: str
    gained: int
    since: datetime
    until: datetime
    restarts: int


def chart_of(samples: Sequence[Sample]) -> Chart | None:
    """How the number grew, step by step; None for fewer than two, or where nothing came.

    `samples`: oldest first. A number below the one before it was counted from zero again.
    """
    grown, restarts = _grown(samples)
    if len(grown) < 2 or not grown[-1][1]:
        return None
    (since, _), (until, high) = grown[0], grown[-1]
    seconds = max((until - since).total_seconds(), 1.0)
    points: list[tuple[float, float]] = []
    for at, packets in grown:
        x = (at - since).total_seconds() / seconds * _WIDTH
        y = _HEIGHT - packets / high * (_HEIGHT - _TOP)
        if points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"0,{_HEIGHT:.0f} {line} {_WIDTH:.0f},{_HEIGHT:.0f}"
    return Chart(line, area, high, since, until, restarts)


def _grown(samples: Sequence[Sample]) -> tuple[list[Sample], int]:
    """Packets since the first sample, which never fall; and how often a device began anew."""
    found: list[Sample] = []
    total, before, restarts = 0, None, 0
    for at, packets in samples:
        if found and at <= found[-1][0]:
            continue
        if before is not None:
            restarts += packets < before
            total += packets if packets < before else packets - before
        found.append((at, total))
        before = packets
    return found, restarts
