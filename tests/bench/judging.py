# SPDX-License-Identifier: GPL-2.0-or-later
"""How a target is judged by what was measured. Pure.

A judge looks at a chapter and says what it found there, and whether that meets the target; where
the chapter was not measured at the target's size, it says so and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.chapters import Chapter, Comparison
from tests.bench.figures import quantity, significant
from tests.bench.ratios import paired, percentile, spread


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured, as text, and whether it meets the target; None: not at its size."""

    shown: str
    met: bool | None


Judge = Callable[[Chapter], Verdict]
Figure = Callable[[Comparison], tuple[float, str]]
"""A number of a comparison, and how it is shown."""

MISSING = Verdict("not measured at this size", None)


# -- figures ---------------------------------------------------------------------------------


def median_ratio(one: Comparison) -> tuple[float, str]:
    """The median of the ratios of the rounds."""
    five = one.ratio
    shown = f"**{significant(five.median)}** ({significant(five.p10)} to {significant(five.p90)})"
    return five.median, shown


def tail_ratio(one: Comparison) -> tuple[float, str]:
    """The 99th percentile of the subject's times over the median of the baseline's.

    The 99th percentile of the paired ratios is shown beside it: it is higher where a slow subject
    met a quick baseline by chance, and lower where the machine made both slow.
    """
    tail = percentile(one.subject_seconds, 0.99) / spread(one.baseline_seconds).median
    pairs = percentile(paired(one.subject_seconds, one.baseline_seconds), 0.99)
    return tail, f"**{significant(tail)}** (of the paired ratios: {significant(pairs)})"


def ratio_of_medians(one: Comparison) -> tuple[float, str]:
    """Of situations that were not measured in turns."""
    ours, theirs = (spread(s).median for s in (one.subject_seconds, one.baseline_seconds))
    shown = f"**{significant(ours / theirs)}** ({quantity(ours, one.unit)} beside"
    return ours / theirs, f"{shown} {quantity(theirs, one.unit)})"


def median_cost(one: Comparison) -> tuple[float, str]:
    """The subject's median itself: seconds or megabytes."""
    cost = spread(one.subject_seconds).median
    ratio = significant(one.ratio.median)
    return cost, f"**{quantity(cost, one.unit)}** ({ratio} times {one.baseline})"


def worst_cost(one: Comparison) -> tuple[float, str]:
    """The subject's longest time, or most memory."""
    cost = max(one.subject_seconds)
    return cost, f"**{quantity(cost, one.unit)}**"


# -- judges ----------------------------------------------------------------------------------


def at_most(
    limit: float, figure: Figure, situation: str, subject: str, baseline: str = ""
) -> Judge:
    """The figure of one comparison. Without a baseline: of the first one with the subject."""
    return worst_of(limit, figure, [(situation, subject)], baseline)


def worst_of(
    limit: float, figure: Figure, rows: Sequence[tuple[str, str]], baseline: str = ""
) -> Judge:
    """The figure of the worst of some comparisons, (situation, subject) each; all must be there."""

    def judge(chapter: Chapter) -> Verdict:
        found = [_find(chapter, *row, baseline) for row in rows]
        there = [one for one in found if one is not None]
        if len(there) < len(rows):
            return MISSING
        worst, (number, shown) = max(((one, figure(one)) for one in there), key=lambda p: p[1][0])
        if len(rows) == 1:
            return Verdict(shown, number <= limit)
        same = len({situation for situation, _ in rows}) == 1
        which = worst.subject if same else worst.situation
        return Verdict(f"{shown}; the worst of {len(rows)}: {which}", number <= limit)

    return judge


def grows_at_most(limit: float, subject: str, sizes: tuple[int, int], per_entry: bool) -> Judge:
    """What the subject costs at the second size over what it costs at the first.

    `per_entry`: each divided by its size, so that 1 is growth in proportion.
    """

    def judge(chapter: Chapter) -> Verdict:
        points = dict(chapter.curves().get(subject, []))
        if not points.keys() >= set(sizes):
            return MISSING
        small, large = sizes
        growth = points[large] / points[small] * (small / large if per_entry else 1.0)
        unit = next(c.unit for c in chapter.comparisons if c.entries)
        costs = f"{quantity(points[small], unit)} to {quantity(points[large], unit)}"
        return Verdict(f"**{significant(growth)}** ({costs})", growth <= limit)

    return judge


def _find(chapter: Chapter, situation: str, subject: str, baseline: str) -> Comparison | None:
    for one in chapter.comparisons:
        named = (one.situation, one.subject) == (situation, subject)
        if named and baseline in ("", one.baseline):
            return one
    return None
