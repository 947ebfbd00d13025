# SPDX-License-Identifier: GPL-2.0-or-later
"""When a feed is due, and when it is stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.feeds import FeedState, is_due, is_stale, next_try, terms_of
from enforcer.core.topology import Feed, Topology

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
FEED = Feed("botnets", "https://example.net/list.txt", every=3600, stale_after=7200)
GOOD = FeedState(NOON, NOON, NOON, terms="t")


def seconds(feed: Feed, state: FeedState) -> float:
    return (next_try(feed, state) - state.tried).total_seconds()


@given(st.text(min_size=1, max_size=20), st.integers(60, 10**6), st.integers(0, 40))
def test_feeds_do_not_come_all_at_once_and_never_late(name: str, every: int, failures: int) -> None:
    feed = replace(FEED, name=name, every=every)
    wait = seconds(feed, replace(GOOD, failures=failures))
    usual = every if not failures else min(every, 60 * 2 ** min(failures - 1, 16))
    assert 0.9 * usual - 1e-6 <= wait <= usual
    assert next_try(feed, GOOD) == next_try(feed, GOOD)


def test_two_feeds_differ() -> None:
    assert seconds(FEED, GOOD) != seconds(replace(FEED, name="other"), GOOD)


def test_failures_are_retried_sooner_then_less_often() -> None:
    waits = [seconds(FEED, replace(GOOD, failures=n)) for n in (1, 2, 3, 9)]
    assert waits == sorted(waits)
    assert waits[0] <= 60
    assert waits[-1] == seconds(FEED, GOOD)


@pytest.mark.parametrize(
    "state, after, due",
    [
        (None, 0, True),
        (GOOD, 60, False),
        (GOOD, 3600, True),
        (GOOD, -1, True),
        (replace(GOOD, terms="other"), 1, True),
        (replace(GOOD, terms="other", failures=1), 1, False),
        (replace(GOOD, terms=""), 1, False),
        (replace(GOOD, failures=1), 60, True),
    ],
)
def test_when_a_feed_is_due(state: FeedState | None, after: int, due: bool) -> None:
    assert is_due(FEED, state, "t", NOON + timedelta(seconds=after)) is due


@pytest.mark.parametrize(
    "state, after, stale",
    [
        (None, 10**6, False),
        (GOOD, 7200, False),
        (GOOD, 7201, True),
        (replace(GOOD, good=None), 7201, True),
        (replace(GOOD, tried=NOON + timedelta(seconds=7201)), 7201, True),
    ],
)
def test_when_a_feed_is_stale(state: FeedState | None, after: int, stale: bool) -> None:
    assert is_stale(FEED, state, NOON + timedelta(seconds=after)) is stale


def test_terms_are_what_decides_beside_the_content() -> None:
    here = Topology()
    assert terms_of(FEED, here) == terms_of(replace(FEED, every=60, stale_after=9), Topology())
    changes = [
        replace(FEED, source="/x"),
        replace(FEED, column="ip"),
        replace(FEED, format="csv"),
        replace(FEED, widest4=16),
        replace(FEED, widest6=32),
        replace(FEED, most=5),
    ]
    found = {terms_of(feed, here) for feed in changes} | {terms_of(FEED, here)}
    assert len(found) == len(changes) + 1
    assert terms_of(FEED, Topology(documentation_space=True)) not in found
