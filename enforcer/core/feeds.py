# SPDX-License-Identifier: GPL-2.0-or-later
"""When a feed is fetched next, and when what it delivered is too old."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.core.topology import Feed, Topology

_FIRST_RETRY = timedelta(minutes=1)
_SPREAD = 0.1
"""The share of a period that differs from feed to feed: not all of them come at once."""


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is known of one feed. `first`, `tried`, `good`: the first, last and last good try.

    `etag`, `modified`: the validators of what was last taken in (RFC 9110 section 8.8), of use
    while `terms` are the same and the list still has the version that came of it, `version`.
    `failures`: tries in a row that brought nothing. `refused`: SHA-256 of a content that was
    refused, so that it is written down once.
    """

    first: datetime
    tried: datetime
    good: datetime | None = None
    etag: str = ""
    modified: str = ""
    terms: str = ""
    error: str = ""
    failures: int = 0
    refused: str = ""
    version: int | None = None


def terms_of(feed: Feed, topology: Topology) -> str:
    """What decides, beside the content, which entries are taken in; 16 hexadecimal digits.

    Where it has changed, the content must be looked at again though it is the same.
    """
    stated = (feed.source, feed.format, feed.column, feed.widest4, feed.widest6, feed.most)
    text = repr((stated, topology.digest))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def next_try(feed: Feed, state: FeedState) -> datetime:
    """When `feed` is to be fetched again, its settings being the same.

    After a failure sooner than usual at first, then less and less often.
    """
    every = timedelta(seconds=feed.every)
    if state.failures:
        every = min(every, _FIRST_RETRY * (1 << min(state.failures - 1, 16)))
    digest = hashlib.blake2b(feed.name.encode(), digest_size=4).digest()
    return state.tried + every * (1 - _SPREAD * int.from_bytes(digest) / 2**32)


def is_due(feed: Feed, state: FeedState | None, terms: str, now: datetime) -> bool:
    """Whether to fetch now. `terms` as of now (`terms_of`); a clock set back makes it due."""
    if state is None or state.tried > now:
        return True
    if state.terms and state.terms != terms and not state.failures:
        return True
    return next_try(feed, state) <= now


def is_stale(feed: Feed, state: FeedState | None, now: datetime) -> bool:
    """Whether the last good content, or the first try, is older than the feed allows."""
    if state is None:
        return False
    return now - (state.good or state.first) > timedelta(seconds=feed.stale_after)
