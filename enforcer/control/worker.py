# SPDX-License-Identifier: GPL-2.0-or-later
"""One thread per device: the only writer of that device in this process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from enforcer.clock import Clock
from enforcer.control.apart import connected
from enforcer.control.case import Request, circumstances
from enforcer.control.crowd import CROWD
from enforcer.control.evidence import Evidence
from enforcer.control.evidence_words import first_lines
from enforcer.control.facts import Outcome, PassFacts, sentence
from enforcer.control.fail_open import FailOpen
from enforcer.control.mending import Touched
from enforcer.control.owed import Owed
from enforcer.control.reconciler import Reconciler
from enforcer.core.alarms import backoff
from enforcer.core.brake import PauseState
from enforcer.core.plan import Trait
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Mode
from enforcer.driver_api import DeviceEvent, EventKind, Session
from enforcer.errors import DeviceError, DeviceUnreachable, StaleState, StorageError

log = structlog.get_logger()

TICK = "tick"
"""The reason of a wake that only asks "still so?"; it never replaces a better one."""
_STALE_LIMIT = 3
"""So many times in a row a pass may be overtaken before it writes unguarded."""
_STORAGE_SECONDS = 1.0
_REFRESH = timedelta(seconds=30)
"""How old a recorded proof may grow before a clean pass writes it anew."""
GIVEN_UP = timedelta(minutes=15)
"""After an error that is not retried, the device is left alone so long unless somebody asks:
more attempts with refused credentials could lock the account."""
_LONGEST_SLEEP = 3600.0
IDLE_SECONDS = 120.0
"""A login that nobody needs for so long is given back: a router has few of them."""
_CHAIN = 4096
"""So many foreign changes are followed without a read; where the chain breaks, one is due."""


_Move = tuple[str, str, Touched | None]
"""The fingerprint before and after a foreign change, and what of ours it touched."""


@dataclass
class _Inbox:
    """Why the worker should look at its device. Guarded by the worker's lock."""

    ring: bool = False
    full: bool = True
    reason: str = ""
    writers: list[str] = field(default_factory=list)
    moved: deque[_Move] = field(default_factory=lambda: deque(maxlen=_CHAIN))
    askers: list[Future[PassFacts]] = field(default_factory=list)


class Worker:
    """Reconciles one device whenever something may have changed, and from time to time."""

    def __init__(
        self,
        reconciler: Reconciler,
        evidence: Evidence,
        clock: Clock,
        pause: Callable[[], PauseState],
        full_every: timedelta,
        passed: Callable[[PassFacts], None] = lambda facts: None,
    ) -> None:
        self.name = reconciler.device.name
        self._reconciler = reconciler
        self._evidence = evidence
        self._clock = clock
        self._pause = pause
        self._full_every = full_every
        self._passed = passed
        self.owed = Owed()
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._inbox = _Inbox()
        self._away = False
        self._stopping = False
        self._session = ExitStack()
        self._open: Session | None = None
        self._attempt = 0
        self._stale = 0
        self._retry_at: float | None = None
        self._next_full = clock.monotonic()
        self._given_up = False
        self._used = self._waits_until = clock.monotonic()
        self._failing = ""
        self._fail_open = FailOpen(self.name, reconciler.driver, evidence)

    # -- called by other threads ---------------------------------------------------------

    def wake(self, reason: str, full: bool = False) -> None:
        """Look soon. `full`: read everything."""
        with self._lock:
            self._inbox.ring = True
            self._inbox.full |= full
            if reason != TICK:
                self.owed.ask(self._clock.monotonic())
            if reason != TICK or not self._inbox.reason:
                self._inbox.reason = reason
            self._bell.set()

    def ask(self, reason: str) -> Future[PassFacts]:
        """Make a full pass now, even while backing off; the future holds its facts."""
        future: Future[PassFacts] = Future()
        with self._lock:
            self._inbox.askers.append(future)
            self._inbox.ring = self._inbox.full = True
            self._inbox.reason = reason
            self.owed.ask(self._clock.monotonic())
            self._bell.set()
        return future

    def tell(self, event: DeviceEvent) -> None:
        """Take in what the device said about a change."""
        with self._lock:
            told = event.kind is EventKind.UNTOUCHED or event.touched is not None
            if told:
                self._inbox.moved.append((event.before, event.token, event.touched))
            if event.kind in (EventKind.UNTOUCHED, EventKind.OWN):
                return
            self._inbox.ring = True
            self.owed.ask(self._clock.monotonic())
            self._inbox.full |= not told
            self._inbox.reason = f"{event.kind}: {event.what}"
            if event.writer and event.writer not in self._inbox.writers:
                self._inbox.writers.append(event.writer)
            self._bell.set()

    def stop(self) -> None:
        """Finish the current pass and end the thread."""
        with self._lock:
            self._stopping = True
            self._bell.set()

    # -- the thread ----------------------------------------------------------------------

    def run(self) -> None:
        """Until `stop`; whatever is not a DeviceError is the fleet's to catch."""
        self.wake("the loop began", full=True)
        try:
            while True:
                inbox = self._next()
                if inbox is None:
                    return
                self._turn(inbox)
        finally:
            self._disconnect()

    def broke(self, error: Exception) -> None:
        """Record as a failed pass what should never have been raised. Raises StorageError."""
        said = f"internal error, see the controller's log: {type(error).__name__}: {error}"
        self._reconciler.distrust()
        self._record_failure(DeviceError(self.name, said), self._clock.now())

    def once(self) -> PassFacts:
        """One full pass in the calling thread, then disconnect."""
        asked = self.ask("asked for")
        try:
            while not asked.done():
                inbox = self._next()
                if inbox is not None:
                    self._turn(inbox)
        finally:
            self._disconnect()
        return asked.result()

    def _next(self) -> _Inbox | None:
        while True:
            with self._lock:
                if self._stopping:
                    return None
                self._bell.clear()
                wait = self._seconds_left()
                if wait <= 0.0:
                    inbox, self._inbox = self._inbox, _Inbox(full=False)
                    return inbox
            self._clock.wait(self._bell, min(wait, self._idle_left(), _LONGEST_SLEEP))

    def _idle_left(self) -> float:
        """Seconds until an unused login is to be closed; closes it when they are over."""
        if self._open is None or Trait.REMOTE not in self._reconciler.driver.traits:
            return _LONGEST_SLEEP
        left = self._used + IDLE_SECONDS - self._clock.monotonic()
        if left <= 0:
            self._disconnect()
            return _LONGEST_SLEEP
        return left

    def _seconds_left(self) -> float:
        """How long there is nothing to do, as far as is known now; not above 0: look now."""
        now = self._clock.monotonic()
        if self._inbox.askers:
            return 0.0
        if self._retry_at is not None:
            return self._retry_at - now
        if now >= self._next_full:
            self._inbox.full = self._inbox.ring = True
        elif self._inbox.ring and not self._given_up:
            return 0.0
        return self._next_full - now

    def _turn(self, inbox: _Inbox) -> None:
        for before, token, touched in inbox.moved:
            self._reconciler.rebase(before, token, touched)
        if self._nothing_to_do(inbox):
            return
        self.owed.begin(self._clock.monotonic())
        pause = self._pause()
        request = Request(
            inbox.reason or "periodic",
            inbox.full or self._retry_at is not None,
            pause,
            tuple(inbox.writers),
            self._stale < _STALE_LIMIT,
            lambda: self._pause() is pause,
            bool(inbox.askers),
        )
        try:
            with CROWD.inside():
                facts = self._pass(request)
        except DeviceError as error:
            if self._overtaken(error, inbox):
                return
            facts = self._failed(error, inbox)
        except StorageError as error:
            self._unrecorded(error, inbox)
            return
        except BaseException as error:
            for asker in inbox.askers:
                asker.set_exception(error)
            raise
        self._away = False
        if facts.outcome is not Outcome.FAILED:
            self.owed.end(self._clock.monotonic())
        self._passed(facts)
        for asker in inbox.askers:
            asker.set_result(facts)

    def _unrecorded(self, error: StorageError, inbox: _Inbox) -> None:
        """The database is away or busy: nothing is written without evidence; try again soon.

        Whoever asked is told; what was taken from the inbox is looked at by a full pass.
        """
        if not self._away:
            self._away = True
            log.warning("database away", device=self.name, error=str(error))
        self._reconciler.distrust()
        self._retry_at = self._clock.monotonic() + _STORAGE_SECONDS
        for asker in inbox.askers:
            asker.set_exception(error)

    def _nothing_to_do(self, inbox: _Inbox) -> bool:
        """A mere tick where only a full pass could prove anything new: wait for that one."""
        if inbox.full or inbox.askers or inbox.reason != TICK or self._retry_at is not None:
            return False
        remote = Trait.REMOTE in self._reconciler.driver.traits
        if self._clock.monotonic() < self._waits_until or (
            # Orders, ends and events ring by themselves; asking each second would be a login's use.
            remote and self._reconciler.proof is not None
        ):
            return True
        held = self._reconciler.device.mode is not Mode.ENFORCE or self._reconciler.held_back
        held = held or self._pause() is not PauseState.RUNNING
        return (held or self._reconciler.blind) and self._reconciler.proof is None

    def _pass(self, request: Request) -> PassFacts:
        kept = self._open is not None and Trait.REMOTE in self._reconciler.driver.traits
        try:
            facts = self._reconciler.run(self._connected(), request)
        except DeviceUnreachable:
            if not kept:
                raise
            # A login that was kept may have broken while nobody used it.
            self._disconnect()
            self._reconciler.distrust()
            facts = self._reconciler.run(self._connected(), replace(request, full=True))
        self._used = self._clock.monotonic()
        self._attempt = self._stale = 0
        self._retry_at = None
        self._given_up = False
        if facts.full:
            self._next_full = self._clock.monotonic() + self._full_every.total_seconds()
        self._waits_until = self._used + (facts.again or 0.0)
        if facts.again is not None:
            self._next_full = min(self._next_full, self._clock.monotonic() + facts.again)
        self._remember(facts)
        if self._reconciler.state.behind:
            self.wake("more began or ended than is followed at once")
        return facts

    def _connected(self) -> Session:
        if self._open is None:
            self._open = self._session.enter_context(connected(self._reconciler.driver))
        return self._open

    def _remember(self, facts: PassFacts) -> None:
        said = sentence(facts)
        recovered, self._failing = bool(self._failing), ""
        self._fail_open.passed(facts.at)
        clean = facts.outcome is Outcome.CLEAN
        known = self._reconciler.known(facts.at, proved=True) if clean else None
        if recovered:
            self._evidence.note("device.recovered", facts.at, self.name, said, known)
        elif known is not None and self._outdated(facts, known):
            self._evidence.know(self.name, known, self._reconciler.swift)
        level = log.debug if facts.outcome is Outcome.CLEAN else log.info
        level("pass", device=self.name, outcome=str(facts.outcome), said=said)

    def _outdated(self, facts: PassFacts, known: DeviceFacts) -> bool:
        """Whether the recorded proof must be renewed: old, or the book moved on."""
        recorded = self._evidence.facts(self.name)
        if recorded is None or recorded.verified_at is None or recorded.error_code:
            return True
        state = self._reconciler.state
        return (
            facts.at - recorded.verified_at >= _REFRESH
            or recorded.verified_seq < state.head
            or recorded.drift_open != known.drift_open
            or circumstances(recorded) != circumstances(known)
            or recorded.proved_for is None
            or (state.moved_at is not None and recorded.proved_for < state.moved_at)
        )

    def _overtaken(self, error: DeviceError, inbox: _Inbox) -> bool:
        """The device was quicker than we were: whoever asked waits for the next pass, at once."""
        if not isinstance(error, StaleState) or self._stale >= 2 * _STALE_LIMIT:
            return False
        self._stale += 1
        self._reconciler.distrust()
        self._retry_at = self._clock.monotonic()
        with self._lock:
            self._inbox.ring = self._inbox.full = True
            self._inbox.reason = inbox.reason
            self._inbox.askers = [*inbox.askers, *self._inbox.askers]
            self._keep_writers(inbox)
        return True

    def _keep_writers(self, inbox: _Inbox) -> None:
        new = [w for w in self._inbox.writers if w not in inbox.writers]
        self._inbox.writers = [*inbox.writers, *new]

    def _failed(self, error: DeviceError, inbox: _Inbox) -> PassFacts:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        self._reconciler.distrust()
        self._disconnect()
        self._attempt += 1
        wait = backoff(self._attempt, error.retryable, self.name)
        self._given_up = wait is None
        self._retry_at = monotonic + wait.total_seconds() if wait is not None else None
        pause = GIVEN_UP if self._given_up else self._full_every
        self._next_full = monotonic + pause.total_seconds()
        with self._lock:
            self._keep_writers(inbox)
        try:
            self._record_failure(error, now)
        except StorageError as away:
            # Said anew when it fails again.
            self._failing = ""
            log.warning("a failed pass could not be recorded", device=self.name, error=str(away))
        return PassFacts(
            self.name,
            Outcome.FAILED,
            now,
            writers=tuple(inbox.writers),
            error=error.message,
            retryable=error.retryable,
        )

    def _record_failure(self, error: DeviceError, now: datetime) -> None:
        known = self._reconciler.known(now, proved=False, error=error)
        if self._failing != str(error):
            self._failing = str(error)
            log.warning("device failing", device=self.name, error=str(error))
            self._fail_open.failed(error, now)
            self._evidence.note(
                "device.failing", now, self.name, first_lines([error.message]), known
            )
        else:
            self._evidence.know(self.name, known)

    def _disconnect(self) -> None:
        self._open = None
        self._session.close()
