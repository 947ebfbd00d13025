# SPDX-License-Identifier: GPL-2.0-or-later
"""Listens to one device's own change events and tells its worker."""

from __future__ import annotations

import threading

import structlog

from enforcer.clock import Clock
from enforcer.control.worker import GIVEN_UP, Worker
from enforcer.core.alarms import backoff
from enforcer.driver_api import DeviceEvent, Driver, EventKind, Watch
from enforcer.errors import DeviceError

log = structlog.get_logger()


class Watcher:
    """One thread; reconnects for ever. Events only make the next pass come sooner."""

    def __init__(self, driver: Driver, worker: Worker, clock: Clock) -> None:
        self._driver = driver
        self._worker = worker
        self._clock = clock
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watch: Watch | None = None

    def run(self) -> None:
        """Until `stop`."""
        attempt = 0
        while not self._stopping.is_set():
            retryable = True
            try:
                self._listen()
                attempt = 0
            except DeviceError as error:
                log.debug("watch failed", device=self._worker.name, error=str(error))
                retryable = error.retryable
            attempt += 1
            wait = backoff(attempt, retryable, self._worker.name) or GIVEN_UP
            self._clock.wait(self._stopping, wait.total_seconds())

    def _listen(self) -> None:
        with self._driver.watch() as watch:
            with self._lock:
                if self._stopping.is_set():
                    return
                self._watch = watch
            # Whatever happened before the subscription stood was not seen.
            self._worker.wake("watch began", full=True)
            try:
                for event in watch.events():
                    self._worker.tell(event)
            finally:
                with self._lock:
                    self._watch = None
        if not self._stopping.is_set():
            self._worker.tell(DeviceEvent(EventKind.LOST, "the event source ended"))

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        with self._lock:
            if self._watch is not None:
                self._watch.close()
