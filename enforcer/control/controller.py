# SPDX-License-Identifier: GPL-2.0-or-later
"""The running controller: the lead, the order book, the door bell, the clock, the fleet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

import structlog

from enforcer.control.alarm_clock import AlarmClock
from enforcer.control.book import OrderBook
from enforcer.control.doorbell import Bell, open_bell
from enforcer.control.facts import PassFacts, sentence
from enforcer.control.filling import fill, new_lists
from enforcer.control.fleet import Fleet, Means
from enforcer.control.followed import Seen
from enforcer.control.inventory_following import Followed, InventoryFollowing
from enforcer.control.one_at_work import OneAtWork
from enforcer.control.overdue import Overdue
from enforcer.control.owed import Owed
from enforcer.control.ownership import LEFT_BEHIND
from enforcer.control.settling import Settling, left_behind
from enforcer.control.unread import Portion, Unread
from enforcer.control.visit import Visit
from enforcer.control.worker import TICK
from enforcer.core.brake import PauseState
from enforcer.core.orders import BlockList, Order
from enforcer.core.topology import Topology
from enforcer.errors import EnforcerError, StorageError
from enforcer.storage.database import Database
from enforcer.storage.placed import Placed

log = structlog.get_logger()

_PRUNE_EVERY = timedelta(minutes=1)
_LONGEST_REST = 0.02
_LONGEST_WAIT = 0.5
"""Seconds between two looks of the loop when nobody rings."""


class Controller:
    """Follows the database and drives the fleet. The caller holds the lead."""

    def __init__(
        self,
        database: Database,
        topology: Topology,
        means_with: Callable[..., Means],
        tick: float,
        unread: Unread | None = None,
    ) -> None:
        self._database = database
        self._book = OrderBook(topology)
        self._pause = PauseState.RUNNING
        self._means = means_with(lambda: self._pause)
        self._clock = self._means.clock
        self._looked: datetime | None = None
        self._following = threading.Lock()
        self._followers = OneAtWork()
        self._heard = False
        self._away = False
        self._alarms = AlarmClock(self._tick, self._next_boundary, tick, self._clock)
        self._pruned: datetime | None = None
        self._fleet: Fleet | None = None
        self._inventory = InventoryFollowing(topology)
        self._settling = Settling(database, self._clock)
        self._overdue = Overdue(self._means.evidence, self._clock, self._owed)
        self._seen = 0
        self._unread = unread or Unread()
        self._stopping = threading.Event()

    @property
    def book(self) -> OrderBook:
        """The order book."""
        return self._book

    @property
    def pause(self) -> PauseState:
        """Whether writes are paused or frozen, as last heard."""
        return self._pause

    def load(self) -> None:
        """Close what a dead process left open and fill the book."""
        now = self._clock.now()
        orphans = self._means.evidence.close_orphans(now)
        if orphans:
            log.warning("a dead process left intents open", intents=orphans)
        self._database.forget_placed()
        self._seen = fill(self._book, self._database, now, held=False)
        self._unread.begin(self._seen)
        # Read after the orders: what is put in force from now on has a higher change sequence.
        with self._database.read() as reader:
            self._pause = PauseState(reader.control.state().state)
            followed = self._inventory.read(reader)
            topology = followed.topology if followed is not None else self._book.topology
            gone = left_behind(reader, topology)
        if followed is not None and (followed.holds or topology is not self._book.topology):
            self._book.reload(topology, followed.holds)
        for name in gone:
            log.warning("device left the inventory", device=name, said=LEFT_BEHIND)
        self._looked = now
        log.info("order book loaded", orders=len(self._book.entries()), head=self._seen)

    def run(
        self,
        stop: threading.Event,
        ready: Callable[[], None] = lambda: None,
        lost: Callable[[], bool] = lambda: False,
    ) -> None:
        """Until `stop` is set, or the lead is `lost`.

        Raises nothing for a database or device that is away.
        """
        self._stopping = stop
        self._fleet = Fleet(self._book.topology.devices, self._book, self._means)
        bell = open_bell(self._database, self._clock)
        self._fleet.start()
        self._alarms.start()
        self._database.listen_here(self.hear)
        try:
            ready()
            while not (stop.is_set() or lost()):
                self._alarms.look()
                self._open_door(bell, stop)
        finally:
            self._database.listen_here()
            self._alarms.stop()
            self._fleet.stop()
            self._guarded(self._database.settle)
            bell.close()

    # -- reasons to look -----------------------------------------------------------------

    def _open_door(self, bell: Bell, stop: threading.Event) -> None:
        visit = bell.wait(_LONGEST_WAIT)
        if visit is None and self._heard:
            self._rearm()
        if visit is None or stop.is_set():
            return
        device = visit.question.get("reconcile")
        if not isinstance(device, str):
            self._followers.do(partial(self.follow, "rung"))
            return
        # Whoever asks for a pass wants it with everything that was committed before.
        self.follow("rung")
        self._asked(bell, visit, device)

    def _asked(self, bell: Bell, visit: Visit, device: str) -> None:
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
        self._settle()
        self._guarded(self._database.settle)
        # Not TICK: a device over SSH is not asked for a mere tick, and this is a change.
        self._followers.do(partial(self.follow, "a change was found"))
        if self._fleet is None:
            return
        due = self._book.due(looked, now) if looked is not None and looked <= now else None
        if due is None:
            self._refill(now)
            self._fleet.wake_all("the clock stepped back")
        elif due:
            self._fleet.wake(due, "an order begins or ends")
        self._fleet.wake_all(TICK)
        if self._pruned is None or abs(now - self._pruned) >= _PRUNE_EVERY:
            self._pruned = now
            self._book.prune(now)
            self._guarded(self._settling.look_at_alarms)
        self._guarded(self._overdue.look)

    def _owed(self) -> Mapping[str, Owed]:
        return self._fleet.owed() if self._fleet is not None else {}

    def _refill(self, now: datetime) -> None:
        """The clock stepped back: what was forgotten as long over may be in force again."""
        try:
            with self._following:
                fill(self._book, self._database, now, held=False)
        except StorageError as error:
            self._is_away(error)
            # Asked for again at the next tick.
            self._looked = None

    def _settle(self) -> None:
        """Let go what was retired or moved, where the devices are proved to be rid of it."""
        self._guarded(self._settling.look)

    def _guarded(self, look: Callable[[], object]) -> None:
        try:
            look()
        except StorageError as error:
            self._is_away(error)

    def _is_away(self, error: StorageError) -> None:
        """Said once, not at each tick."""
        if not self._away:
            self._away = True
            log.warning("database away", error=str(error))

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            log.info("database back")

    def follow(self, reason: str) -> None:
        """Take in what was committed since; wakes the devices concerned."""
        more = True
        while more and not self._stopping.is_set():
            began = self._clock.monotonic()
            with self._following:
                placed = self._placed_here()
                try:
                    changed = self._take(placed) if placed else self._read_changes()
                except StorageError as error:
                    self._is_away(error)
                    return
                # Whoever rang may be another process, of whose orders only the database tells.
                more = bool(placed) or not self._unread.is_done(self._seen)
            self._is_back()
            if changed and self._fleet is not None:
                self._fleet.wake(changed, reason)
            if changed or self._heard:
                self._rearm()
            if more and not placed:
                # While many orders are being read, who enforces them gets half of the time.
                self._stopping.wait(min(self._clock.monotonic() - began, _LONGEST_REST))

    def _rearm(self) -> None:
        self._heard = False
        self._alarms.rearm(self._next_from(self._clock.now()))

    def hear(self) -> bool:
        """Take in what was placed in this process, in the thread that placed it, where nothing
        else is being taken in; False: ring all the same.

        The alarm for its end is armed when the loop looks next, which is soon enough.
        """
        if self._fleet is None or not self._following.acquire(blocking=False):
            return False
        try:
            placed = self._placed_here()
            changed = self._take(placed) if placed else frozenset()
            self._heard |= bool(changed)
        finally:
            self._following.release()
        if not changed:
            return False
        self._fleet.wake(changed, "rung")
        now = self._clock.now()
        soon = self._book.next_boundary(now)
        return soon is None or soon > now + 2 * timedelta(seconds=_LONGEST_WAIT)

    def _read_changes(self) -> frozenset[str]:
        with self._database.read() as reader:
            head, digest = reader.audit.head()
            if head == self._seen and self._unread.is_done(head):
                return frozenset()
            # Before anything that takes long or cannot be read: whoever writes asks for it.
            paused_otherwise = self._hear(PauseState(reader.control.state().state))
            portion = self._unread.take(reader)
            lists = new_lists(self._book, reader.lists, portion.orders, newer=portion.last)
            controls = reader.device_controls.all()
            # Last: what was read counts as seen.
            followed = self._inventory.read(reader, controls) if portion.last else None
        self._means.evidence.following.tell(Seen(head, digest, controls))
        if followed is not None and followed.compiled:
            self._book.reload(followed.topology, followed.holds)
        devices = self._book.advance(portion.orders, lists, portion.head)
        self._unread.took(portion)
        self._seen = head
        if followed is not None:
            self._obey(followed)
        return frozenset(self._book.topology.devices) if paused_otherwise else devices

    def _placed_here(self) -> Sequence[Placed]:
        """Orders that came since from this process, and nothing else in between."""
        if not self._unread.is_done(self._seen):
            return ()
        placed = self._database.placed_after(self._seen)
        # What a list says is in the database.
        return [*takewhile(lambda one: not any(map(names_list, one.orders)), placed)]

    def _take(self, placed: Sequence[Placed]) -> frozenset[str]:
        """What these transactions did is known: the database need not be asked."""
        last = placed[-1]
        orders = tuple(order for one in placed for order in one.orders)
        devices = self._book.advance(orders, {}, last.head)
        self._means.evidence.following.went_on(last.head, last.digest)
        self._unread.took(Portion(orders, last.head, last.head))
        self._seen = last.head
        return devices

    def _hear(self, pause: PauseState) -> bool:
        """Whether it is another one than before."""
        if pause is self._pause:
            return False
        log.warning("control state", state=str(pause), before=str(self._pause))
        self._pause = pause
        return True

    def _obey(self, followed: Followed) -> None:
        """Another inventory is in force, or somebody decided something about devices."""
        if followed.fresh:
            log.info("inventory in force", digest=followed.topology.digest)
        if self._fleet is None:
            return
        if followed.fresh:
            self._fleet.follow(followed.topology.devices)
        self._fleet.wake(followed.devices, "somebody decided", full=True)

    def _next_boundary(self) -> datetime | None:
        return self._book.next_boundary(self._looked or self._clock.now())

    def _next_from(self, now: datetime) -> datetime | None:
        """After a change: whose start is over was just woken for that, and needs no alarm."""
        return self._book.next_boundary(max(self._looked or now, now))


def names_list(order: Order) -> bool:
    """Whether what it asks for lies in a list."""
    return isinstance(order.demand, BlockList)


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
