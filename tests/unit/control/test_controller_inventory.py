# SPDX-License-Identifier: GPL-2.0-or-later
"""The running controller obeys the inventory that is in force, and lets go what was let go."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.control.controller import Controller
from enforcer.control.fleet import Means
from enforcer.control.inventory_following import InventoryFollowing
from enforcer.control.reloading import reloading
from enforcer.control.settling import OWNER_CHANGED, Settling, left_behind
from enforcer.core.brake import PauseState
from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.inventory_change import with_move, with_retirement
from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts, Status
from enforcer.core.topology import Attachment, Device, Leaving, Mode, ProtectedPrefix, Topology
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid, StorageError
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, BAD, PATIENCE, Desk, block, edge, eventually, inventory

RARELY = 30.0
SUSPENDED = SuspendCustomer("hosting", Selection(prefixes=(ip_network("203.0.113.53"),)))


@pytest.fixture
def live(new_database: Callable[[], Path]) -> Iterator[Desk]:
    """Two border routers, by the machine's clock."""
    desk = Desk(new_database(), inventory(edge("edge1"), edge("edge2")), live=True)
    yield desk
    desk.close()


@contextmanager
def running(desk: Desk, tick: float = RARELY) -> Iterator[Controller]:
    """A controller in a thread, stopped at the end."""

    def means(pause: Callable[[], PauseState]) -> Means:
        return replace(desk.means(), pause=pause)

    controller = Controller(desk.database, desk.topology, means, tick)
    controller.load()
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=controller.run, args=(stop, ready.set))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield controller
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def put(desk: Desk, topology: Topology, **controls: DeviceControl) -> int:
    """Put an inventory in force, as a reload does."""
    now = desk.time.now()
    for name in topology.devices:
        desk.boxes.setdefault(name, FakeDevice(name, desk.time))
    with desk.database.write() as work:
        seq = work.record("inventory.loaded", ANN, at=now, payload={})
        work.inventories.add(seq, topology, at=now, origin="test")
        for name, control in controls.items():
            work.device_controls.save(name, control)
    return seq


def in_force(desk: Desk) -> Topology:
    with desk.database.read() as reader:
        version = reader.inventories.newest()
        assert version is not None
        return reader.inventories.content(version)


def proved(desk: Desk, name: str, topology: Topology) -> bool:
    facts = desk.facts(name)
    return facts.inventory == topology.digest and not facts.error


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


# -- following ---------------------------------------------------------------------------------


def test_a_new_device_is_enforced_without_a_restart(live: Desk) -> None:
    live.place()
    with running(live) as controller:
        put(live, inventory(edge("edge1"), edge("edge2"), edge("edge3")))
        controller.follow("test")
        assert eventually(lambda: live.drops(name="edge3"))


def test_a_device_that_left_has_no_worker_any_more(live: Desk) -> None:
    with running(live) as controller:
        assert "device edge2" in threads()
        put(live, inventory(edge("edge1")))
        controller.follow("test")
        assert eventually(lambda: not {"device edge2", "watch edge2"} & threads())
        live.place()
        controller.follow("test")
        assert eventually(live.drops)
        assert not live.drops(name="edge2")


def test_a_changed_device_is_looked_after_as_it_is_now(make_desk: MakeDesk) -> None:
    desk = make_desk(inventory(edge("edge1", Mode.OBSERVE)), live=True)
    desk.place()
    with running(desk) as controller:
        assert eventually(lambda: desk.facts().drift_open > 0)
        assert not desk.drops()
        put(desk, inventory(edge("edge1")))
        controller.follow("test")
        assert eventually(desk.drops)


def test_everything_is_proved_anew_under_another_inventory(live: Desk) -> None:
    order = live.place()
    grown = replace(live.topology, protected=(ProtectedPrefix(ip_network("10.0.0.0/8"), "ours"),))
    with running(live) as controller:
        assert eventually(lambda: live.status(order) is Status.ENFORCED)
        put(live, grown)
        controller.follow("test")
        assert eventually(lambda: all(proved(live, name, grown) for name in live.boxes))


def test_what_becomes_protected_is_withdrawn(live: Desk) -> None:
    live.place(block("198.51.100.0/29"))
    with running(live) as controller:
        assert eventually(live.drops)
        shield = ProtectedPrefix(ip_network(f"{BAD}/32"), "ours")
        put(live, replace(live.topology, protected=(shield,)))
        controller.follow("test")
        assert eventually(lambda: not live.drops())
        assert live.drops("198.51.100.1")


def test_the_newest_inventory_counts_at_the_start(live: Desk) -> None:
    live.place()
    put(live, inventory(edge("edge1"), edge("edge2"), edge("edge3")))
    with running(live):
        assert eventually(lambda: live.drops(name="edge3"))


def test_a_device_has_one_writer_while_it_changes(live: Desk) -> None:
    """The old worker is stuck in a pass: the new one waits until that has ended."""
    release = live.box("edge1").faults.hang(Point.READ)
    with running(live) as controller:
        assert eventually(lambda: proved(live, "edge2", live.topology))
        changed = inventory(replace(edge("edge1"), site="elsewhere"), edge("edge2"))
        put(live, changed)
        controller.follow("test")
        assert eventually(lambda: proved(live, "edge2", changed))
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("device edge1") == 2
        assert not live.facts("edge1").verified_at
        release.set()
        assert eventually(lambda: proved(live, "edge1", changed))
        assert eventually(
            lambda: [t.name for t in threading.enumerate()].count("device edge1") == 1
        )


class NoDriver(Desk):
    """The platform of one device is not installed."""

    def driver(self, device: Device, owner: Owner) -> Driver:  # type: ignore[override]  # wider
        if device.name == "edge2":
            raise ConfigurationInvalid("no driver for platform 'fake2'; installed: fake")
        return super().driver(device, owner)


def test_a_device_without_a_driver_fails_alone(new_database: Callable[[], Path]) -> None:
    desk = NoDriver(new_database(), inventory(edge("edge1"), edge("edge2")), live=True)
    order = desk.place()
    try:
        with running(desk) as controller:
            assert eventually(lambda: desk.status(order) is Status.ENFORCED)
            assert desk.facts("edge2").error_code == "ConfigurationInvalid"
            assert desk.status(order, "edge2") is Status.FAILING
            put(desk, inventory(edge("edge1"), edge("edge2"), edge("edge3")))
            controller.follow("test")
            assert eventually(lambda: desk.drops(name="edge3"))
        assert len(desk.audit("device.failing")) == 1
    finally:
        desk.close()


# -- holds -------------------------------------------------------------------------------------


def test_a_hold_is_obeyed_until_it_is_released(live: Desk) -> None:
    old = live.topology
    put(live, old)
    live.place(block("198.51.100.0/29"))
    with running(live) as controller:
        assert eventually(lambda: live.drops() and live.drops(name="edge2"))
        shield = ProtectedPrefix(ip_network(f"{BAD}/32"), "a mistake")
        hold = Hold(live.time.now(), live.database.head() + 1, old.digest, 2, "test")
        put(live, replace(old, protected=(shield,)), edge1=DeviceControl(hold=hold))
        controller.follow("test")
        assert eventually(lambda: not live.drops(name="edge2"))
        assert eventually(lambda: bool(live.facts("edge1").braked))
        assert live.drops()
        with live.database.write() as work:
            work.record("device.released", ANN, at=live.time.now(), payload={}, device="edge1")
            work.device_controls.save("edge1", DeviceControl())
        controller.follow("test")
        assert eventually(lambda: not live.drops())


def test_a_hold_is_obeyed_from_the_start(live: Desk) -> None:
    old = live.topology
    put(live, old)
    order = live.place(block("198.51.100.0/29"))
    shield = ProtectedPrefix(ip_network(f"{BAD}/32"), "a mistake")
    hold = Hold(live.time.now(), order.number, old.digest, 2, "test")
    put(live, replace(old, protected=(shield,)), edge1=DeviceControl(hold=hold))
    with running(live):
        assert eventually(lambda: live.drops("198.51.100.1", name="edge2"))
        assert eventually(live.drops)
        assert not live.drops(name="edge2")


def test_only_what_changed_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk()
    following = InventoryFollowing(desk.topology)
    with desk.database.read() as reader:
        assert following.read(reader) is None
    put(desk, desk.topology)
    with desk.database.read() as reader:
        first = following.read(reader)
        assert first is not None and first.fresh and first.compiled
        assert following.read(reader) is None
    paused = DeviceControl(paused=True, software="1")
    with desk.database.write() as work:
        work.device_controls.save("edge1", paused)
    with desk.database.read() as reader:
        second = following.read(reader)
        assert second is not None and second.devices == {"edge1"}
        assert not second.fresh and not second.compiled
    with desk.database.write() as work:
        work.device_controls.save("edge1", replace(paused, software="2"))
    with desk.database.read() as reader:
        assert following.read(reader) is None


# -- letting go --------------------------------------------------------------------------------


def test_a_retired_device_is_emptied_and_leaves(live: Desk) -> None:
    put(live, live.topology)
    live.place()
    with running(live, tick=0.05):
        assert eventually(lambda: live.drops() and live.drops(name="edge2"))
        put(live, with_retirement(live.topology, "edge2"))
        assert eventually(lambda: "edge2" not in in_force(live).devices)
        assert not live.drops(name="edge2") and live.drops()
        assert eventually(lambda: "device edge2" not in threads())
    assert [e.device for e in live.audit("device.retired")] == ["edge2"]
    with live.database.read() as reader:
        assert left_behind(reader, in_force(live)) == []


def moving(desk: Desk) -> Topology:
    """The customer is at edge2 now, and its place at edge1 was let go."""
    customer = desk.topology.customers["hosting"]
    old = customer.attachments[0]
    both = replace(customer, attachments=(Attachment("edge2", "eth1"), old))
    topology = replace(desk.topology, customers={"hosting": both})
    return with_move(topology, "hosting", old)


def test_a_moved_attachment_goes_when_the_new_place_is_proved(live: Desk) -> None:
    put(live, live.topology)
    live.place(SUSPENDED)
    with running(live, tick=0.05):
        assert eventually(lambda: live.drops("192.0.2.5"))
        release = live.box("edge2").faults.hang(Point.STAGE)
        put(live, moving(live))
        assert eventually(lambda: proved(live, "edge1", in_force(live)))
        assert live.drops("192.0.2.5")
        release.set()
        assert eventually(lambda: not live.drops("192.0.2.5"))
        assert live.drops("192.0.2.5", name="edge2")
    (place,) = in_force(live).customers["hosting"].attachments
    assert (place.device, place.leaving) == ("edge2", Leaving.NO)


@pytest.mark.parametrize(
    "facts",
    [
        {"verified_seq": 0},
        {"inventory": "another"},
        {"drift_open": 1},
        {"held_orders": frozenset({1})},
        {"contested_orders": frozenset({1})},
        {"failing_since": True},
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_what_is_not_proved_is_not_let_go(make_desk: MakeDesk, facts: dict[str, object]) -> None:
    desk = make_desk(inventory(edge("edge1"), edge("edge2")))
    draining = with_retirement(desk.topology, "edge2")
    seq = put(desk, draining)
    settling = Settling(desk.database, desk.clock)
    now = desk.clock.now()
    good = DeviceFacts(seq, now, now, inventory=draining.digest)
    if "failing_since" in facts:
        facts = {"failing_since": now}

    def know(known: DeviceFacts) -> None:
        with desk.database.write() as work:
            work.devices.save_facts("edge2", known)

    know(replace(good, **facts))  # type: ignore[arg-type]  # fields of facts
    assert not settling.look() and "edge2" in in_force(desk).devices
    know(good)
    assert settling.look() and "edge2" not in in_force(desk).devices
    assert not settling.look()


def test_an_alarm_about_a_new_owner_is_over_with_its_order(desk: Desk) -> None:
    order = desk.place(lasts=60)
    with desk.database.write() as work:
        work.raise_alarm(OWNER_CHANGED, ANN, at=desk.clock.now(), subject=order.id, said="look")
    settling = Settling(desk.database, desk.clock)

    def alarmed() -> bool:
        with desk.database.read() as reader:
            return reader.alarms.is_open(OWNER_CHANGED, order.id)

    settling.look_at_alarms()
    assert alarmed()
    desk.clock.advance(61)
    settling.look_at_alarms()
    assert not alarmed()


# -- SIGHUP ------------------------------------------------------------------------------------


def test_a_reload_is_made_each_time_that_it_is_asked_for(desk: Desk) -> None:
    asked = threading.Event()
    calls: list[int] = []

    def reload() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise StorageError("the disk is full")

    with reloading(asked, reload, desk.time):
        asked.set()
        assert eventually(lambda: len(calls) == 1 and not asked.is_set())
        asked.set()
        assert eventually(lambda: len(calls) == 2)
    assert "reload" not in threads()
