# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets dropped: asked of devices that count, for orders that are proved there."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from ipaddress import ip_network

from enforcer.application.commands import LiftOrder
from enforcer.core.contributions import contributions
from enforcer.core.intervals import Ranges
from enforcer.core.orders import (
    BlockAddress,
    BlockPort,
    Direction,
    PortRange,
    Scope,
    Selection,
)
from enforcer.core.plan import Trait
from enforcer.core.rules import Owner, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import Counted, CountingSession, Driver, Session
from enforcer.errors import DeviceUnreachable
from enforcer.usecases.dropped import dropped_by
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from tests.fakes.driver import FakeDriver, FakeSession
from tests.unit.usecases.office import ANN, Office

VICTIM = "198.51.100.200"
SMTP = (PortRange(25, 25),)


class Counting(FakeSession):
    """Every rule has dropped `each` packets for each range that is asked about."""

    each = 7

    def counters(self, wanted: Mapping[Rule, Ranges]) -> Mapping[Rule, Counted]:
        return {rule: Counted(self.each * len(ranges), 700) for rule, ranges in wanted.items()}


class CountingDriver(FakeDriver):
    def connect(self) -> AbstractContextManager[Session]:
        return closing(Counting(self))


class CountingLines(FakeSession):
    """Every line has dropped seven packets, whatever is asked about."""

    def counters(self, wanted: Mapping[Rule, Ranges]) -> Mapping[Rule, Counted]:
        return {rule: Counted(7, 0, shared=True) for rule in wanted}


class LineDriver(FakeDriver):
    def connect(self) -> AbstractContextManager[Session]:
        return closing(CountingLines(self))


def counting(office: Office, *names: str, by: type[FakeDriver] = CountingDriver) -> None:
    """Let these devices count from now on."""

    def driver_for(device: Device, owner: Owner) -> Driver:
        box = office.boxes[device.name]
        if device.name not in names:
            return FakeDriver(box, owner)
        box.traits |= Trait.COUNTING
        return by(box, owner)

    world = office.world
    fields = (world.database, world.load_topology, driver_for, world.clock)
    office.world = World(*fields, world.stale_after, world.full_every)
    office.app = LocalApplication(office.world)


def placed(office: Office) -> None:
    office.place(BlockAddress(ip_network(VICTIM)))
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)


def dropped(office: Office) -> int | None:
    (order,) = office.app.why(ANN, VICTIM).orders
    return order.dropped


def test_both_directions_on_every_device_that_counts(office: Office) -> None:
    placed(office)
    assert dropped(office) is None, "no device counts"
    counting(office, "edge1")
    assert dropped(office) == 14
    counting(office, "edge1", "edge2")
    assert dropped(office) == 28


def test_a_device_that_does_not_answer_is_left_out(office: Office) -> None:
    placed(office)
    counting(office, "edge1", "edge2")

    class Away(CountingDriver):
        def connect(self) -> AbstractContextManager[Session]:
            raise DeviceUnreachable(self.box.name, "no route: look at it")

    before = office.world.driver_for

    def driver_for(device: Device, owner: Owner) -> Driver:
        if device.name == "edge1":
            return Away(office.boxes["edge1"], owner)
        return before(device, owner)

    world = office.world
    fields = (world.database, world.load_topology, driver_for, world.clock)
    office.app = LocalApplication(World(*fields, world.stale_after, world.full_every))
    assert dropped(office) == 14


def test_a_device_that_hangs_is_not_waited_for(office: Office) -> None:
    placed(office)
    counting(office, "edge1")
    release = threading.Event()
    before = office.world.driver_for

    def driver_for(device: Device, owner: Owner) -> Driver:
        release.wait(60)
        return before(device, owner)

    world = office.world
    fields = (world.database, world.load_topology, driver_for, world.clock)
    hanging = World(*fields, world.stale_after, world.full_every)
    with office.database.read() as reader:
        order = reader.orders.search(limit=1)[0]
    asks = contributions(order, world.topology, {}, world.owners)
    try:
        assert dropped_by(hanging, [asks], ip_network(VICTIM), patience=0.0) == [None]
    finally:
        release.set()


def test_where_the_address_is_the_other_end_its_packets_cannot_be_told_apart(
    office: Office,
) -> None:
    counting(office, "edge1", "edge2")
    target = Selection((ip_network("203.0.113.200"),))
    office.place(BlockPort(target, (6,), (PortRange(25, 25),)), confirm_wide=True)
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    (order,) = office.app.why(ANN, "203.0.113.200").orders
    assert order.dropped == 14


def shared_by(office: Office) -> list[tuple[int | None, int | None]]:
    found = office.app.why(ANN, VICTIM).orders
    return [(order.dropped, order.dropped_shared_by) for order in found]


def test_what_a_line_counts_is_shared_by_the_orders_behind_it(office: Office) -> None:
    """Of the same rule on the same device, for this address or another one, and in force."""
    counting(office, "edge1", by=LineDriver)
    placed(office)
    assert shared_by(office) == [(14, None)], "one order alone: the number is its own"
    office.place(BlockAddress(ip_network("198.51.100.201")))
    gone = office.place(BlockAddress(ip_network("198.51.100.202")))
    office.place(BlockAddress(ip_network("198.51.100.203"), Direction.FROM))
    office.place(BlockPort(Selection((ip_network("198.51.100.204"),)), (6,), SMTP))
    office.place(BlockAddress(ip_network("198.51.100.205")), scope=Scope(devices=("edge2",)))
    assert shared_by(office) == [(14, 4)]
    office.app.lift(ANN, LiftOrder(order=gone.id, reason="over"))
    assert shared_by(office) == [(14, 3)]
    office.place(BlockAddress(ip_network(VICTIM), Direction.TO), ticket="2")
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    assert sorted(shared_by(office)) == [(7, 3), (14, 4)]


def test_the_protocol_tells_who_counts() -> None:
    assert issubclass(Counting, CountingSession)
    assert not issubclass(FakeSession, CountingSession)
