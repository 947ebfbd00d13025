# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation whose inventory files are edited: what they say is set by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.application.desk_views import InventoryDiff
from enforcer.application.views import OrderView
from enforcer.core.device_control import DeviceControl
from enforcer.core.orders import BlockAddress, Demand, Selection, SuspendCustomer
from enforcer.core.rules import Owner
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Mode,
    Topology,
)
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid
from enforcer.storage.alarms import Alarm
from enforcer.storage.database import Database
from enforcer.storage.records import AuditEntry
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from tests.fakes.clock import FakeClock
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver
from tests.oracle import packet

ANN = Actor("ann", "cli")
HOUR = timedelta(hours=1)
FRIEND = "203.0.113.9"


def router(name: str, mode: Mode = Mode.ENFORCE) -> Device:
    return Device(name, "fake", roles=frozenset({ROLE_BORDER}), mode=mode)


def customer(name: str, *prefixes: str, at: tuple[str, ...] = ()) -> Customer:
    """`at`: ``edge1 eth1`` and so on."""
    split = (place.split() for place in at)
    places = tuple(Attachment(device, interface) for device, interface in split)
    return Customer(name, tuple(map(ip_network, prefixes)), places)


def files(*entries: Device | Customer, **more: object) -> Topology:
    return replace(
        Topology(
            {e.name: e for e in entries if isinstance(e, Device)},
            {e.name: e for e in entries if isinstance(e, Customer)},
            documentation_space=True,
        ),
        **more,  # type: ignore[arg-type]  # fields of a topology
    )


EDGES = (router("edge1"), router("edge2"))
HOSTING = customer("hosting", "192.0.2.0/24", at=("edge1 eth1",))
SUSPENDED = SuspendCustomer("hosting", Selection(prefixes=(ip_network("203.0.113.53"),)))


class Plant:
    """`app` answers, no controller runs. `stated`: what the files load into; None: they are bad."""

    def __init__(self, database: Database, stated: Topology) -> None:
        self.clock = FakeClock()
        self.database = database
        self.stated: Topology | None = stated
        self.boxes: dict[str, FakeDevice] = {}
        self.world = World(
            database,
            self._load,
            self._driver_for,
            self.clock,
            timedelta(minutes=15),
            timedelta(minutes=5),
        )
        self.app = LocalApplication(self.world)

    def _load(self) -> Topology:
        if self.stated is None:
            raise ConfigurationInvalid("inventory.yaml:3: no such key")
        return self.stated

    def _driver_for(self, device: Device, owner: Owner) -> Driver:
        if device.platform != "fake":
            raise ConfigurationInvalid(f"no driver for platform {device.platform!r}")
        return FakeDriver(self.box(device.name), owner)

    def box(self, name: str) -> FakeDevice:
        return self.boxes.setdefault(name, FakeDevice(name, self.clock))

    def state(self, *entries: Device | Customer, **more: object) -> None:
        """Edit the files."""
        self.stated = files(*entries, **more)

    def reload(self, *entries: Device | Customer, **more: object) -> InventoryDiff:
        """Edit the files and put them in force."""
        if entries:
            self.state(*entries, **more)
        return self.app.inventory_reload(ANN)

    def place(self, demand: Demand | str, **changes: object) -> OrderView:
        if isinstance(demand, str):
            demand = BlockAddress(ip_network(demand))
        command = PlaceOrder(demand=demand, reason="test", duration=48 * HOUR)
        return self.app.place(ANN, command.model_copy(update=changes))

    def lift(self, order: OrderView) -> OrderView:
        return self.app.lift(ANN, LiftOrder(order=order.id, reason="over"))

    def order(self, order: OrderView) -> OrderView:
        return self.app.order(ANN, order.id)

    def reconcile(self, *names: str) -> None:
        for name in names or sorted(self.world.topology.devices):
            self.app.device_reconcile(ANN, name)

    def drops(self, name: str, address: str) -> bool:
        return self.box(name).would_drop(packet(address, FRIEND))

    def alarms(self) -> dict[str, list[str]]:
        """The open ones: subjects by kind."""
        found: dict[str, list[str]] = {}
        for alarm in self._open():
            found.setdefault(alarm.kind, []).append(alarm.subject)
        return {kind: sorted(subjects) for kind, subjects in found.items()}

    def _open(self) -> list[Alarm]:
        with self.database.read() as reader:
            return reader.alarms.open()

    def control(self, name: str) -> DeviceControl:
        with self.database.read() as reader:
            return reader.device_controls.get(name)

    def audit(self, *kinds: str) -> list[AuditEntry]:
        with self.database.read() as reader:
            return reader.audit.entries(kinds=kinds)
