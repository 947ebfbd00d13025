# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics of paired runs. Pure.

Two things that take turns on one machine meet the same weather: their ratio within a round says
more than either time. So a ratio is taken round by round, and its spread is shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Five numbers of a sample; percentiles are interpolated between neighbours."""

    minimum: float
    p10: float
    median: float
    p90: float
    maximum: float


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sample lies, interpolated linearly.

    Raises ValueError for an empty sample or a share outside 0 to 1.
    """
    if not values or not 0.0 <= share <= 1.0:
        raise ValueError("a percentile needs a sample and a share from 0 to 1")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    between = ordered[below] + (place - below) * (ordered[above] - ordered[below])
    return min(between, ordered[above])


def spread(values: Sequence[float]) -> Spread:
    """The five numbers of a sample. Raises ValueError for an empty one."""
    minimum, p10, median, p90, maximum = (percentile(values, s) for s in (0.0, 0.1, 0.5, 0.9, 1.0))
    return Spread(minimum, p10, median, p90, maximum)


def paired(subject: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """Subject over baseline, round by round.

    Raises ValueError where rounds are missing or a baseline took no time.
    """
    if len(subject) != len(baseline):
        raise ValueError(f"{len(subject)} rounds cannot be paired with {len(baseline)}")
    if any(one <= 0.0 for one in baseline):
        raise ValueError("a baseline that took no time cannot be compared with")
    return [a / b for a, b in zip(subject, baseline, strict=True)]


def turns(count: int, number: int) -> list[int]:
    """In which sequence `count` runs take their turns in round `number`.

    Every second round goes backwards (ABC CBA), so that drift of the machine within a round
    favours nobody.
    """
    forwards = list(range(count))
    return forwards[::-1] if number % 2 else forwards
