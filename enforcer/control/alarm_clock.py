# SPDX-License-Identifier: GPL-2.0-or-later
"""APScheduler as an alarm clock: it says "look now", and holds no truth.

It plans by the wall clock, which people and NTP set. Measured: by default it drops a date job
that is 2.5 s late, so no job may misfire; an interval job counts every interval that a step
forward skipped, one by one, so the tick is a date job armed anew each time; and a step back
by an hour would mean an hour's silence, so the controller's loop has `look` compare the wall
clock with the monotonic one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from enforcer.clock import Clock

log = structlog.get_logger()

_STEP = timedelta(seconds=0.5)
"""The wall clock was set when it moved so much more or less than the monotonic one."""


class AlarmClock:
    """Calls `tick` each `every` seconds and at `next_boundary()`; calls never overlap."""

    def __init__(
        self,
        tick: Callable[[], None],
        next_boundary: Callable[[], datetime | None],
        every: float,
        clock: Clock,
    ) -> None:
        self._tick = tick
        self._next_boundary = next_boundary
        self._every = timedelta(seconds=every)
        self._clock = clock
        self._zero = self._origin()
        self._armed: datetime | None = None
        self._stopped = False
        self._ticking = threading.Lock()
        self._arming = threading.Lock()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(_broke, EVENT_JOB_ERROR)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()
        self._arm("tick", self._clock.now() + self._every)
        self._arm_next()

    def look(self) -> None:
        """Tick at once and plan anew if the wall clock was set; call it often."""
        zero = self._origin()
        if abs(zero - self._zero) >= _STEP:
            self._zero = zero
            self._beat()

    def rearm(self, due: datetime | None) -> None:
        """Arm the alarm for `due`, when the order book moved; one that is due now stays."""
        with self._arming:
            if self._armed is None or self._armed > self._clock.now():
                self._arm_boundary(due)

    def _arm_next(self) -> None:
        with self._arming:
            self._arm_boundary(self._next_boundary())

    def _arm_boundary(self, due: datetime | None) -> None:
        standing = self._scheduler.get_job("boundary") is not None
        if standing and due is None:
            self._scheduler.remove_job("boundary")
        elif due is not None and not (standing and due == self._armed):
            self._arm("boundary", due)
        self._armed = due

    def stop(self) -> None:
        """End; a call in progress is waited for."""
        # Not by the scheduler: it waits with its jobs locked, and the call arms a job. Without
        # jobs there is none that its thread could be about to remove when it is shut down.
        with self._ticking:
            self._stopped = True
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def _origin(self) -> datetime:
        """What the wall clock says the monotonic clock started at; a step moves it."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())

    def _beat(self) -> None:
        with self._ticking:
            if self._stopped:
                return
            try:
                self._tick()
            finally:
                self._arm("tick", self._clock.now() + self._every)
                self._arm_next()

    def _arm(self, name: str, due: datetime) -> None:
        self._scheduler.add_job(self._beat, "date", run_date=due, id=name, replace_existing=True)


def _broke(event: JobExecutionEvent) -> None:
    log.error("a tick broke; the next one comes", error=repr(event.exception))
