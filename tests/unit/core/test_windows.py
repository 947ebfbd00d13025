# SPDX-License-Identifier: GPL-2.0-or-later
"""Weekly windows: open from their start, closed at their end, and the next one is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.topology import MaintenanceWindow
from enforcer.core.windows import is_open, next_opening

SUNDAY = datetime(2026, 11, 22, tzinfo=UTC)
NIGHT = MaintenanceWindow(frozenset({6}), 120, 240)

windows = st.builds(
    lambda days, start, length: MaintenanceWindow(
        frozenset(days), start, min(start + length, 1440)
    ),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
instants = st.integers(0, 14 * 1440).map(lambda minutes: SUNDAY + timedelta(minutes=minutes))


def test_a_window_includes_its_start_and_not_its_end() -> None:
    at = [SUNDAY + timedelta(minutes=m) for m in (119, 120, 239, 240)]
    assert [is_open([NIGHT], instant) for instant in at] == [False, True, True, False]
    assert not is_open([], SUNDAY)


def test_the_next_one_may_be_a_week_away() -> None:
    start = SUNDAY + timedelta(minutes=120)
    assert next_opening([NIGHT], SUNDAY) == start
    assert next_opening([NIGHT], start) == start + timedelta(days=7)
    assert next_opening([], SUNDAY) is None


@given(st.lists(windows, min_size=1, max_size=3), instants)
def test_the_next_opening_is_the_first_minute_that_a_window_begins(
    some: list[MaintenanceWindow], now: datetime
) -> None:
    begun = next_opening(some, now)
    after = (now + timedelta(minutes=m) for m in range(1, 8 * 1440))
    assert begun == next(
        t
        for t in after
        if any(t.weekday() in w.days and t.hour * 60 + t.minute == w.start for w in some)
    )
    assert is_open(some, begun)
