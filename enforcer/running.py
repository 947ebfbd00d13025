# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer run``: the controller, and beside it the server for API, desk and reports."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, closing
from pathlib import Path

import structlog
from fastapi import FastAPI

from enforcer import composition
from enforcer.bootstrap import (
    open_log,
    outlets,
    say_when_nobody_can_log_in,
    serve,
    single_sign_on,
    stop_on_signal,
    world,
)
from enforcer.clock import Clock, SystemClock
from enforcer.control.evidence import CONTROLLER
from enforcer.control.steps import Step, no_step
from enforcer.errors import StorageError
from enforcer.notify.measures import Measures
from enforcer.service_settings import WebSettings
from enforcer.serving import serving
from enforcer.settings import Settings
from enforcer.slack import given_back
from enforcer.storage.database import Database
from enforcer.usecases.world import World

log = structlog.get_logger()

NOT_SERVING = "not-serving"


def run(settings: Settings, stop: threading.Event | None = None, step: Step = no_step) -> int:
    """What `enforcer run` does: the controller, and beside it API and desk; the exit code.

    They answer also while the controller stands by. Raises ConfigurationInvalid, StorageError.
    """
    service = settings.service
    open_log(settings)
    composition.check(service)
    reload = threading.Event()
    stopping = stop or stop_on_signal(reload)
    sign_on = single_sign_on(settings)
    measures = Measures()

    def opened() -> AbstractContextManager[FastAPI]:
        return composition.composed(
            lambda: _served_world(settings, step), service, sign_on, measures, outlets(settings)
        )

    web = _with_files(service.web, settings.base)
    alarm = ServingAlarm(settings, SystemClock())
    with (
        given_back(SystemClock()),
        serving(web, opened, SystemClock(), stopping.set, alarm.told),
    ):
        return serve(settings, step, stopping, reload=reload, measures=measures)


class ServingAlarm:
    """The alarm that nothing answers here though the controller runs."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    def told(self, said: str) -> None:
        """Raise it because of what is `said`; clear it where that is empty."""
        try:
            with closing(Database(self._settings.database)) as database:
                self._write(database, said)
        except StorageError as error:
            log.warning("alarm not kept", alarm=NOT_SERVING, error=str(error))

    def _write(self, database: Database, said: str) -> None:
        where, at = self._settings.service.web.listen, self._clock.now()
        with database.read() as reader:
            if not said and not reader.alarms.is_open(NOT_SERVING, where):
                return
        with database.write() as work:
            if said:
                said = f"API and desk at {where}: {said}; what is enforced stays; see the log"
                work.raise_alarm(NOT_SERVING, CONTROLLER, at=at, subject=where, said=said)
            else:
                why = "they answer"
                work.clear_alarm(NOT_SERVING, CONTROLLER, at=at, subject=where, why=why)


def _served_world(settings: Settings, step: Step) -> World:
    """A world of its own: what the controller may no longer write, people still may."""
    places = world(settings, step=step)
    say_when_nobody_can_log_in(places.database)
    return places


def _with_files(web: WebSettings, base: Path) -> WebSettings:
    named = {"tls_certificate": web.tls_certificate, "tls_key": web.tls_key}
    return web.model_copy(update={key: str(base / file) for key, file in named.items() if file})
