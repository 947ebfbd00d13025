# SPDX-License-Identifier: GPL-2.0-or-later
"""Times and statuses in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.cli.words import absolute, both, counted, look_of, plain, relative, roughly

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(seconds=0.4), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(hours=1, minutes=59, seconds=59), "1h59m"),
        (timedelta(hours=2, seconds=30), "2h"),
        (timedelta(days=6, hours=23, minutes=59), "6d23h"),
        (timedelta(days=400), "400d"),
        (-timedelta(minutes=5), "5m"),
    ],
)
def test_two_units_are_enough(duration: timedelta, words: str) -> None:
    assert roughly(duration) == words


def test_relative() -> None:
    assert relative(NOW + timedelta(hours=2), NOW) == "in 2h"
    assert relative(NOW - timedelta(minutes=5), NOW) == "5m ago"
    assert relative(NOW + timedelta(milliseconds=900), NOW) == "now"


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=36500)))
def test_past_and_future_are_told_apart(distance: timedelta) -> None:
    assert relative(NOW + distance, NOW).startswith("in ")
    assert relative(NOW - distance, NOW).endswith(" ago")


def test_absolute_is_utc() -> None:
    assert absolute(datetime(2026, 12, 1, 9, tzinfo=timezone(timedelta(hours=1)))) == (
        "2026-12-01 08:00Z"
    )
    assert absolute(NOW + timedelta(seconds=7)) == "2026-11-21 18:00:07Z"


def test_both_or_neither() -> None:
    assert both(NOW, NOW) == "now (2026-11-21 18:00Z)"
    assert both(None, NOW, "open-ended") == "open-ended"


@given(st.text())
def test_plain_text_has_no_control_characters(text: str) -> None:
    shown = plain(text)
    assert len(shown) == len(text)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert all(a == b for a, b in zip(shown, text, strict=True) if b.isprintable())


def test_an_unknown_status_is_shown_plainly() -> None:
    assert look_of("levitating").style == ""


def test_counted() -> None:
    assert counted(1, "device") == "1 device"
    assert counted(1_234, "entry", "entries") == "1,234 entries"
