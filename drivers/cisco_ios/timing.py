# SPDX-License-Identifier: GPL-2.0-or-later
"""Members that end by themselves: one group and one time-range for each hour of ends. Pure.

A dead-man's switch, never the record: a bucket ends at least an hour after its latest order.
"""

from __future__ import annotations

from collections import defaultdict

from enforcer.core.intervals import Ranges, union
from enforcer.core.rules import NO_END, Members

HOUR_MS = 3_600_000
TOLERANCE = 60.0
"""Seconds that a router's clock may be off before its time-ranges are not to be trusted."""


def bucket(end_ms: int) -> int:
    """When a member with that end ends on the box: a full hour, in minutes since the epoch."""
    return (-(-end_ms // HOUR_MS) + 1) * 60


def buckets(members: Members) -> dict[int, Ranges]:
    """The members with an end, by their bucket; canonical."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for first, last, end, _ in members.rows():
        if end != NO_END:
            found[bucket(end)].append((first, last))
    return {end: union([Ranges.of(pairs)]) for end, pairs in found.items()}
