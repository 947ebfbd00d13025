# SPDX-License-Identifier: GPL-2.0-or-later
"""The office with BGP: a customer who may leak, one with two sessions, an upstream; two edges."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from enforcer.core.orders import DropRoutes, Network, Sessions, ShutdownSession
from enforcer.core.rules import Owner
from enforcer.core.topology import (
    Attachment,
    Customer,
    Device,
    Neighbor,
    ProtectedPrefix,
    Topology,
)
from enforcer.driver_api import Driver
from enforcer.storage.database import Database
from enforcer.usecases.local import LocalApplication
from tests.fakes.routing import FakeNeighbor, FakeRoutingDriver, FakeTable, a_route
from tests.unit.usecases.office import ANN, TOPOLOGY, Office

LEAKY, TRANSIT, SECOND = "10.0.1.2", "10.0.9.1", "10.0.2.2"
OWN = a_route("192.0.2.0/24", 65001)
LEAKED = (
    a_route("8.8.8.0/24", 65001, 64999, 15169),
    a_route("1.1.1.0/24", 65001, 64999, 13335),
)
WAY_HOME = a_route("203.0.113.0/24", 65001)
DEFAULT = a_route("0.0.0.0/0", 64999)


def bgp_edge(name: str, *neighbors: Neighbor) -> Device:
    return replace(TOPOLOGY.devices[name], neighbors=neighbors)


EXCHANGE = Topology(
    devices={
        "edge1": bgp_edge(
            "edge1",
            Neighbor(ip_address(LEAKY), 65001, "acme", families=(4, 6)),
            Neighbor(ip_address(TRANSIT), 64999, "upstream", name="transit"),
        ),
        "edge2": bgp_edge("edge2", Neighbor(ip_address(SECOND), 65001, "acme")),
    },
    customers={
        "acme": Customer(
            "acme",
            (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
            (
                Attachment("edge1", neighbor=LEAKY),
                Attachment("edge2", neighbor=SECOND),
            ),
        ),
    },
    service_sets=TOPOLOGY.service_sets,
    protected=(ProtectedPrefix(ip_network("203.0.113.0/24"), "our servers"),),
    documentation_space=True,
)


class Exchange(Office):
    """`tables`: what the edges' neighbors send and are sent. `deaf`: they tell no routes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.tables = {
            "edge1": FakeTable(
                {
                    LEAKY: FakeNeighbor([OWN, *LEAKED], [DEFAULT]),
                    TRANSIT: FakeNeighbor([DEFAULT, a_route("8.8.8.0/24", 64999, 15169)], [OWN]),
                }
            ),
            "edge2": FakeTable({SECOND: FakeNeighbor([OWN])}),
        }
        self.deaf: set[str] = set()
        self.world = replace(
            self.world, load_topology=lambda: EXCHANGE, driver_for=self._routing_driver
        )
        self.app = LocalApplication(self.world)

    def _routing_driver(self, device: Device, owner: Owner) -> Driver:
        if device.name in self.deaf:
            return self._driver_for(device, owner)
        return FakeRoutingDriver(self.boxes[device.name], owner, self.tables[device.name])

    def neighbor(self, address: str) -> FakeNeighbor:
        (found,) = (t.neighbors[address] for t in self.tables.values() if address in t.neighbors)
        return found

    def enforce(self) -> None:
        """What is ordered is made true on both edges."""
        for name in self.boxes:
            self.app.device_reconcile(ANN, name)


def nets(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ip_network, texts))


ACME = Sessions(customers=("acme",))
ALL_LEAKED = DropRoutes(ACME, nets("8.8.8.0/24", "1.1.1.0/24"))
SHUT_ACME = ShutdownSession(ACME)
