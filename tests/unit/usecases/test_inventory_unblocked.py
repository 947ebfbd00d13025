# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload unblocks nothing because a device, or the new place of an address, cannot hold it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.core.orders import Scope
from enforcer.core.topology import Customer, Device, Mode, ProtectedPrefix
from enforcer.errors import DeviceUnreachable
from tests.fakes.faults import Point
from tests.unit.usecases.office import Office
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, Plant, customer, files, router

TWELVE = [f"198.51.100.{2 * n}" for n in range(12)]
TRANSLATED = replace(EDGES[0], nat=(ip_network("198.51.100.0/24"),))


def blocked(plant: Plant) -> None:
    for address in TWELVE:
        plant.place(f"{address}/32")
    plant.reconcile()


def away(plant: Plant, name: str) -> None:
    """The device cannot be reached until further notice."""
    plant.box(name).faults.keep_failing(Point.CONNECT, DeviceUnreachable)


def stand(plant: Plant, name: str, *addresses: str) -> bool:
    return all(plant.drops(name, address) for address in addresses)


# -- what the device itself cannot hold any more ------------------------------------------------


def test_addresses_that_a_device_newly_translates_are_counted_and_held(plant: Plant) -> None:
    blocked(plant)
    plant.state(TRANSLATED, EDGES[1], HOSTING)
    (moved,) = plant.app.inventory_diff(ANN).devices
    assert (moved.adds, moved.removes, moved.braked) == (0, 24, True)
    assert len(moved.unsupported) == 12
    plant.reload()
    assert plant.alarms() == {"braked": ["edge1"]}
    plant.reconcile()
    assert stand(plant, "edge1", *TWELVE)
    plant.app.device_release(ANN, "edge1", "meant")
    plant.reconcile()
    assert not plant.drops("edge1", TWELVE[3])


def test_such_a_hold_ends_when_the_files_are_put_right(plant: Plant) -> None:
    blocked(plant)
    plant.reload(TRANSLATED, EDGES[1], HOSTING)
    plant.reload(*EDGES, HOSTING)
    assert plant.control("edge1").hold is None and plant.alarms() == {}
    plant.reconcile()
    assert stand(plant, "edge1", *TWELVE)


def test_a_held_device_that_becomes_another_is_not_written_to_at_all(plant: Plant) -> None:
    blocked(plant)
    mistake = (ProtectedPrefix(ip_network("198.51.100.0/24"), "a mistake"),)
    plant.reload(*EDGES, HOSTING, protected=mistake)
    plant.reload(TRANSLATED, EDGES[1], HOSTING, protected=mistake)
    plant.reconcile()
    assert stand(plant, "edge1", *TWELVE) and stand(plant, "edge2", *TWELVE)
    plant.reload(*EDGES, HOSTING, protected=mistake)
    hold = plant.control("edge1").hold
    assert hold is not None and not hold.all
    plant.reconcile()
    assert stand(plant, "edge1", *TWELVE)


def test_a_hook_that_is_left_out_is_held_whatever_the_count(plant: Plant) -> None:
    order = plant.place("198.51.100.7/32")
    plant.reconcile()
    inward = replace(EDGES[0], hooks=frozenset({"input"}))
    plant.state(inward, EDGES[1], HOSTING)
    coming = plant.app.inventory_diff(ANN)
    (moved,) = coming.devices
    assert (moved.device, moved.removes, moved.braked) == ("edge1", 2, True)
    assert moved.unsupported == [f"{order.id}: it is no longer enforced at the hook forward."]
    assert any("edge1 would no longer cover the hook forward" in w for w in coming.warnings)
    plant.reload()
    hold = plant.control("edge1").hold
    assert hold is not None and hold.all
    assert plant.alarms() == {"braked": ["edge1"]}


def test_a_hook_more_loses_nothing(plant: Plant) -> None:
    plant.place("198.51.100.7/32")
    plant.reconcile()
    both = replace(EDGES[0], hooks=frozenset({"forward", "input"}))
    assert plant.reload(both, EDGES[1], HOSTING).devices == []


# -- another box under the same name -----------------------------------------------------------


def at(netns: str) -> Device:
    return replace(EDGES[0], transport={"netns": netns})


def test_a_name_is_not_given_to_another_box(office: Office) -> None:
    plant = Plant(office.database, files(at("a"), EDGES[1], HOSTING))
    plant.reload()
    plant.place("198.51.100.7/32")
    plant.reconcile()
    before = plant.world.topology.digest
    plant.state(at("b"), EDGES[1], HOSTING)
    assert not plant.app.inventory_diff(ANN).ok
    done = plant.reload()
    assert not done.ok and not done.applied and plant.world.topology.digest == before
    (problem,) = done.problems
    assert "edge1 would become another box (netns a -> b): retire it first" in problem
    assert "give the new one a new name" in problem
    assert plant.alarms() == {"inventory-bad": ["inventory"]}
    plant.reload(at("a"), EDGES[1], HOSTING)
    assert plant.alarms() == {}


def test_nor_while_the_old_one_is_retired(office: Office) -> None:
    plant = Plant(office.database, files(at("a"), EDGES[1], HOSTING))
    plant.reload()
    plant.place("198.51.100.7/32")
    plant.reconcile()
    away(plant, "edge1")
    plant.app.device_retire(ANN, "edge1", "sold")
    assert not plant.reload(at("b"), EDGES[1], HOSTING).ok
    assert plant.world.topology.devices["edge1"].transport == {"netns": "a"}


def test_an_address_that_never_worked_may_be_put_right(office: Office) -> None:
    plant = Plant(office.database, files(at("a"), EDGES[1], HOSTING))
    plant.reload()
    assert plant.reload(at("b"), EDGES[1], HOSTING).applied


# -- addresses that leave for where nothing enforces them ----------------------------------------


SMALL = customer("small", "198.51.100.0/28", at=("edge3 eth1",))
ADDRESS = "198.51.100.7"


def third(mode: Mode) -> Device:
    return router("edge3", mode)


def moved(plant: Plant, *entries: Device | Customer) -> list[str]:
    done = plant.reload(*entries)
    assert done.applied
    plant.reconcile("edge1", "edge2")
    return [d.device for d in done.devices if d.braked]


@pytest.mark.parametrize("mode", list(Mode))
def test_an_address_does_not_leave_for_a_new_device(plant: Plant, mode: Mode) -> None:
    plant.place(f"{ADDRESS}/32")
    plant.reconcile()
    assert moved(plant, *EDGES, third(mode), HOSTING, SMALL) == ["edge1", "edge2"]
    assert stand(plant, "edge1", ADDRESS) and stand(plant, "edge2", ADDRESS)
    assert plant.alarms()["braked"] == ["edge1", "edge2"]
    plant.app.device_release(ANN, "edge1", "meant")
    plant.reconcile("edge1")
    assert not plant.drops("edge1", ADDRESS)


def test_an_address_leaves_for_a_device_that_is_proved_to_enforce(plant: Plant) -> None:
    plant.reload(*EDGES, third(Mode.ENFORCE), HOSTING)
    plant.place(f"{ADDRESS}/32")
    plant.reconcile()
    assert moved(plant, *EDGES, third(Mode.ENFORCE), HOSTING, SMALL) == []
    assert not plant.drops("edge1", ADDRESS) and plant.drops("edge3", ADDRESS)


@pytest.mark.parametrize("why", ["observe", "away", "paused", "held"])
def test_nor_for_one_that_does_not_take_it_up(plant: Plant, why: str) -> None:
    mode = Mode.OBSERVE if why == "observe" else Mode.ENFORCE
    plant.reload(*EDGES, third(mode), HOSTING)
    plant.place(f"{ADDRESS}/32")
    plant.reconcile()
    if why == "away":
        away(plant, "edge3")
        plant.app.device_reconcile(ANN, "edge3")
    elif why == "paused":
        plant.app.device_pause(ANN, "edge3", "a look")
    elif why == "held":
        for address in TWELVE:
            plant.place(f"{address}/32", scope=Scope(devices=("edge3",)))
        plant.reconcile()
    box = replace(third(mode), nat=(ip_network("198.51.100.0/24"),) if why == "held" else ())
    found = moved(plant, *EDGES, box, HOSTING, SMALL)
    assert {"edge1", "edge2"} <= set(found)
    assert stand(plant, "edge1", ADDRESS) and stand(plant, "edge2", ADDRESS)


def test_an_address_that_no_device_is_to_hold_any_more_stays(plant: Plant) -> None:
    plant.place(f"{ADDRESS}/32")
    plant.reconcile()
    plain = [replace(edge, roles=frozenset()) for edge in EDGES]
    done = plant.reload(*plain, HOSTING)
    assert all("their new place is nowhere" in w for w in done.warnings) and done.warnings
    plant.reconcile()
    assert stand(plant, "edge1", ADDRESS) and stand(plant, "edge2", ADDRESS)


def test_protected_space_and_a_prefix_given_up_are_no_such_loss(plant: Plant) -> None:
    plant.place(f"{ADDRESS}/32")
    plant.reconcile()
    ours = (ProtectedPrefix(ip_network("198.51.100.0/28"), "our own"),)
    done = plant.reload(*EDGES, HOSTING, protected=ours)
    assert [d.braked for d in done.devices] == [False, False] and done.warnings == []
