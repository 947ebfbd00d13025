# SPDX-License-Identifier: GPL-2.0-or-later
"""All device workers: one thread and one writer each, woken by orders, events and time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta

import structlog

from enforcer.clock import Clock
from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.facts import PassFacts
from enforcer.control.reconciler import Reconciler
from enforcer.control.steps import Step, no_step
from enforcer.control.watch import Watcher
from enforcer.control.worker import Worker
from enforcer.core.brake import PauseState
from enforcer.core.plan import Trait
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from enforcer.errors import NotFound, StorageError

log = structlog.get_logger()

_RESTART_SECONDS = 5.0
DriverFor = Callable[[Device, Owner], Driver]


@dataclass(frozen=True, slots=True)
class Means:
    """What every worker needs: the outside world, handed in once."""

    driver_for: DriverFor
    evidence: Evidence
    clock: Clock
    pause: Callable[[], PauseState]
    full_every: timedelta
    step: Step = no_step


class Fleet:
    """Starts, wakes and stops the workers of all devices."""

    def __init__(self, devices: Mapping[str, Device], book: OrderBook, means: Means) -> None:
        self._means = means
        self._workers: dict[str, Worker] = {}
        self._watchers: list[Watcher] = []
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        owner = means.evidence.identity()
        for name, device in sorted(devices.items()):
            self._add(name, device, book, owner)

    def _add(self, name: str, device: Device, book: OrderBook, owner: Owner) -> None:
        means = self._means
        driver = means.driver_for(device, owner)
        reconciler = Reconciler(
            device,
            driver,
            DesiredState(name, book),
            means.evidence,
            owner,
            means.clock,
            means.step,
        )
        worker = Worker(reconciler, means.evidence, means.clock, means.pause, means.full_every)
        self._workers[name] = worker
        self._threads.append(self._thread(f"device {name}", worker.run, worker.broke))
        if Trait.WATCHABLE in driver.traits:
            watcher = Watcher(driver, worker, means.clock)
            self._watchers.append(watcher)
            self._threads.append(self._thread(f"watch {name}", watcher.run, worker.broke))

    def _thread(
        self, name: str, run: Callable[[], None], broke: Callable[[Exception], None]
    ) -> threading.Thread:
        return threading.Thread(
            target=self._guarded, args=(name, run, broke), name=name, daemon=True
        )

    def _guarded(
        self, name: str, run: Callable[[], None], broke: Callable[[Exception], None]
    ) -> None:
        """A defect in one device's loop is a failed pass and must not end the others.

        The traceback is logged when it is a new one, not each time the loop breaks again.
        """
        before = ""
        while not self._stopping.is_set():
            try:
                run()
            except Exception as error:
                if repr(error) != before:
                    before = repr(error)
                    log.exception("the loop broke and starts again", loop=name)
                self._tell(broke, error)
                self._means.clock.wait(self._stopping, _RESTART_SECONDS)

    def _tell(self, broke: Callable[[Exception], None], error: Exception) -> None:
        try:
            broke(error)
        except StorageError as away:
            log.warning("a failed pass could not be recorded", error=str(away))

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def wake(self, devices: Iterable[str], reason: str, full: bool = False) -> None:
        """Have some devices looked at; names that are not in the fleet are passed over."""
        for name in devices:
            worker = self._workers.get(name)
            if worker is not None:
                worker.wake(reason, full)

    def wake_all(self, reason: str, full: bool = False) -> None:
        """Have every device looked at."""
        self.wake(self._workers, reason, full)

    def ask(self, device: str, reason: str) -> Future[PassFacts]:
        """A full pass over one device now. Raises NotFound."""
        worker = self._workers.get(device)
        if worker is None:
            raise NotFound(f"no device {device!r}: see `enforcer device list`")
        return worker.ask(reason)

    def stop(self, seconds: float = 10.0) -> None:
        """End all threads; waits at most `seconds` for passes in progress."""
        self._stopping.set()
        for watcher in self._watchers:
            watcher.stop()
        for worker in self._workers.values():
            worker.stop()
        deadline = self._means.clock.monotonic() + seconds
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(deadline - self._means.clock.monotonic(), 0.0))
