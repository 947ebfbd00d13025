# SPDX-License-Identifier: GPL-2.0-or-later
"""The way in for many at once: a bounded queue that one thread empties in big transactions.

Whoever submits waits until what he brought is stored. Where the queue is full he is told to come
again: nothing is dropped in silence, and a flood costs others no more than the transaction that
is under way.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field

import structlog

from enforcer.errors import EnforcerError, Forbidden, StorageError, Throttled
from enforcer.intake.arrivals import Arrival, Receipt
from enforcer.intake.engine import Intake

log = structlog.get_logger()

Result = Receipt | Throttled | Forbidden

PORTION = 500
PATIENCE = 120.0
TOO_SLOW = f"the database took no report for {PATIENCE:g} s: send it again"
_AGAIN_SECONDS = 2.0
_REPAIR_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Parcel:
    arrivals: Sequence[Arrival]
    results: Future[list[Result]] = field(default_factory=Future)


class Inbox:
    """Use it as a context manager: the thread runs inside.

    `most`: arrivals that wait at most.
    """

    def __init__(self, intake: Intake, most: int = 10_000) -> None:
        self.intake = intake
        self._most = most
        self._waiting = 0
        self._lock = threading.Lock()
        self._parcels: queue.SimpleQueue[_Parcel | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
        self._closed = False

    def __enter__(self) -> Inbox:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            self._parcels.put(None)
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many arrivals wait to be stored."""
        return self._waiting

    def submit(self, arrivals: Sequence[Arrival]) -> list[Result]:
        """Store and act on `arrivals`; returns when they are stored.

        Raises Throttled where too many wait, StorageError where they could not be stored.
        """
        try:
            return self.post(arrivals).result(PATIENCE)
        except TooSlow:
            raise StorageError(TOO_SLOW) from None

    def post(self, arrivals: Sequence[Arrival]) -> Future[list[Result]]:
        """As `submit`, without waiting; what is raised later comes from the future."""
        parcel = _Parcel(arrivals)
        if not arrivals:
            parcel.results.set_result([])
            return parcel.results
        with self._lock:
            if self._closed:
                raise StorageError("the intake is shutting down: send it again")
            if self._waiting and self._waiting + len(arrivals) > self._most:
                said = f"{self._waiting} reports wait to be stored: send it again in a moment"
                raise Throttled(_AGAIN_SECONDS, said)
            self._waiting += len(arrivals)
            self._parcels.put(parcel)
        return parcel.results

    # -- the thread ----------------------------------------------------------------------

    def _work(self) -> None:
        self._repair()
        running = True
        while running:
            parcels, running = self._fetch()
            if parcels:
                self._take(parcels)
            else:
                self._repair()

    def _fetch(self) -> tuple[list[_Parcel], bool]:
        """The next parcels, together about `PORTION` arrivals; False: that was all."""
        parcels: list[_Parcel] = []
        size = 0
        try:
            parcel = self._parcels.get(timeout=_REPAIR_SECONDS)
            while parcel is not None:
                parcels.append(parcel)
                size += len(parcel.arrivals)
                if size >= PORTION:
                    return parcels, True
                parcel = self._parcels.get_nowait()
        except queue.Empty:
            return parcels, True
        return parcels, False

    def _take(self, parcels: Sequence[_Parcel]) -> None:
        arrivals: list[Arrival] = []
        waited_for: list[tuple[Future[list[Result]], slice]] = []
        for parcel in parcels:
            mine = slice(len(arrivals), len(arrivals) + len(parcel.arrivals))
            arrivals += parcel.arrivals
            # Who stopped waiting gets no answer; what he brought is stored all the same.
            if parcel.results.set_running_or_notify_cancel():
                waited_for.append((parcel.results, mine))
        try:
            results = self.intake.take(arrivals)
            for future, mine in waited_for:
                future.set_result(results[mine])
        except EnforcerError as error:
            for future, _ in waited_for:
                future.set_exception(error)
        finally:
            with self._lock:
                self._waiting -= len(arrivals)
            for future, _ in waited_for:
                if not future.done():
                    future.set_exception(StorageError("the intake failed: send it again"))

    def _repair(self) -> None:
        try:
            self.intake.repair()
        except EnforcerError as error:
            log.error("intake.repair", error=str(error))
