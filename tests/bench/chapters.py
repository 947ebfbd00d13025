# SPDX-License-Identifier: GPL-2.0-or-later
"""What was measured, as values: chapters with comparisons and splits, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.bench.ratios import Spread, paired, spread

SECONDS, MEGABYTES = "s", "MB"

Times = Mapping[str, Sequence[float]]
"""Seconds by what was timed, one per round."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One thing beside another; seconds, round by round, or megabytes.

    `situation`: what the row is about. `headline`: it is one of the few that matter most.
    `entries`: how many there were, where that is what situations differ in; 0: it is not.
    `unit`: "s", or "MB" where `subject_seconds` and `baseline_seconds` are none.
    """

    situation: str
    subject: str
    baseline: str
    subject_seconds: tuple[float, ...]
    baseline_seconds: tuple[float, ...]
    headline: bool = False
    entries: int = 0
    unit: str = SECONDS

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


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When something was measured, for how many seconds, and the machine's load average before
    and after."""

    at: datetime
    seconds: float
    quick: bool
    load: tuple[float, float]

    def record(self) -> dict[str, Any]:
        """For JSON."""
        load = list(self.load)
        return {
            "at": self.at.isoformat(),
            "seconds": self.seconds,
            "quick": self.quick,
            "load": load,
        }

    @staticmethod
    def of(record: Mapping[str, Any]) -> Circumstances:
        """What `record` told."""
        before, after = record["load"]
        at = datetime.fromisoformat(record["at"])
        return Circumstances(at, record["seconds"], record["quick"], (before, after))


@dataclass(slots=True)
class Chapter:
    """One benchmark. `method` says, in Markdown, what was done; `remarks` what went wrong."""

    name: str
    title: str
    method: str
    comparisons: list[Comparison] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    circumstances: Circumstances | None = None

    def compare(
        self,
        situation: str,
        times: Times,
        subject: str,
        baseline: str,
        headline: bool = False,
        entries: int = 0,
        unit: str = SECONDS,
    ) -> None:
        """Add the comparison of two of the things that were timed together."""
        row = (tuple(times[subject]), tuple(times[baseline]), headline, entries, unit)
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
        """All that is known of it, for JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "method": self.method,
            "circumstances": None if self.circumstances is None else self.circumstances.record(),
            "comparisons": [
                {slot: getattr(one, slot) for slot in Comparison.__slots__}
                | {"median_ratio": one.ratio.median}
                for one in self.comparisons
            ],
            "splits": [{"title": one.title, "seconds": dict(one.parts)} for one in self.splits],
            "remarks": self.remarks,
        }

    @staticmethod
    def of(record: Mapping[str, Any]) -> Chapter:
        """What `record` told. Raises KeyError, TypeError or ValueError: it is none."""
        found = record["circumstances"]
        return Chapter(
            str(record["name"]),
            str(record["title"]),
            str(record["method"]),
            [_comparison(one) for one in record["comparisons"]],
            [Split(one["title"], _samples(one["seconds"])) for one in record["splits"]],
            list(record["remarks"]),
            None if found is None else Circumstances.of(found),
        )


def _comparison(record: Mapping[str, Any]) -> Comparison:
    told = {slot: record[slot] for slot in Comparison.__slots__}
    seconds = {slot: tuple(told[slot]) for slot in ("subject_seconds", "baseline_seconds")}
    return Comparison(**told | seconds)


def _samples(record: Mapping[str, Sequence[float]]) -> dict[str, tuple[float, ...]]:
    return {name: tuple(seconds) for name, seconds in record.items()}
