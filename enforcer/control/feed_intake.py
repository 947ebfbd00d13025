# SPDX-License-Identifier: GPL-2.0-or-later
"""One feed, fetched once: its content taken in, what came of it remembered, alarms kept true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.control.feed_fetch import FeedFailed, Fetch, Fetched, shown_source
from enforcer.control.list_intake import (
    EMPTY,
    GROWS,
    SHRINKS,
    Growth,
    Offer,
    Taken,
    examine,
    offer_of,
    take_in,
)
from enforcer.core.feeds import FeedState, is_stale, terms_of
from enforcer.core.four_eyes import Thresholds
from enforcer.core.topology import Feed, Topology
from enforcer.errors import InvalidInput, OrderRefused
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import UnitOfWork

STALE = "feed-stale"
SHRUNK = "feed-shrinks"
GREW = "feed-grows"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a fetch brought. `taken` None: the source says that nothing changed."""

    taken: Taken | None
    state: FeedState


class FeedIntake:
    """Fetches feeds into lists; for the schedule and for a person who asks alike."""

    def __init__(self, database: Database, clock: Clock, fetch: Fetch) -> None:
        self._database = database
        self._clock = clock
        self._fetch = fetch

    def refresh(
        self,
        feed: Feed,
        topology: Topology,
        actor: Actor,
        confirm_shrink: bool = False,
        rule: Thresholds | None = None,
    ) -> Refreshed:
        """Fetch `feed` now; it is remembered and alarmed whatever comes of it.

        `rule`: what may not come to a list that orders follow without a person.

        Raises FeedFailed, InvalidInput (what came is no list) and OrderRefused (`take_in`).
        """
        terms = terms_of(feed, topology)
        with self._database.read() as reader:
            before = reader.feeds.get(feed.name)
            version = reader.lists.current_version(feed.name)
        tried = self._begun(before)
        # What somebody else imported since must not pass for what the source says is unchanged.
        known = version is not None and tried.version == version and tried.terms == terms
        offer: Offer | None = None
        try:
            fetched = self._fetch(feed.source, *((tried.etag, tried.modified) if known else ()))
            taken = None
            if fetched.body is not None:
                offer = offer_of(feed, _text(fetched.body), shown_source(feed.source))
                taken = take_in(
                    self._database,
                    actor,
                    examine(offer, topology),
                    now=self._clock.now(),
                    confirm_shrink=confirm_shrink,
                    known_refusal=tried.refused,
                    growth=None if rule is None else Growth(rule, by_itself=True),
                )
        except (FeedFailed, InvalidInput, OrderRefused) as problem:
            self._settle_bad(feed, actor, tried, problem, offer)
            raise
        return Refreshed(taken, self._settle_good(feed, actor, tried, fetched, taken, terms))

    def _begun(self, before: FeedState | None) -> FeedState:
        now = self._clock.now()
        return FeedState(now, now) if before is None else replace(before, tried=now)

    def _settle_good(
        self,
        feed: Feed,
        actor: Actor,
        tried: FeedState,
        fetched: Fetched,
        taken: Taken | None,
        terms: str,
    ) -> FeedState:
        now = self._clock.now()
        same = fetched.body is None
        state = FeedState(
            tried.first,
            tried.tried,
            now,
            # An answer without validators to a conditional request leaves the known ones true.
            fetched.etag or (tried.etag if same else ""),
            fetched.modified or (tried.modified if same else ""),
            terms,
            version=tried.version if taken is None else taken.version,
        )
        with self._database.write() as work:
            work.feeds.save(feed.name, state)
            why = f"{feed.name} was fetched"
            for kind in (STALE, SHRUNK, GREW):
                work.clear_alarm(kind, actor, at=now, subject=feed.name, why=why)
        return state

    def _settle_bad(
        self,
        feed: Feed,
        actor: Actor,
        tried: FeedState,
        problem: FeedFailed | InvalidInput | OrderRefused,
        offer: Offer | None,
    ) -> None:
        now = self._clock.now()
        refused = isinstance(problem, OrderRefused)
        state = replace(
            tried,
            error=str(problem),
            failures=tried.failures + 1,
            refused=offer.sha256 if refused and offer is not None else tried.refused,
        )
        with self._database.write() as work:
            work.feeds.save(feed.name, state)
            if isinstance(problem, OrderRefused):
                _alarm_refused(work, feed, problem, actor, now)
            alarm_stale(work, feed, state, actor, now)


def _alarm_refused(
    work: UnitOfWork, feed: Feed, problem: OrderRefused, actor: Actor, now: datetime
) -> None:
    """Say how a person takes in all the same what was held."""
    how = f"{problem}: `enforcer list refresh {feed.name}"
    if problem.code in (SHRINKS, EMPTY):
        said = f"{how} --confirm-shrink`"
        work.raise_alarm(SHRUNK, actor, at=now, subject=feed.name, said=said)
    elif problem.code == GROWS:
        work.raise_alarm(GREW, actor, at=now, subject=feed.name, said=f"{how}` there takes it")


def alarm_stale(
    work: UnitOfWork, feed: Feed, state: FeedState | None, actor: Actor, now: datetime
) -> bool:
    """Raise the alarm about a feed whose last good content is too old; whether it was new."""
    if state is None or not is_stale(feed, state, now):
        return False
    since = f"since {state.good:%Y-%m-%d %H:%M}Z" if state.good is not None else "ever"
    why = f": {state.error}" if state.error else ": it was not fetched when it was due"
    return work.raise_alarm(
        STALE,
        actor,
        at=now,
        subject=feed.name,
        said=f"the list {feed.name} got no new content {since}{why}; what it had stays enforced;"
        f" `enforcer list refresh {feed.name}` tries now",
    )


def _text(body: bytes) -> str:
    """What is not UTF-8 ends up in rejected lines or comments."""
    return body.decode("utf-8-sig", "replace")
