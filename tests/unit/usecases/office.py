# SPDX-License-Identifier: GPL-2.0-or-later
"""A small installation: who asks, what is placed, and what the boxes hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from enforcer.application.actor import Actor
from enforcer.application.commands import OrderFilter, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.core.orders import Demand, PortRange, Selection
from enforcer.core.rules import Owner
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Mode,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from enforcer.driver_api import Driver
from enforcer.storage.database import Database
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from tests.fakes.clock import FakeClock
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver

ANN = Actor("ann", "cli")
HOUR = timedelta(hours=1)


def router(name: str) -> Device:
    return Device(name, "fake", roles=frozenset({ROLE_BORDER}), mode=Mode.ENFORCE)


RELAY = ServiceEntry((ip_network("203.0.113.25"),), 6, (PortRange(25, 25), PortRange(465, 465)))
RESOLVER = ServiceEntry((ip_network("203.0.113.53"), ip_network("2001:db8:100::53")))
TOPOLOGY = Topology(
    devices={name: router(name) for name in ("edge1", "edge2")},
    customers={
        "cust1": Customer(
            "cust1",
            (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
            (Attachment("edge1", "eth1"),),
        ),
        "cust2": Customer("cust2", (ip_network("192.0.2.64/26"),), (Attachment("edge1", "eth2"),)),
        "twice": Customer(
            "twice",
            (ip_network("198.51.100.0/25"),),
            (Attachment("edge1", "eth3"), Attachment("edge2", "eth3")),
        ),
    },
    service_sets={
        "relay": ServiceSet("relay", (RELAY,)),
        "essentials": ServiceSet("essentials", (RESOLVER,)),
    },
    documentation_space=True,
)
"""cust2 is inside cust1's prefix, and attached to another interface."""

ESSENTIALS = Selection(service_sets=("essentials",))


class Office:
    """`app` answers. `boxes`: by name, empty at first. `clock` is moved by hand."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.database = database
        self.boxes = {name: FakeDevice(name, self.clock) for name in TOPOLOGY.devices}
        self.world = World(
            database,
            lambda: TOPOLOGY,
            self._driver_for,
            self.clock,
            timedelta(minutes=15),
            timedelta(minutes=5),
        )
        self.app = LocalApplication(self.world)

    def _driver_for(self, device: Device, owner: Owner) -> Driver:
        return FakeDriver(self.boxes[device.name], owner)

    everything = OrderFilter()

    def limit(self, name: str, capacity: int) -> None:
        """Let a box hold no more than so many members."""
        box = self.boxes[name]
        box.capability = replace(box.capability, capacity=capacity)

    def place(self, demand: Demand, **changes: object) -> OrderView:
        """An order for two hours, unless said otherwise."""
        command = PlaceOrder(demand=demand, reason="test", duration=2 * HOUR)
        return self.app.place(ANN, command.model_copy(update=changes))
