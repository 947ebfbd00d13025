# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets, and how they are judged."""

from __future__ import annotations

from tests.bench.chapters import MEGABYTES, Chapter
from tests.bench.judging import (
    MISSING,
    Verdict,
    at_most,
    grows_at_most,
    median_cost,
    median_ratio,
    ratio_of_medians,
    tail_ratio,
    worst_cost,
    worst_of,
)
from tests.bench.targets import TARGETS, read_limits


def chapter(*rows: tuple[str, list[float], list[float]], entries: int = 0) -> Chapter:
    found = Chapter("one", "One", "")
    for situation, ours, theirs in rows:
        found.compare(situation, {"a": ours, "b": theirs}, "a", "b", entries=entries)
    return found


def test_the_median_of_the_paired_ratios_decides() -> None:
    one = chapter(("here", [1.0, 4.0, 30.0], [1.0, 2.0, 10.0]))
    assert at_most(2.0, median_ratio, "here", "a", "b")(one) == Verdict("**2** (1.2 to 2.8)", True)
    assert at_most(1.9, median_ratio, "here", "a", "b")(one).met is False


def test_the_tail_is_that_of_the_subject_over_the_median_of_the_baseline() -> None:
    one = chapter(("here", [1.0] * 98 + [8.0, 8.0, 8.0], [2.0] * 101))
    judged = at_most(5.0, tail_ratio, "here", "a", "b")(one)
    assert judged == Verdict("**4** (of the paired ratios: 4)", True)
    # A slow baseline in the same round hides nothing.
    slow = chapter(("here", [1.0] * 98 + [8.0, 8.0, 8.0], [1.0] * 98 + [8.0, 8.0, 8.0]))
    assert at_most(5.0, tail_ratio, "here", "a", "b")(slow).met is False


def test_medians_of_what_took_no_turns() -> None:
    one = chapter(("here", [0.03, 0.02, 0.01], [0.01, 0.01, 9.0]))
    judged = at_most(1.5, ratio_of_medians, "here", "a", "b")(one)
    assert judged == Verdict("**2** (20.0 ms beside 10.0 ms)", False)


def test_costs_of_their_own() -> None:
    one = chapter(("here", [0.01, 0.03, 0.02], [0.01, 0.01, 0.01]))
    assert at_most(0.02, median_cost, "here", "a")(one).met is True
    assert at_most(0.02, worst_cost, "here", "a")(one) == Verdict("**30.0 ms**", False)
    memory = Chapter("one", "One", "")
    memory.compare("there", {"a": [700.0], "b": [100.0]}, "a", "b", unit=MEGABYTES)
    judged = at_most(600.0, median_cost, "there", "a")(memory)
    assert judged == Verdict("**700 MB** (7 times b)", False)


def test_the_worst_of_some_decides_and_all_must_be_there() -> None:
    one = chapter(("here", [1.0], [1.0]), ("there", [3.0], [1.0]))
    both = worst_of(2.0, median_ratio, [("here", "a"), ("there", "a")], "b")
    assert both(one) == Verdict("**3** (3 to 3); the worst of 2: there", False)
    assert both(chapter(("here", [1.0], [1.0]))) == MISSING


def test_growth() -> None:
    one = Chapter("one", "One", "")
    for entries, seconds in ((1_000, 1.0), (10_000, 5.0)):
        times = {"a": [seconds], "b": [1.0]}
        one.compare(f"{entries}", times, "a", "b", entries=entries)
    assert grows_at_most(1.1, "a", (1_000, 10_000), per_entry=True)(one) == Verdict(
        "**0.5** (1 s to 5 s)", True
    )
    assert grows_at_most(1.5, "a", (1_000, 10_000), per_entry=False)(one).met is False
    assert grows_at_most(1.5, "a", (1_000, 100_000), per_entry=False)(one) == MISSING
    assert grows_at_most(1.5, "c", (1_000, 10_000), per_entry=False)(one) == MISSING


def test_what_was_measured_at_another_size_decides_nothing() -> None:
    assert at_most(2.0, median_ratio, "here", "a", "b")(chapter()) == MISSING
    assert at_most(2.0, median_ratio, "here", "a", "c")(chapter(("here", [1.0], [1.0]))) == MISSING


def test_each_target_has_a_name_and_a_line_of_its_own() -> None:
    assert len({one.key for one in TARGETS}) == len({one.what for one in TARGETS}) == len(TARGETS)


def test_limits_are_said_of_targets_that_there_are() -> None:
    assert read_limits().keys() <= {one.key for one in TARGETS}
