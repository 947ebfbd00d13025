# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hundred devices, of which one in twenty hangs: the others are enforced, in few threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from enforcer.control.fleet import Fleet
from enforcer.core.plan import Trait
from enforcer.core.status import Status
from enforcer.errors import DeviceUnreachable
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import PATIENCE, Desk, block, edge, eventually, inventory

NAMES = tuple(f"edge{number}" for number in range(200))
HANGING = NAMES[::20]
OTHERS = tuple(name for name in NAMES if name not in HANGING)
BY_LOGIN = Trait.ATOMIC | Trait.SELF_EXPIRING
"""Not watched, as devices behind a login are not."""


@pytest.fixture
def town(make_desk: MakeDesk) -> Desk:
    """Two hundred border routers, by the machine's clock."""
    desk = make_desk(inventory(*map(edge, NAMES)), live=True)
    for name in NAMES:
        desk.boxes[name] = FakeDevice(name, desk.time, BY_LOGIN)
    return desk


@pytest.fixture
def fleet(town: Desk) -> Iterator[Fleet]:
    made = Fleet(town.topology.devices, town.book, town.means())
    before = threading.active_count()
    made.start()
    assert threading.active_count() - before <= len(NAMES)
    yield made
    made.stop(PATIENCE)
    assert not {f"device {name}" for name in NAMES} & {t.name for t in threading.enumerate()}


def enforced(town: Desk, name: str, address: str) -> bool:
    return town.drops(address, name)


def hangs(box: FakeDevice, over: threading.Event) -> None:
    """Until the driver's deadline is `over`, and then it does not answer."""

    def deadline() -> None:
        over.wait()
        raise DeviceUnreachable(box.name, "it does not answer")

    box.faults.act(Point.FINGERPRINT, deadline)
    for at in (Point.CONNECT, Point.FINGERPRINT, Point.READ):
        box.faults.keep_failing(at, DeviceUnreachable)


def test_those_that_hang_delay_nobody_and_recover(town: Desk, fleet: Fleet) -> None:
    first = town.place(block("198.51.100.1/32"))
    fleet.wake_all("placed")
    # Recorded too: between two batches of the first one, the second one would go along.
    assert eventually(lambda: all(town.status(first, n) is Status.ENFORCED for n in NAMES))

    over = threading.Event()
    for name in HANGING:
        hangs(town.box(name), over)
    try:
        second = town.place(block("198.51.100.2/32"))
        fleet.wake_all("placed")
        assert eventually(lambda: all(enforced(town, n, "198.51.100.2") for n in OTHERS))
        assert not any(enforced(town, name, "198.51.100.2") for name in HANGING)
        assert town.status(second, HANGING[0]) is Status.ENFORCING
    finally:
        over.set()
    assert eventually(lambda: all(town.status(second, n) is Status.FAILING for n in HANGING))
    assert eventually(lambda: all(town.status(second, n) is Status.ENFORCED for n in OTHERS))

    for name in HANGING:
        town.box(name).faults.recover()
    for name in HANGING:
        fleet.ask(name, "asked for").result(PATIENCE)
    assert all(enforced(town, name, "198.51.100.2") for name in HANGING)
    assert {town.status(order, name) for order in (first, second) for name in HANGING} == {
        Status.ENFORCED
    }
