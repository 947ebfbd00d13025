# SPDX-License-Identifier: GPL-2.0-or-later
"""A preview without `fresh` asks nothing of the device; `doctor` asks, and never fails itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink.errors import NamespaceMissing
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from drivers.nftables.transport import Made, Options, Transport
from enforcer.application.commands import PlaceOrder
from enforcer.application.views import Preview
from enforcer.core.orders import BlockAddress, BlockPort, Demand, PortRange, Selection
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid, DeviceUnreachable
from enforcer.usecases.doctor import doctor
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from tests.fakes.faults import Point
from tests.unit.usecases.office import ANN, HOUR, Office

BAD = BlockAddress(ip_network("203.0.113.66"))
SMTP = BlockPort(Selection(customers=("cust1",)), (6,), (PortRange(25, 25),))


class Unplugged:
    """A way to nowhere that counts who went it."""

    def __init__(self) -> None:
        self.asked = 0

    def _ask(self) -> NamespaceMissing:
        self.asked += 1
        return NamespaceMissing("the cable is out; plug it in")

    def identity(self) -> str:
        raise self._ask()

    def open(self) -> NftSocket:
        raise self._ask()

    def watch(self) -> EventSocket:
        raise self._ask()

    def inside(self, make: Callable[[], Made]) -> Made:
        raise self._ask()


_: type[Transport] = Unplugged


@pytest.fixture
def cable() -> Unplugged:
    return Unplugged()


@pytest.fixture
def world(office: Office, cable: Unplugged) -> World:
    """The office with nftables behind that cable."""

    def driver_for(device: Device, owner: Owner) -> Driver:
        return NftablesDriver(device, owner, Options(cable, counters=True), office.clock)

    return replace(office.world, driver_for=driver_for)


def previewed(world: World, demand: Demand, fresh: bool = False) -> Preview:
    command = PlaceOrder(demand=demand, reason="test", duration=2 * HOUR)
    return LocalApplication(world).preview(ANN, command, fresh)


def test_nothing_is_asked_and_the_member_is_named(world: World, cable: Unplugged) -> None:
    found = previewed(world, BAD)
    assert [d.device for d in found.devices] == ["edge1", "edge2"]
    for device in found.devices:
        assert (device.error, device.findings, device.adds) == (None, [], 2)
        assert all("{ 203.0.113.66 timeout 7260s" in line for line in device.commands)
        assert len(device.commands) == len(device.undo) == 2
    assert cable.asked == 0


def test_what_stands_already_is_not_told_again(
    world: World, office: Office, cable: Unplugged
) -> None:
    office.place(SMTP, confirm_collateral=True)
    assert previewed(world, SMTP).devices[0].commands == []
    other = BlockPort(Selection(customers=("cust1",)), (6,), (PortRange(587, 587),))
    commands = previewed(world, other).devices[0].commands
    assert any("add rule inet enforcer blocks" in c and "dport 587" in c for c in commands)
    assert not any("handle" in c for c in commands)
    assert cable.asked == 0


def test_a_fresh_one_asks(world: World, cable: Unplugged) -> None:
    for device in previewed(world, BAD, fresh=True).devices:
        assert device.error is not None and "plug it in" in device.error
    assert cable.asked


def test_the_doctor_names_each_check_of_each_device(office: Office) -> None:
    office.boxes["edge2"].faults.fail(Point.CONNECT, DeviceUnreachable)
    found = {check.check: check for check in doctor(office.world)}
    assert found["device edge1: reachable"].ok
    failed = found["device edge2: reachable"]
    assert not failed.ok and failed.advice


def test_the_doctor_survives_a_device_that_cannot_be_bound(office: Office) -> None:
    def driver_for(device: Device, owner: Owner) -> Driver:
        raise ConfigurationInvalid(f"{device.name}: no such platform; correct it")

    found = {check.check: check for check in doctor(replace(office.world, driver_for=driver_for))}
    assert not found["device edge1"].ok and "no such platform" in found["device edge1"].detail


def test_the_doctor_asks_nftables(world: World) -> None:
    found = {check.check: check for check in doctor(world)}
    failed = found["device edge1: reachable"]
    assert not failed.ok and "plug it in" in failed.detail
