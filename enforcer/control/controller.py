# SPDX-License-Identifier: GPL-2.0-or-later
"""The running controller: the lead, the order book, the door bell, the clock, the fleet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta

import structlog

from enforcer.control.alarm_clock import AlarmClock
from enforcer.control.book import OrderBook
from enforcer.control.doorbell import Doorbell, Visit
from enforcer.control.facts import PassFacts, sentence
from enforcer.control.filling import fill, new_lists
from enforcer.control.fleet import Fleet, Means
from enforcer.control.ownership import LEFT_BEHIND
from enforcer.control.worker import TICK
from enforcer.core.brake import PauseState
from enforcer.core.topology import Topology
from enforcer.errors import EnforcerError, StorageError
from enforcer.storage.database import Database

log = structlog.get_logger()

_PRUNE_EVERY = timedelta(minutes=1)


class Controller:
    """Follows the database and drives the fleet. The caller holds the lead."""

    def __init__(
        self, database: Database, topology: Topology, means_with: Callable[..., Means], tick: float
    ) -> None:
        self._database = database
        self._book = OrderBook(topology)
        self._pause = PauseState.RUNNING
        self._means = means_with(lambda: self._pause)
        self._clock = self._means.clock
        self._looked: datetime | None = None
        self._following = threading.Lock()
        self._alarms = AlarmClock(self._tick, self._next_boundary, tick, self._clock)
        self._pruned: datetime | None = None
        self._fleet: Fleet | None = None
        self._seen = 0
        self._stopping = threading.Event()

    @property
    def book(self) -> OrderBook:
        """The order book."""
        return self._book

    def load(self) -> None:
        """Close what a dead process left open and fill the book."""
        now = self._clock.now()
        orphans = self._means.evidence.close_orphans(now)
        if orphans:
            log.warning("a dead process left intents open", intents=orphans)
        self._seen = fill(self._book, self._database, now)
        with self._database.read() as reader:
            self._pause = PauseState(reader.control.state().state)
            gone = sorted(reader.devices.all_facts().keys() - self._book.topology.devices.keys())
        for name in gone:
            log.warning("device left the inventory", device=name, said=LEFT_BEHIND)
        self._looked = now
        log.info("order book loaded", orders=len(self._book.entries()), head=self._seen)

    def run(self, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> None:
        """Until `stop` is set. Raises nothing for a database or device that is away."""
        path = self._database.path
        self._fleet = Fleet(self._book.topology.devices, self._book, self._means)
        bell = Doorbell(path) if path is not None else None
        self._alarms.start()
        self._fleet.start()
        try:
            ready()
            while not stop.is_set():
                self._alarms.look()
                if bell is None:
                    self._clock.wait(stop, 1.0)
                else:
                    self._open_door(bell, stop)
        finally:
            self._alarms.stop()
            self._fleet.stop()
            if bell is not None:
                bell.close()

    # -- reasons to look -----------------------------------------------------------------

    def _open_door(self, bell: Doorbell, stop: threading.Event) -> None:
        visit = bell.wait(0.5)
        if visit is None or stop.is_set():
            return
        self.follow("rung")
        device = visit.question.get("reconcile")
        if isinstance(device, str):
            self._asked(bell, visit, device)

    def _asked(self, bell: Doorbell, visit: Visit, device: str) -> None:
        """A person wants a full pass now; the answer goes back when it is done."""
        if self._fleet is None:
            return
        try:
            future = self._fleet.ask(device, "asked for")
        except EnforcerError as error:
            bell.answer(visit, {"error": str(error)})
            return
        future.add_done_callback(lambda done: bell.answer(visit, answer_of(done)))

    def _tick(self) -> None:
        """Once a second and at each boundary: the fallback for everything that rings."""
        now = self._clock.now()
        looked, self._looked = self._looked, now
        self.follow("tick")
        if self._fleet is None:
            return
        due = self._book.due(looked, now) if looked is not None and looked <= now else None
        if due is None:
            self._fleet.wake_all("the clock stepped back")
        elif due:
            self._fleet.wake(due, "an order begins or ends")
        self._fleet.wake_all(TICK)
        if self._pruned is None or abs(now - self._pruned) >= _PRUNE_EVERY:
            self._pruned = now
            self._book.prune(now)

    def follow(self, reason: str) -> None:
        """Take in what was committed since; wakes the devices concerned."""
        with self._following:
            try:
                changed = self._read_changes()
            except StorageError as error:
                log.warning("database away", error=str(error))
                return
        if changed and self._fleet is not None:
            self._fleet.wake(changed, reason)
        if changed:
            self._alarms.rearm()

    def _read_changes(self) -> frozenset[str]:
        if self._database.head() == self._seen:
            return frozenset()
        with self._database.read() as reader:
            head = reader.audit.head()[0]
            orders = reader.orders.changed_since(self._seen)
            pause = PauseState(reader.control.state().state)
            lists = new_lists(self._book, reader.lists, orders)
        devices = self._book.advance(orders, lists, head)
        self._seen = head
        if pause is not self._pause:
            log.warning("control state", state=str(pause), before=str(self._pause))
            self._pause = pause
            return frozenset(self._book.topology.devices)
        return devices

    def _next_boundary(self) -> datetime | None:
        return self._book.next_boundary(self._looked or self._clock.now())


def answer_of(done: Future[PassFacts]) -> dict[str, object]:
    """What the door bell answers to `device reconcile`."""
    error = done.exception()
    if error is not None:
        return {"error": str(error)}
    facts = done.result()
    return {
        "device": facts.device,
        "outcome": str(facts.outcome),
        "sentence": sentence(facts),
        "added": facts.added,
        "removed": facts.removed,
        "verified": facts.verified,
        "drift": facts.drift.differing + len(facts.findings),
        "seconds": facts.seconds,
    }
