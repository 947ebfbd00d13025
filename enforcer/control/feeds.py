# SPDX-License-Identifier: GPL-2.0-or-later
"""The schedule of the feeds: a thread of its own beside the controller, which never waits for it.

A feed whose name left the inventory is not fetched any more; its list stays as it is.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from enforcer.clock import Clock
from enforcer.control.evidence import CONTROLLER
from enforcer.control.feed_fetch import SECONDS, Fetch
from enforcer.control.feed_intake import GREW, SHRUNK, STALE, FeedIntake, alarm_stale
from enforcer.core.feeds import is_due, is_stale, terms_of
from enforcer.core.four_eyes import Thresholds
from enforcer.core.topology import Feed, Topology
from enforcer.errors import ConfigurationInvalid, EnforcerError, StorageError
from enforcer.storage.database import Database

log = structlog.get_logger()

LOOK_EVERY = 5.0
"""Seconds between two looks at what is due."""
_LEAVE = 2.0
"""Seconds that fetches under way are waited for when the controller stops."""
_AT_ONCE = 4
_STUCK = SECONDS + 30.0
"""Seconds after which a fetch is taken to hang, and keeps no other feed waiting."""


@dataclass(frozen=True, slots=True)
class _Fetching:
    """A fetch under way; `since`: monotonic seconds."""

    thread: threading.Thread
    since: float


class FeedClock:
    """Fetches each feed when it is due, a few at once, as long as it runs.

    Each fetch has a thread: a server that never ends delays neither other feeds nor alarms.

    Args:
        topology: the inventory in force; may raise ConfigurationInvalid or StorageError.
        ring: tells the controller that a list changed.
        rule: what may not come to a list that orders follow without a person.
    """

    def __init__(
        self,
        database: Database,
        topology: Callable[[], Topology],
        clock: Clock,
        fetch: Fetch,
        ring: Callable[[], None],
        every: float = LOOK_EVERY,
        rule: Thresholds | None = None,
    ) -> None:
        self._database = database
        self._topology = topology
        self._clock = clock
        self._intake = FeedIntake(database, clock, fetch)
        self._ring = ring
        self._every = every
        self._rule = rule
        self._stop = threading.Event()
        self._fetching: dict[str, _Fetching] = {}
        self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Fetch in the background until the block ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join(_LEAVE)
            self.settle(_LEAVE)

    def settle(self, seconds: float) -> bool:
        """Wait for the fetches under way, so long at most; whether all of them are through."""
        until = self._clock.monotonic() + seconds
        for one in tuple(self._fetching.values()):
            one.thread.join(max(0.0, until - self._clock.monotonic()))
        return not any(one.thread.is_alive() for one in self._fetching.values())

    def look(self) -> None:
        """Begin to fetch what is due, raise and clear alarms; waits for no server.

        Raises StorageError, ConfigurationInvalid.
        """
        topology = self._topology()
        with self._database.read() as reader:
            states = reader.feeds.all()
        self._forget(topology)
        for name, feed in sorted(topology.feeds.items()):
            if self._stop.is_set():
                return
            state = states.get(name)
            now = self._clock.now()
            if is_due(feed, state, terms_of(feed, topology), now):
                self._begin(feed, topology)
            if is_stale(feed, state, now):
                self._alarm(feed)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except (StorageError, ConfigurationInvalid) as problem:
                log.warning("feeds wait", error=str(problem))
            self._clock.wait(self._stop, self._every)

    def _begin(self, feed: Feed, topology: Topology) -> None:
        """Fetch `feed` in a thread, unless that is under way or too many are."""
        now = self._clock.monotonic()
        self._fetching = {n: f for n, f in self._fetching.items() if f.thread.is_alive()}
        busy = sum(now - one.since <= _STUCK for one in self._fetching.values())
        if feed.name in self._fetching or busy >= _AT_ONCE:
            return
        # One that hangs must not keep the program alive; what it stores, it stores whole.
        thread = threading.Thread(
            target=self._refresh, args=(feed, topology), name=f"feed {feed.name}", daemon=True
        )
        self._fetching[feed.name] = _Fetching(thread, now)
        thread.start()

    def _refresh(self, feed: Feed, topology: Topology) -> None:
        try:
            refreshed = self._intake.refresh(feed, topology, CONTROLLER, rule=self._rule)
        except EnforcerError as problem:
            log.warning("feed brought nothing", feed=feed.name, error=str(problem))
            return
        taken = refreshed.taken
        if taken is not None and taken.changed:
            log.info(
                "feed changed its list", feed=feed.name, added=taken.added, removed=taken.removed
            )
            self._ring()

    def _alarm(self, feed: Feed) -> None:
        with self._database.read() as reader:
            if reader.alarms.is_open(STALE, feed.name):
                return
        with self._database.write() as work:
            # What has just begun to fetch it may have come to its end, and cleared the alarm.
            alarm_stale(work, feed, work.feeds.get(feed.name), CONTROLLER, self._clock.now())

    def _forget(self, topology: Topology) -> None:
        """Alarms about feeds that left the inventory are over."""
        with self._database.read() as reader:
            gone = [
                (alarm.kind, alarm.subject)
                for alarm in reader.alarms.open()
                if alarm.kind in (STALE, SHRUNK, GREW) and alarm.subject not in topology.feeds
            ]
        if not gone:
            return
        with self._database.write() as work:
            for kind, name in gone:
                why = f"the feed {name} left the inventory; its list stays as it is"
                work.clear_alarm(kind, CONTROLLER, at=self._clock.now(), subject=name, why=why)
