# SPDX-License-Identifier: GPL-2.0-or-later
"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import logging
import secrets as randomness
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import structlog

from enforcer import secrets
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.clock import Clock, SystemClock
from enforcer.control.evidence import CONTROLLER, Evidence
from enforcer.control.fleet import DriverFor, Means
from enforcer.control.leadership import leading
from enforcer.control.steps import Step, no_step
from enforcer.core.brake import PauseState
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Topology
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid
from enforcer.registry import driver_class
from enforcer.settings import Settings
from enforcer.storage.database import Database
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from inventory.yaml_files import load as load_inventory

log = structlog.get_logger()


class Credentials:
    """Resolves ``env:`` and ``file:`` references, relative to the settings file."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def resolve(self, reference: str) -> str:
        """The secret itself; raises ConfigurationInvalid naming the reference."""
        return secrets.read(reference, self._base).reveal()


def driver_source(settings: Settings) -> DriverFor:
    """Makes the driver of a device; one object per device and owner."""
    credentials = Credentials(settings.base)

    def driver_for(device: Device, owner: Owner) -> Driver:
        return driver_class(device.platform).from_device(device, credentials, owner)

    return driver_for


def open_log(settings: Settings) -> None:
    """Structured logs to standard error, for people or as JSON lines."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def world(settings: Settings, clock: Clock | None = None, step: Step = no_step) -> World:
    """Everything the use cases need, opened."""
    return World(
        Database(settings.database),
        lambda: topology(settings),
        driver_source(settings),
        clock or SystemClock(),
        timedelta(seconds=settings.stale_after),
        timedelta(seconds=settings.full_pass_every),
        step,
    )


def topology(settings: Settings) -> Topology:
    """The inventory that the settings name; raises ConfigurationInvalid."""
    return load_inventory(settings.inventory)


def application(settings: Settings, step: Step = no_step) -> Application:
    """The application on the settings' database, in this process."""
    open_log(settings)
    return LocalApplication(world(settings, step=step))


def initialise(settings: Settings) -> None:
    """Create or upgrade the database; a new one gets its controller id."""
    from enforcer.storage import migrate

    migrate.upgrade(settings.database)
    database = Database(settings.database)
    try:
        with database.write() as work:
            if work.control.initialise(randomness.token_hex(4).upper()):
                work.record(
                    "database.created",
                    Actor(settings.actor, "cli"),
                    at=SystemClock().now(),
                    payload={"controller": work.control.identity().controller},
                )
    finally:
        database.close()


def serve(
    settings: Settings,
    step: Step = no_step,
    stop: threading.Event | None = None,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Run the controller until SIGTERM or SIGINT (or `stop`); the exit code.

    Raises AnotherControllerActive, ConfigurationInvalid, StorageError.
    """
    from enforcer.control.controller import Controller

    open_log(settings)
    places = world(settings, step=step)
    if places.database.path is None:
        raise ConfigurationInvalid("the database has no file: name one as sqlite:///PATH")
    stopping = stop or _stop_on_signal()
    try:
        with leading(places.database.path):
            evidence = Evidence(places.database, step)
            begin_epoch(places.database, places.clock)

            def means(pause: Callable[[], PauseState]) -> Means:
                return Means(
                    places.driver_for, evidence, places.clock, pause, places.full_every, step
                )

            controller = Controller(places.database, places.topology, means, settings.tick)
            controller.load()
            log.info("controller running", database=settings.shown_database)
            controller.run(stopping, ready)
            log.info("controller stopped")
    finally:
        places.database.close()
    return 0


def begin_epoch(database: Database, clock: Clock) -> Owner:
    """A new epoch for a new leader; the mark on every device follows."""
    with database.write() as work:
        owner = work.control.new_epoch()
        work.record(
            "controller.started", CONTROLLER, at=clock.now(), payload={"epoch": owner.epoch}
        )
        return owner


def _stop_on_signal() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
