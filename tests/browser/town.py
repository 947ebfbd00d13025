# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole installation behind the desk: real database, accounts, controller and HTTP server.

Only the routers are fakes: `boxes`, which a test may change behind the controller's back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import uvicorn
from argon2 import PasswordHasher

from enforcer.accounts.local import LocalAccounts
from enforcer.accounts.passwords import Passwords
from enforcer.api.app import create_app
from enforcer.application.account_views import CreateUser
from enforcer.application.actor import Actor
from enforcer.application.services import Services
from enforcer.bootstrap import begin_epoch
from enforcer.clock import Clock, SystemClock
from enforcer.control.controller import Controller
from enforcer.control.evidence import CONTROLLER
from enforcer.control.fleet import Means
from enforcer.control.leadership import leading
from enforcer.core.brake import PauseState
from enforcer.core.intervals import Ranges
from enforcer.core.plan import Trait
from enforcer.core.rules import Owner, Rule
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Interface,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from enforcer.driver_api import Counted, Driver
from enforcer.intake.desk import ReportDesk
from enforcer.service_settings import ServiceSettings
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.usecases import inventory
from enforcer.usecases.drop_samples import DropDesk
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from enforcer.web import site
from enforcer.web.problems import problem_page
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver, FakeSession
from tests.fakes.services import FakeNotices

SHELL = Actor("shell", "cli")
PASSWORD = "nine green bottles"
PEOPLE = {
    "abby": ("abuse",),
    "vera": ("viewer",),
    "erik": ("engineer",),
    "paul": ("approver",),
    "adam": ("admin",),
}
PATIENCE = 30.0
EACH = 417
_TICK = 0.5


def _router(name: str, site_name: str) -> Device:
    interfaces = (Interface("eth0", "upstream"), Interface("eth1", "customers"))
    return Device(
        name,
        "fake",
        site=site_name,
        roles=frozenset({ROLE_BORDER}),
        mode=Mode.ENFORCE,
        interfaces=interfaces,
    )


TOPOLOGY = Topology(
    devices={name: _router(name, site) for name, site in (("edge1", "north"), ("edge2", "south"))},
    customers={
        "acme": Customer("acme", (ip_network("192.0.2.0/25"),), (Attachment("edge1", "eth1"),)),
        "delta-hosting": Customer(
            "delta-hosting",
            (ip_network("192.0.2.128/25"), ip_network("2001:db8:d::/48")),
            (Attachment("edge2", "eth1"),),
        ),
    },
    service_sets={
        "emergency": ServiceSet("emergency", (ServiceEntry((ip_network("198.51.100.112"),)),))
    },
    protected=(ProtectedPrefix(ip_network("198.51.100.0/26"), "our own servers"),),
    documentation_space=True,
)


@dataclass
class Town:
    """`url` is where the desk is; `app` the application behind it."""

    url: str
    app: LocalApplication
    accounts: LocalAccounts
    database: Database
    boxes: dict[str, FakeDevice]


class CountingBox(FakeSession):
    """A box that has dropped `EACH` packets for every range that is asked about."""

    def counters(self, wanted: Mapping[Rule, Ranges]) -> Mapping[Rule, Counted]:
        """See `CountingSession`."""
        return {rule: Counted(EACH * len(ranges), 0) for rule, ranges in wanted.items()}


class CountingDriver(FakeDriver):
    """Of a `CountingBox`."""

    def session(self) -> FakeSession:
        """See `FakeDriver.session`."""
        return CountingBox(self)


@contextmanager
def built(
    folder: Path, topology: Topology = TOPOLOGY, clock: Clock | None = None
) -> Iterator[Town]:
    """The installation, running; its accounts are `PEOPLE` with `PASSWORD`."""
    clock = clock or SystemClock()
    url = f"sqlite:///{folder / 'enforcer.db'}"
    migrate.upgrade(url)
    with ExitStack() as running:
        database = Database(url)
        running.callback(database.close)
        with database.write() as work:
            work.control.initialise("C0FFEE01")
        boxes = {name: FakeDevice(name, clock) for name in topology.devices}
        for box in boxes.values():
            box.traits |= Trait.COUNTING

        def driver_for(device: Device, owner: Owner) -> Driver:
            return CountingDriver(boxes[device.name], owner)

        world = World(
            database,
            lambda: topology,
            driver_for,
            clock,
            timedelta(minutes=15),
            timedelta(seconds=1),
        )
        accounts = LocalAccounts(database, clock, passwords=Passwords(PasswordHasher(1, 1024, 1)))
        for name, roles in PEOPLE.items():
            accounts.create_user(SHELL, CreateUser(name=name, roles=roles, password=PASSWORD))
        app = LocalApplication(world)
        running.enter_context(_controlled(world))
        services = Services(
            application=app,
            accounts=accounts,
            reports=ReportDesk(world, app),
            notices=FakeNotices(),
            settings=ServiceSettings(),
            now=clock.now,
            drops=DropDesk(world),
        )
        base = running.enter_context(_served(services))
        yield Town(base, app, accounts, database, boxes)


@contextmanager
def _controlled(world: World) -> Iterator[None]:
    """A controller in a thread, as `enforcer run` has it."""
    with leading(world.database) as lead:
        owner = begin_epoch(world.database, world.clock, lead.owner)
        world.database.fence(owner.epoch)
        assert inventory.reload(world, CONTROLLER, "the controller started").applied

        def means(pause: Callable[[], PauseState]) -> Means:
            return replace(world.means(), pause=pause)

        controller = Controller(world.database, world.topology, means, _TICK)
        controller.load()
        stop, ready = threading.Event(), threading.Event()
        thread = threading.Thread(target=controller.run, args=(stop, ready.set))
        thread.start()
        try:
            assert ready.wait(PATIENCE)
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@contextmanager
def _served(services: Services) -> Iterator[str]:
    """The application on a port of loopback; its address."""
    web = create_app(services, site.routers(), problem_page)
    site.announce(web)
    config = uvicorn.Config(web, host="127.0.0.1", port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    clock = SystemClock()
    waited = threading.Event()
    until = clock.monotonic() + PATIENCE
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert clock.monotonic() < until, "the server did not start in time"
        clock.wait(waited, 0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        web.state.events.close()
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()
