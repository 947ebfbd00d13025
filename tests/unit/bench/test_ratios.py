# SPDX-License-Identifier: GPL-2.0-or-later
"""The statistics of paired runs."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.ratios import Spread, paired, percentile, spread, turns

SECONDS = st.floats(min_value=1e-6, max_value=1e3)
SAMPLES = st.lists(SECONDS, min_size=1, max_size=50)


def test_a_spread_of_eleven() -> None:
    assert spread([float(n) for n in (10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]) == Spread(0, 1, 5, 9, 10)


def test_percentiles_are_interpolated() -> None:
    assert percentile([1.0, 2.0], 0.25) == 1.25
    assert percentile([7.0], 0.9) == 7.0


@given(SAMPLES)
def test_the_five_numbers_are_in_order_and_the_median_is_the_median(values: list[float]) -> None:
    found = spread(values)
    numbers = [found.minimum, found.p10, found.median, found.p90, found.maximum]
    assert numbers == sorted(numbers)
    assert (found.minimum, found.maximum) == (min(values), max(values))
    assert found.median == pytest.approx(statistics.median(values))


@given(SAMPLES, st.floats(min_value=0.1, max_value=10))
def test_a_ratio_is_taken_round_by_round(baseline: list[float], factor: float) -> None:
    slower = [factor * one for one in baseline]
    assert paired(slower, baseline) == pytest.approx([factor] * len(baseline))


def test_weather_that_hits_both_leaves_the_ratio_alone() -> None:
    assert spread(paired([2.0, 20.0, 4.0], [1.0, 10.0, 2.0])) == Spread(2, 2, 2, 2, 2)


@pytest.mark.parametrize("values, share", [([], 0.5), ([1.0], -0.1), ([1.0], 1.1)])
def test_no_percentile_of_nothing(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, share)


def test_rounds_must_pair() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="no time"):
        paired([1.0], [0.0])


def test_turns_go_there_and_back() -> None:
    assert [turns(3, number) for number in range(3)] == [[0, 1, 2], [2, 1, 0], [0, 1, 2]]
