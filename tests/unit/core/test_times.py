# SPDX-License-Identifier: GPL-2.0-or-later
import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.times import (
    LONGEST,
    format_duration,
    format_when,
    parse_duration,
    parse_when,
    say_when,
)
from enforcer.errors import InvalidInput

NOW = datetime(2026, 11, 21, 17, 0, 0, 250_000, UTC)
AT_FIVE = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("2h", 7200),
        ("30m", 1800),
        ("7d", 604_800),
        ("1h30m", 5400),
        ("90s", 90),
        ("1w2d", 777_600),
        (" 1D ", 86_400),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "is not a duration"),
        ("30", "did you mean 30m or 30h"),
        ("30m2h", "is not a duration"),
        ("2h2h", "is not a duration"),
        ("-2h", "is not a duration"),
        ("1.5h", "is not a duration"),
        ("1h 30m", "is not a duration"),
        ("2 hours", "is not a duration"),
        ("0m", "no time at all"),
        ("36501d", "open end"),
        ("9" * 5000 + "d", "open end"),
        ("٢h", "is not a duration"),
    ],
)
def test_durations_refused(text: str, part: str) -> None:
    with pytest.raises(InvalidInput, match=part):
        parse_duration(text)


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_durations_round_trip(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


def test_durations_for_people() -> None:
    assert format_duration(timedelta(minutes=90)) == "1h30m"
    assert format_duration(timedelta(days=14)) == "14d"
    assert format_duration(timedelta(milliseconds=999)) == "0s"
    assert format_duration(timedelta(seconds=-61)) == "-1m1s"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("now", NOW),
        ("+2h", NOW + timedelta(hours=2)),
        ("2026-11-21T17:00:00Z", AT_FIVE),
        ("2026-11-21T17:00Z", AT_FIVE),
        ("2026-11-21T18:00:00+01:00", AT_FIVE),
        ("2026-11-21 12:00:00-05:00", AT_FIVE),
        ("20261121T170000Z", AT_FIVE),
    ],
)
def test_instants(text: str, expected: datetime) -> None:
    when = parse_when(text, NOW)
    assert when == expected
    assert when.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "is not a time"),
        ("2h", r"did you mean \+2h"),
        ("tomorrow", "2026-11-21T19:00:00Z"),
        ("2026-11-21T17:00:00", "write 2026-11-21T17:00:00Z for UTC"),
        ("2026-11-30", "write 2026-11-30T00:00:00Z for UTC"),
        ("2026-02-30T00:00Z", "is not a time"),
        ("+", "is not a duration"),
        ("0001-01-01T00:00:00+01:00", "beyond the calendar"),
    ],
)
def test_instants_refused(text: str, part: str) -> None:
    with pytest.raises(InvalidInput, match=part):
        parse_when(text, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_round_trip(instant: datetime) -> None:
    assert parse_when(format_when(instant), NOW) == instant


@given(st.text(max_size=20))
def test_only_our_error(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert parse_when(text, NOW).tzinfo is UTC


def test_other_zones_are_written_as_utc() -> None:
    assert format_when(AT_FIVE.astimezone(timezone(timedelta(hours=5)))) == "2026-11-21T17:00:00Z"


def test_sentences_have_seconds() -> None:
    assert say_when(AT_FIVE.replace(microsecond=163281)) == format_when(AT_FIVE)
