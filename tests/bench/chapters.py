# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured, as values: chapters with comparisons and splits, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.ratios import Spread, paired, spread

Times = Mapping[str, Sequence[float]]
"""Seconds by what was timed, one per round."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing beside another; seconds, round by round.

    `situation`: what the row is about. `headline`: it is one of the few that matter most.
    `entries`: how many there were, where that is what situations differ in; 0: it is not.
    """

    situation: str
    subject: str
    baseline: str
    subject_seconds: tuple[float, ...]
    baseline_seconds: tuple[float, ...]
    headline: bool = False
    entries: int = 0

    @property
    def ratio(self) -> Spread:
        """The spread of the ratios of the rounds; above 1 the subject is slower."""
        return spread(paired(self.subject_seconds, self.baseline_seconds))


@dataclass(frozen=True, slots=True)
class Split:
    """Where the time of one thing goes: seconds of each part, round by round, in sequence."""

    title: str
    parts: Mapping[str, tuple[float, ...]]

    def medians(self) -> dict[str, float]:
        """The median of each part; their sum is near, not equal, to the whole's median."""
        return {name: spread(seconds).median for name, seconds in self.parts.items() if seconds}


@dataclass(slots=True)
class Chapter:
    """One benchmark. `method` says, in Markdown, what was done; `remarks` what went wrong."""

    name: str
    title: str
    method: str
    comparisons: list[Comparison] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def compare(
        self,
        situation: str,
        times: Times,
        subject: str,
        baseline: str,
        headline: bool = False,
        entries: int = 0,
    ) -> None:
        """Add the comparison of two of the things that were timed together."""
        row = (tuple(times[subject]), tuple(times[baseline]), headline, entries)
        self.comparisons.append(Comparison(situation, subject, baseline, *row))

    def split(self, title: str, times: Times) -> None:
        """Add a split."""
        self.splits.append(Split(title, {name: tuple(times[name]) for name in times}))

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """How the median cost of each thing grows: (entries, seconds), where it was measured so."""
        found: dict[str, dict[int, float]] = {}
        for one in (c for c in self.comparisons if c.entries):
            for name, seconds in (
                (one.subject, one.subject_seconds),
                (one.baseline, one.baseline_seconds),
            ):
                found.setdefault(name, {})[one.entries] = spread(seconds).median
        return {name: sorted(points.items()) for name, points in found.items() if len(points) > 1}

    def record(self) -> dict[str, Any]:
        """All samples and ratios, for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "comparisons": [
                {
                    "situation": one.situation,
                    "subject": one.subject,
                    "baseline": one.baseline,
                    "subject_seconds": one.subject_seconds,
                    "baseline_seconds": one.baseline_seconds,
                    "entries": one.entries,
                    "median_ratio": one.ratio.median,
                }
                for one in self.comparisons
            ],
            "splits": [{"title": one.title, "seconds": dict(one.parts)} for one in self.splits],
            "remarks": self.remarks,
        }
