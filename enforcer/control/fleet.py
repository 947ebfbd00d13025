# SPDX-License-Identifier: GPL-2.0-or-later
"""All device workers: one thread and one writer each, woken by orders, events and time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from enforcer.clock import Clock
from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.facts import PassFacts
from enforcer.control.owed import Owed
from enforcer.control.reconciler import Reconciler
from enforcer.control.rollout import Rollout
from enforcer.control.steps import Step, no_step
from enforcer.control.watch import Watcher
from enforcer.control.worker import TICK, Worker
from enforcer.core.brake import PauseState
from enforcer.core.plan import Trait
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from enforcer.errors import EnforcerError, NotFound, StorageError

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
    passed: Callable[[PassFacts], None] = lambda facts: None
    """Told of each pass that is over, for those who measure."""
    woken: Callable[[str], None] = lambda device: None
    """Told of each device that is to be looked at for a reason."""


@dataclass(frozen=True, slots=True)
class _Loop:
    """What one thread does for as long as a device is its own, and after which others."""

    name: str
    run: Callable[[], None]
    broke: Callable[[Exception], None]
    ended: threading.Event
    after: Sequence[threading.Thread]


@dataclass(frozen=True)
class _Crew:
    """The threads that look after one device as one inventory states it.

    `ended`: this device is no longer theirs; a pass in progress is finished.
    """

    device: Device
    worker: Worker
    watcher: Watcher | None
    threads: tuple[threading.Thread, ...]
    ended: threading.Event

    def end(self) -> None:
        self.ended.set()
        if self.watcher is not None:
            self.watcher.stop()
        self.worker.stop()


class Fleet:
    """Starts, wakes and stops the workers of all devices; used by one thread at a time.

    A device that has no usable driver has no worker: it is recorded as failing, and the others
    are enforced.
    """

    def __init__(self, devices: Mapping[str, Device], book: OrderBook, means: Means) -> None:
        self._means = means
        self._book = book
        self._owner = means.evidence.identity()
        self._crews: dict[str, _Crew] = {}
        self._unusable: dict[str, tuple[Device, EnforcerError]] = {}
        self._leaving: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._rollout = Rollout(means.evidence, means.clock, self.wake)
        for name, device in sorted(devices.items()):
            self._add(name, device, ())

    def _add(self, name: str, device: Device, after: Sequence[threading.Thread]) -> _Crew | None:
        """`after`: threads that must have ended first, because a device has one writer."""
        try:
            driver = self._means.driver_for(device, self._owner)
            crew = self._crew(name, device, driver, after)
        except EnforcerError as error:
            self._cannot(name, device, error)
            return None
        self._unusable.pop(name, None)
        self._crews[name] = crew
        return crew

    def _crew(
        self, name: str, device: Device, driver: Driver, after: Sequence[threading.Thread]
    ) -> _Crew:
        means, ended = self._means, threading.Event()
        reconciler = Reconciler(
            device,
            driver,
            DesiredState(name, self._book),
            means.evidence,
            self._owner,
            means.clock,
            means.step,
        )
        reconciler.turns.join(self._rollout)
        worker = Worker(
            reconciler, means.evidence, means.clock, means.pause, means.full_every, means.passed
        )
        loop = _Loop(f"device {name}", worker.run, worker.broke, ended, after)
        threads = [self._thread(loop)]
        watcher = None
        if Trait.WATCHABLE in driver.traits:
            watcher = Watcher(driver, worker, means.clock)
            threads.append(
                self._thread(_Loop(f"watch {name}", watcher.run, worker.broke, ended, after))
            )
        return _Crew(device, worker, watcher, tuple(threads), ended)

    def _cannot(self, name: str, device: Device, error: EnforcerError) -> None:
        """Nothing can be done on this device until the inventory is put right."""
        self._unusable[name] = (device, error)
        log.error("device has no usable driver", device=name, error=str(error))
        now, evidence = self._means.clock.now(), self._means.evidence
        before = evidence.facts(name) or DeviceFacts()
        facts = replace(
            before,
            failing_since=before.failing_since or now,
            error_code=type(error).__name__,
            error=str(error),
        )
        if facts != before:
            self._told(lambda: evidence.note("device.failing", now, name, str(error), facts))

    def follow(self, devices: Mapping[str, Device]) -> None:
        """Another inventory: begin with new devices, end with gone ones, anew with changed ones.

        The book compiles by that inventory already; every device is looked at in full.
        """
        for name in sorted({*self._crews, *self._unusable} - devices.keys()):
            self._end(name)
            log.info("device left the inventory", device=name)
        for name, device in sorted(devices.items()):
            crew = self._crews.get(name)
            unusable = self._unusable.get(name)
            if crew is not None and crew.device == device:
                continue
            if unusable is not None and unusable[0] == device:
                continue
            added = self._add(name, device, self._end(name))
            log.info("device is looked after anew", device=name)
            for thread in added.threads if added is not None else ():
                thread.start()
        self.wake_all("the inventory changed", full=True)

    def _end(self, name: str) -> tuple[threading.Thread, ...]:
        """Let the threads of a device end by themselves; they are returned."""
        self._unusable.pop(name, None)
        crew = self._crews.pop(name, None)
        if crew is None:
            return ()
        crew.end()
        self._rollout.forget(name)
        self._leaving = [*(t for t in self._leaving if t.is_alive()), *crew.threads]
        return crew.threads

    def _thread(self, loop: _Loop) -> threading.Thread:
        return threading.Thread(target=self._guarded, args=(loop,), name=loop.name, daemon=True)

    def _guarded(self, loop: _Loop) -> None:
        """A defect in one device's loop is a failed pass and must not end the others.

        The traceback is logged when it is a new one, not each time the loop breaks again.
        """
        for thread in loop.after:
            thread.join()
        before = ""
        while not self._stopping.is_set() and not loop.ended.is_set():
            try:
                loop.run()
            except Exception as error:
                if repr(error) != before:
                    before = repr(error)
                    log.exception("the loop broke and starts again", loop=loop.name)
                self._told(partial(loop.broke, error))
                self._means.clock.wait(self._stopping, _RESTART_SECONDS)

    def _told(self, record: Callable[[], None]) -> None:
        try:
            record()
        except StorageError as away:
            log.warning("a failed pass could not be recorded", error=str(away))
        except Exception:
            # A second defect, of the record's own: the loop goes on all the same.
            log.exception("a failed pass could not be recorded")

    def start(self) -> None:
        """Start all threads."""
        for crew in self._crews.values():
            for thread in crew.threads:
                thread.start()

    def wake(self, devices: Iterable[str], reason: str, full: bool = False) -> None:
        """Have some devices looked at; names that are not in the fleet are passed over."""
        for name in devices:
            crew = self._crews.get(name)
            if crew is not None:
                crew.worker.wake(reason, full)
                if reason != TICK:
                    self._means.woken(name)

    def wake_all(self, reason: str, full: bool = False) -> None:
        """Have every device looked at."""
        self.wake(tuple(self._crews), reason, full)

    def owed(self) -> Mapping[str, Owed]:
        """By device since when it is to be looked at, and was not."""
        return {name: crew.worker.owed for name, crew in [*self._crews.items()]}

    def ask(self, device: str, reason: str) -> Future[PassFacts]:
        """A full pass over one device now. Raises NotFound; ConfigurationInvalid, no driver."""
        crew = self._crews.get(device)
        if crew is not None:
            return crew.worker.ask(reason)
        unusable = self._unusable.get(device)
        if unusable is not None:
            raise unusable[1]
        raise NotFound(f"no device {device!r}: see `enforcer device list`")

    def stop(self, seconds: float = 10.0) -> None:
        """End all threads; waits at most `seconds` for passes in progress."""
        self._stopping.set()
        crews = list(self._crews.values())
        for crew in crews:
            crew.end()
        deadline = self._means.clock.monotonic() + seconds
        for thread in [*self._leaving, *(t for crew in crews for t in crew.threads)]:
            if thread.is_alive():
                thread.join(max(deadline - self._means.clock.monotonic(), 0.0))
