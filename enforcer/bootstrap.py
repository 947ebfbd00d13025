# SPDX-License-Identifier: GPL-2.0-or-later
"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import secrets as randomness
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from enforcer import secrets
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.database_views import DatabaseCopied, DatabaseStatus
from enforcer.application.views import DoctorCheck
from enforcer.clock import Clock, SystemClock
from enforcer.control.evidence import CONTROLLER, Evidence
from enforcer.control.fleet import DriverFor, Means
from enforcer.control.leadership import Lead, is_led, standing_by
from enforcer.control.steps import Step, no_step
from enforcer.core.brake import PauseState
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Topology
from enforcer.driver_api import Driver
from enforcer.errors import StorageError
from enforcer.notify import logs
from enforcer.notify.measures import STANDING_BY, Measures
from enforcer.notify.outlets import Outlets
from enforcer.registry import driver_class
from enforcer.responsive import responsive
from enforcer.settings import Settings, shown_url
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseAway, DatabaseBusy, LostLead
from enforcer.usecases import copy_database as copying
from enforcer.usecases import inventory
from enforcer.usecases.installation import Installation
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World

if TYPE_CHECKING:
    from enforcer.accounts.local import LocalAccounts
    from enforcer.application.notice_views import Notices
    from enforcer.application.sign_on import SignOn
    from enforcer.intake.desk import ReportDesk

log = structlog.get_logger()

_AGAIN_SECONDS = 1.0
_STALLS = 2
"""So many leases long a transaction of the controller may do nothing: one that was stopped
inside must not keep the next leader from taking over."""


class Credentials:
    """Resolves references, relative to the settings file; `logins`: so many at once."""

    def __init__(self, base: Path, logins: int) -> None:
        self._base = base
        self.logins = logins

    def resolve(self, reference: str) -> str:
        """The secret itself; raises ConfigurationInvalid naming the reference."""
        return secrets.read(reference, self._base).reveal()


def driver_source(settings: Settings) -> DriverFor:
    """Makes the driver of a device; one object per device and owner."""
    credentials = Credentials(settings.base, settings.logins)

    def driver_for(device: Device, owner: Owner) -> Driver:
        return driver_class(device.platform).from_device(device, credentials, owner)

    return driver_for


def open_log(settings: Settings) -> None:
    """Structured logs to standard error, as the settings say."""
    logs.open_log(settings.log_format, settings.log_level)


def world(
    settings: Settings,
    clock: Clock | None = None,
    step: Step = no_step,
    database: Database | None = None,
) -> World:
    """Everything the use cases need, opened."""
    return World(
        database or Database(settings.database),
        lambda: topology(settings),
        driver_source(settings),
        clock or SystemClock(),
        timedelta(seconds=settings.stale_after),
        timedelta(seconds=settings.full_pass_every),
        step,
        settings.signing_key,
        Installation(
            settings.file, settings.base, lambda: inventory_and_notes(settings), settings.service
        ),
        settings.service.four_eyes,
    )


def inventory_and_notes(settings: Settings) -> tuple[Topology, tuple[str, ...]]:
    """As `topology`, with notes about how it was come by that `topology` logs."""
    from inventory.yaml_files import load_with_notes

    loaded = load_with_notes(settings.inventory)
    return loaded.topology, loaded.notes


def doctor_without_database(settings: Settings, error: StorageError) -> Sequence[DoctorCheck]:
    """What can be checked where the database could not be opened because of `error`."""
    from enforcer.usecases.doctor import doctor_without_database as without

    return without(settings.file, settings.database, error)


def topology(settings: Settings) -> Topology:
    """The inventory that the settings name; raises ConfigurationInvalid."""
    # Late: most commands work with the inventory in force, and never read the files.
    from inventory.yaml_files import load as load_inventory

    return load_inventory(settings.inventory)


def application(settings: Settings, step: Step = no_step) -> Application:
    """The application on the settings' database, in this process."""
    open_log(settings)
    return LocalApplication(world(settings, step=step))


def accounts(settings: Settings, database: Database | None = None) -> LocalAccounts:
    """Accounts on the settings' database (or on `database`, where it is open already)."""
    # Late: most commands check no password.
    from enforcer.accounts.local import LocalAccounts

    open_log(settings)
    return LocalAccounts(database or Database(settings.database), SystemClock(), settings.service)


def reports(settings: Settings) -> ReportDesk:
    """Reports from outside, on the settings' database."""
    from enforcer.intake.desk import ReportDesk

    open_log(settings)
    places = world(settings)
    return ReportDesk(places, LocalApplication(places), settings.service.intake)


def notices(settings: Settings) -> Notices:
    """Notices of the settings' database."""
    from enforcer.notify.desk import NoticeDesk

    open_log(settings)
    return NoticeDesk(Database(settings.database), SystemClock(), outlets(settings))


def outlets(settings: Settings) -> Outlets:
    """What notices need of this installation."""
    resolve = Credentials(settings.base, settings.logins).resolve
    return Outlets(settings.service, settings.base, resolve)


def single_sign_on(settings: Settings) -> SignOn | None:
    """The configured OpenID providers; None: there are none. Raises ConfigurationInvalid."""
    if not settings.service.oidc:
        return None
    # Late: most commands have nobody logged in.
    from enforcer.accounts.sign_on import SingleSignOn

    credentials = Credentials(settings.base, settings.logins)
    return SingleSignOn(settings.service.oidc, credentials.resolve, SystemClock())


def say_when_nobody_can_log_in(database: Database) -> None:
    """Tell in the log how the first account is made, where there is none."""
    from enforcer import accounts

    if not accounts.exist(database):
        log.warning("no accounts", said=accounts.FIRST)


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


def copy_database(
    settings: Settings, actor: Actor, target: str, progress: Callable[[int], None]
) -> DatabaseCopied:
    """Copy the settings' database into the empty one at the URL `target`, and freeze it.

    `progress`: so many rows more were taken. Raises AnotherControllerActive, StorageError.
    """
    # Nothing is asked of the source while the target is checked, however long that takes.
    database = Database(settings.database, stall=0)
    try:
        return copying.copy_database(
            database,
            actor,
            SystemClock(),
            target,
            shown_url(target),
            lambda _table, taken: progress(taken),
        )
    finally:
        database.close()


def reclaim_database(settings: Settings, actor: Actor) -> DatabaseStatus:
    """Take the settings' database, which was copied elsewhere, back into use, frozen.

    Raises InvalidInput where it was not moved, StorageError.
    """
    database = Database(settings.database)
    try:
        copying.reclaim_database(database, actor, SystemClock())
    finally:
        database.close()
    return database_status(settings)


def database_status(settings: Settings) -> DatabaseStatus:
    """What the settings' database is and holds. Raises StorageError."""
    database = Database(settings.database)
    try:
        return copying.database_status(database, settings.shown_database, is_led(database))
    finally:
        database.close()


def serve(
    settings: Settings,
    step: Step = no_step,
    stop: threading.Event | None = None,
    ready: Callable[[], None] = lambda: None,
    clock: Clock | None = None,
    reload: threading.Event | None = None,
    measures: Measures | None = None,
) -> int:
    """Run the controller until SIGTERM or SIGINT (or `stop`); the exit code.

    Where another one leads, stand by and take over when the lead is free; `ready` is called
    each time that the lead was taken and the loop runs. Raises ConfigurationInvalid, StorageError.
    """
    open_log(settings)
    time = clock or SystemClock()
    reload = reload or threading.Event()
    measures = measures or Measures()
    stopping = stop or stop_on_signal(reload)
    said = ""
    with responsive(SystemClock()):
        while not stopping.is_set():
            try:
                _stand_by_and_lead(settings, time, step, stopping, ready, reload, measures)
            except (DatabaseAway, DatabaseBusy, LostLead) as error:
                measures.become("")
                if str(error) != said:
                    said = str(error)
                    log.warning("not controlling", error=said)
                time.wait(stopping, _AGAIN_SECONDS)
    return 0


def _stand_by_and_lead(
    settings: Settings,
    clock: Clock,
    step: Step,
    stopping: threading.Event,
    ready: Callable[[], None],
    reload: threading.Event,
    measures: Measures,
) -> None:
    """One term: until the lead is lost, or we are told to stop.

    A database of its own: what hangs in a thread of an earlier term stays fenced off.
    """
    seconds = settings.lease_seconds
    database = Database(settings.database, stall=_STALLS * seconds)
    measures.become(STANDING_BY)
    try:
        with standing_by(database, clock, stopping, seconds) as lead:
            if lead is not None:
                places = world(settings, clock, step, database)
                _control(settings, places, lead, stopping, ready, reload, measures)
    finally:
        database.close()


def _control(
    settings: Settings,
    places: World,
    lead: Lead,
    stopping: threading.Event,
    ready: Callable[[], None],
    reload: threading.Event,
    measures: Measures,
) -> None:
    from enforcer.control.controller import Controller
    from enforcer.control.feed_fetcher import Fetcher
    from enforcer.control.feeds import FeedClock
    from enforcer.control.reloading import reloading
    from enforcer.control.signing_clock import signing
    from enforcer.usecases.lapsing import lapsing
    from enforcer.usecases.noticing import measuring, noticing

    evidence = Evidence(places.database, places.step, lead.holds)
    owner = begin_epoch(places.database, places.clock, lead.owner)
    places.database.fence(owner.epoch)
    _load_inventory(places, "the controller started")

    def means(pause: Callable[[], PauseState]) -> Means:
        made = Means(
            places.driver_for, evidence, places.clock, pause, places.full_every, places.step
        )
        return measuring(made, measures)

    controller = Controller(places.database, places.topology, means, settings.tick)
    controller.load()
    log.info("controller running", database=settings.shown_database, epoch=owner.epoch)
    feeds = FeedClock(
        places.database,
        lambda: places.topology,
        places.clock,
        Fetcher(),
        places.ring,
        rule=places.four_eyes,
    )
    with (
        noticing(places, outlets(settings), measures),
        signing(places.database, settings.signing_key, places.clock),
        lapsing(places),
        feeds.running(),
        reloading(reload, lambda: _load_inventory(places, "SIGHUP"), places.clock),
    ):
        controller.run(stopping, ready, lead.lost)
    log.info("controller stopped", lost_lead=lead.lost())


def _load_inventory(places: World, reason: str) -> None:
    """Put the files in force; where they cannot be loaded, what is in force stays.

    The use case has recorded and alarmed that. Raises StorageError.
    """
    done = inventory.reload(places, CONTROLLER, reason)
    if done.applied:
        braked = [change.device for change in done.devices if change.braked]
        log.info("inventory put in force", changes=len(done.changes), braked=braked)
    for warning in done.warnings:
        log.warning("inventory", said=warning)


def begin_epoch(database: Database, clock: Clock, begun: Owner | None = None) -> Owner:
    """A new epoch for a new leader, unless it has `begun` one; every device's mark follows."""
    with database.write() as work:
        owner = begun or work.control.new_epoch()
        work.record(
            "controller.started", CONTROLLER, at=clock.now(), payload={"epoch": owner.epoch}
        )
        return owner


def stop_on_signal(reload: threading.Event) -> threading.Event:
    """Set by SIGTERM and SIGINT; `reload` by SIGHUP."""
    stopping = threading.Event()
    signal.signal(signal.SIGHUP, lambda *_: reload.set())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
