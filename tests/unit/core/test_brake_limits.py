# SPDX-License-Identifier: GPL-2.0-or-later
"""When a change that no order explains is too large, and which of two pauses counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.brake import PauseState, exceeds, stricter
from enforcer.core.topology import BrakeLimits

LIMITS = BrakeLimits(rows=1000, percent=20.0, floor=10)


@pytest.mark.parametrize(
    ("moved", "standing", "too_large"),
    [
        (0, 0, False),
        (0, 1000, False),
        (10, 0, False),
        (11, 0, True),
        (10, 20, False),
        (11, 20, True),
        (11, 55, False),
        (12, 55, True),
        (200, 1000, False),
        (201, 1000, True),
        (1000, 1_000_000, False),
        (1001, 1_000_000, True),
    ],
)
def test_the_limits(moved: int, standing: int, too_large: bool) -> None:
    assert exceeds(moved, standing, LIMITS) is too_large


ROWS = st.integers(0, 5000)


@given(moved=ROWS, more=ROWS, standing=ROWS)
def test_more_never_passes_where_less_does_not(moved: int, more: int, standing: int) -> None:
    assert exceeds(moved + more, standing, LIMITS) or not exceeds(moved, standing, LIMITS)


@given(moved=ROWS, standing=ROWS)
def test_what_moves_nothing_or_little_passes(moved: int, standing: int) -> None:
    assert not exceeds(min(moved, LIMITS.floor), standing, LIMITS)


@given(moved=st.integers(1, 5000), standing=ROWS)
def test_limits_of_zero_let_nothing_pass(moved: int, standing: int) -> None:
    assert exceeds(moved, standing, BrakeLimits(rows=0, percent=0.0, floor=0))


def test_the_stricter_pause_counts() -> None:
    running, paused, frozen = PauseState.RUNNING, PauseState.PAUSED, PauseState.FROZEN
    assert stricter(running, paused) is stricter(paused, running) is paused
    assert stricter(paused, frozen) is stricter(frozen, running) is frozen
    assert stricter(running, running) is running
