# SPDX-License-Identifier: GPL-2.0-or-later
"""What leaves the inventory leaves when the devices are proved to be rid of it, not before."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.commands import MoveAttachment, PlaceOrder
from enforcer.control.rollout import HALTED
from enforcer.control.settling import Settling, left_behind
from enforcer.core.orders import BlockAddress
from enforcer.core.plan import Capability
from enforcer.core.rules import Key
from enforcer.core.topology import Leaving, Mode, ProtectedPrefix
from enforcer.errors import DeviceUnreachable, InvalidInput, NotFound
from tests.fakes.faults import Point
from tests.unit.usecases.office import Office
from tests.unit.usecases.plant import (
    ANN,
    EDGES,
    HOSTING,
    HOUR,
    SUSPENDED,
    Plant,
    customer,
    files,
    router,
)


def away(plant: Plant, name: str) -> None:
    """The device cannot be reached until further notice."""
    plant.box(name).faults.keep_failing(Point.CONNECT, DeviceUnreachable)


def settle(plant: Plant) -> bool:
    return Settling(plant.database, plant.clock).look()


# -- devices -----------------------------------------------------------------------------------


def test_a_device_that_left_the_files_keeps_its_rules_and_loses_them_with_the_order(
    plant: Plant,
) -> None:
    order = plant.place("198.51.100.7/32")
    plant.reconcile()
    plant.reload(EDGES[0], HOSTING)
    plant.reconcile()
    assert plant.drops("edge2", "198.51.100.7")
    assert plant.order(order).status == "enforced"
    plant.lift(order)
    assert plant.order(order).status == "removing"
    plant.reconcile("edge1")
    assert plant.order(order).status == "removing"
    plant.reconcile("edge2")
    assert plant.order(order).status == "lifted"
    assert not plant.drops("edge2", "198.51.100.7")


def test_a_retired_device_is_emptied_and_forgotten(plant: Plant) -> None:
    order = plant.place("198.51.100.7/32")
    plant.reconcile()
    view = plant.app.device_retire(ANN, "edge2", "sold")
    assert view.status == "retired"
    assert not plant.drops("edge2", "198.51.100.7") and plant.drops("edge1", "198.51.100.7")
    assert plant.world.topology.devices.keys() == {"edge1"}
    assert [e.device for e in plant.audit("device.draining", "device.retired")] == ["edge2"] * 2
    assert plant.alarms() == {}
    plant.reconcile()
    assert plant.order(order).status == "enforced"
    with plant.database.read() as reader:
        assert left_behind(reader, plant.world.topology) == []
    # The files state it still, which is no reason to take it up again.
    done = plant.reload()
    assert not done.applied and any("edge2 was retired" in w for w in done.warnings)


@pytest.mark.parametrize("gone_before", [False, True], ids=["stated", "gone"])
def test_a_lift_is_not_believed_while_a_retired_device_may_hold_the_order(
    plant: Plant, gone_before: bool
) -> None:
    """The device is away: its rules stand, though the inventory no longer places any there."""
    order = plant.place("198.51.100.7/32")
    plant.reconcile()
    if gone_before:
        plant.reload(EDGES[0], HOSTING)
        plant.reconcile()
    away(plant, "edge2")
    assert plant.app.device_retire(ANN, "edge2", "sold").status == "failing"
    plant.reconcile("edge1")
    assert plant.order(order).status == "enforced"
    plant.lift(order)
    plant.reconcile("edge1")
    view = plant.order(order)
    assert view.status == "removing"
    assert {d.device: d.status for d in view.devices} == {"edge1": "lifted", "edge2": "removing"}
    assert not settle(plant) and plant.alarms() == {"device-draining": ["edge2"]}
    plant.box("edge2").faults.recover()
    plant.reconcile("edge2")
    assert plant.order(order).status == "lifted" and not plant.drops("edge2", "198.51.100.7")
    assert settle(plant)
    assert plant.world.topology.devices.keys() == {"edge1"} and plant.alarms() == {}
    assert plant.order(order).status == "lifted"


def test_an_end_is_not_believed_either(plant: Plant) -> None:
    order = plant.place("198.51.100.7/32", duration=HOUR)
    plant.reconcile()
    away(plant, "edge2")
    plant.app.device_retire(ANN, "edge2", "sold")
    plant.clock.advance(3601)
    plant.reconcile("edge1")
    assert plant.order(order).status == "removing"
    plant.box("edge2").faults.recover()
    plant.reconcile("edge2")
    assert plant.order(order).status == "expired"


def test_an_order_that_was_never_on_the_retired_device_does_not_wait_for_it(plant: Plant) -> None:
    order = plant.place("192.0.2.5/32")
    plant.reconcile()
    away(plant, "edge2")
    plant.app.device_retire(ANN, "edge2", "sold")
    plant.lift(order)
    plant.reconcile("edge1")
    assert plant.order(order).status == "lifted"


def test_a_draining_device_is_not_empty_while_it_is_only_observed(office: Office) -> None:
    plant = Plant(office.database, files(*EDGES))
    plant.reload()
    plant.place("198.51.100.7/32")
    plant.reconcile()
    plant.app.device_mode(ANN, "edge2", "observe", "a look")
    plant.app.device_retire(ANN, "edge2", "sold")
    assert "edge2" in plant.world.topology.devices
    assert plant.drops("edge2", "198.51.100.7")
    plant.app.device_mode(ANN, "edge2", "enforce", "empty it")
    plant.reconcile("edge2")
    assert settle(plant) and "edge2" not in plant.world.topology.devices


def test_a_proof_from_before_the_retirement_empties_nothing(plant: Plant) -> None:
    """The device was proved empty a moment before; an order may have reached it since."""
    plant.reconcile()
    away(plant, "edge2")
    plant.app.device_retire(ANN, "edge2", "sold")
    assert not settle(plant)
    assert plant.world.topology.devices["edge2"].leaving is Leaving.DRAINING


def test_what_the_brake_holds_goes_when_the_device_is_retired(plant: Plant) -> None:
    for number in range(12):
        plant.place(f"198.51.100.{2 * number}/32")
    plant.reconcile()
    mistake = ProtectedPrefix(ip_network("198.51.100.0/24"), "a mistake")
    plant.reload(*EDGES, HOSTING, protected=(mistake,))
    assert plant.control("edge2").hold is not None
    plant.app.device_retire(ANN, "edge2", "sold")
    assert not plant.drops("edge2", "198.51.100.2")
    assert plant.alarms() == {"braked": ["edge1"]}


def test_a_retirement_needs_a_reason_and_a_device(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        plant.app.device_retire(ANN, "edge2", "")
    with pytest.raises(NotFound, match="edge9"):
        plant.app.device_retire(ANN, "edge9", "sold")


def test_retiring_twice_is_retiring_once(plant: Plant) -> None:
    away(plant, "edge2")
    plant.app.device_retire(ANN, "edge2", "sold")
    plant.app.device_retire(ANN, "edge2", "sold, really")
    assert len(plant.audit("device.draining")) == 1


def test_a_kept_device_whose_driver_is_gone_stops_no_order(plant: Plant) -> None:
    odd = replace(router("edge3"), platform="unheard-of")
    with plant.database.write() as work:
        seq = work.record("test", ANN, at=plant.clock.now(), payload={})
        topology = files(*EDGES, odd, HOSTING)
        work.inventories.add(seq, topology, at=plant.clock.now(), origin="an older version")
    plant.reload(*EDGES, HOSTING)
    assert plant.world.topology.devices["edge3"].leaving is Leaving.GONE
    assert plant.world.capabilities().keys() == {"edge1", "edge2"}
    inside, everywhere = plant.place("192.0.2.5/32"), plant.place("198.51.100.7/32")
    other = BlockAddress(ip_network("198.51.100.8/32"))
    command = PlaceOrder(demand=other, reason="test", open_ended=True)
    errors = {d.device: d.error for d in plant.app.preview(ANN, command).devices}
    assert errors["edge1"] is None and "no driver" in str(errors["edge3"])
    plant.app.wait(ANN, everywhere.id, HOUR)
    assert plant.app.device_reconcile(ANN, "edge3").outcome == "failed"
    plant.reconcile("edge1", "edge2")
    assert plant.order(inside).status == "enforced"
    view = plant.order(everywhere)
    assert view.status == "partial"
    statuses = {device.device: device.status for device in view.devices}
    assert statuses == {"edge1": "enforced", "edge2": "enforced", "edge3": "enforcing"}


# -- modes -------------------------------------------------------------------------------------


def test_a_mode_that_a_person_sets_wins_until_the_files_may_say_again(plant: Plant) -> None:
    assert plant.app.device_mode(ANN, "edge1", "observe", "a look").mode == "observe"
    plant.reload(*EDGES, HOSTING, router("edge3"))
    assert plant.world.topology.devices["edge1"].mode is Mode.OBSERVE
    assert plant.app.device_mode(ANN, "edge1", "inventory", "seen enough").mode == "enforce"
    assert plant.world.topology.modes == {}
    (first, second) = plant.audit("device.mode")
    assert (first.payload["mode"], second.payload["mode"]) == ("observe", "inventory")


def test_there_is_no_other_mode(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="observe, enforce, inventory"):
        plant.app.device_mode(ANN, "edge1", "off", "tired")


# -- customers ---------------------------------------------------------------------------------


def test_a_customer_that_vanished_stays_enforced_until_somebody_confirms(plant: Plant) -> None:
    order = plant.place(SUSPENDED)
    plant.reconcile()
    plant.reload(*EDGES)
    plant.reconcile()
    assert plant.drops("edge1", "192.0.2.5")
    assert plant.order(order).status == "enforced"
    view = plant.app.customer_confirm_gone(ANN, "hosting", "contract ended")
    assert [o.id for o in view.orders] == [order.id]
    plant.reconcile()
    assert not plant.drops("edge1", "192.0.2.5")
    assert plant.alarms() == {}
    (entry,) = plant.audit("customer.confirmed-gone")
    assert entry.payload["devices"] == {"edge1": {"adds": 0, "removes": 2}}
    assert entry.payload["prefixes"] == ["192.0.2.0/24"]
    with pytest.raises(NotFound):
        plant.app.customer(ANN, "hosting")


def test_an_order_lifted_after_its_customer_went_is_not_gone_before_its_rules_are(
    plant: Plant,
) -> None:
    order = plant.place(SUSPENDED)
    plant.reconcile()
    plant.reload(*EDGES)
    away(plant, "edge1")
    plant.app.customer_confirm_gone(ANN, "hosting", "contract ended")
    plant.lift(order)
    assert plant.order(order).status == "removing"
    plant.box("edge1").faults.recover()
    plant.reconcile("edge1")
    assert plant.order(order).status == "lifted"


def test_a_customer_that_the_files_state_cannot_be_confirmed_gone(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="take it out"):
        plant.app.customer_confirm_gone(ANN, "hosting", "contract ended")
    with pytest.raises(NotFound, match="did you mean 'hosting'"):
        plant.app.customer_confirm_gone(ANN, "hostin", "contract ended")


def test_a_customer_is_shown_with_what_concerns_it(plant: Plant) -> None:
    named = plant.place(SUSPENDED)
    inside = plant.place("192.0.2.5/32")
    plant.place("198.51.100.7/32")
    view = plant.app.customer(ANN, "hosting")
    assert [o.id for o in view.orders] == [inside.id, named.id]
    assert (view.prefixes, view.attachments) == (["192.0.2.0/24"], ["edge1 eth1"])
    assert [c.name for c in plant.app.customers(ANN)] == ["hosting"]


# -- attachments -------------------------------------------------------------------------------

MOVED = customer("hosting", "192.0.2.0/24", at=("edge2 eth2",))
GO = MoveAttachment(customer="hosting", device="edge1", place="eth1", reason="moved")


def test_the_old_place_is_cleared_after_the_new_one_is_proved(plant: Plant) -> None:
    order = plant.place(SUSPENDED)
    plant.reconcile()
    plant.reload(*EDGES, MOVED)
    assert plant.alarms() == {"attachment-gone": ["hosting"]}
    command = "`enforcer device move hosting edge1 eth1`"
    assert any(command in said for said in plant.app.inventory_diff(ANN).warnings)
    away(plant, "edge2")
    view = plant.app.attachment_move(ANN, GO)
    assert view.attachments == ["edge2 eth2", "edge1 eth1 (draining)"]
    plant.reconcile("edge1")
    assert not settle(plant)
    assert plant.drops("edge1", "192.0.2.5") and not plant.drops("edge2", "192.0.2.5")
    plant.box("edge2").faults.recover()
    plant.reconcile("edge2")
    assert plant.drops("edge1", "192.0.2.5") and plant.drops("edge2", "192.0.2.5")
    assert settle(plant)
    assert plant.app.customer(ANN, "hosting").attachments == ["edge2 eth2"]
    assert plant.alarms() == {}
    plant.lift(order)
    plant.reconcile("edge2")
    assert plant.order(order).status == "removing"
    plant.reconcile("edge1")
    assert plant.order(order).status == "lifted" and not plant.drops("edge1", "192.0.2.5")


def test_the_old_place_stays_while_the_new_one_cannot_hold_an_order(plant: Plant) -> None:
    plant.place(SUSPENDED)
    plant.box("edge2").capability = Capability(frozenset({(4, Key.SOURCE)}))
    plant.reload(*EDGES, MOVED)
    plant.app.attachment_move(ANN, GO)
    plant.reconcile()
    assert not settle(plant)
    assert plant.drops("edge1", "192.0.2.5")


def test_an_attachment_that_the_files_state_cannot_be_moved_away(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="state the new place"):
        plant.app.attachment_move(ANN, GO)
    with pytest.raises(NotFound, match="it is at edge1 eth1"):
        plant.app.attachment_move(ANN, GO.model_copy(update={"place": "eth9"}))


def test_alarms_are_listed_with_the_cleared_ones_on_request(plant: Plant) -> None:
    plant.reload(EDGES[0], HOSTING)
    plant.reload(*EDGES, HOSTING)
    assert plant.app.alarms(ANN) == []
    (alarm,) = plant.app.alarms(ANN, open_only=False)
    assert (alarm.kind, alarm.subject) == ("device-gone", "edge2")
    assert alarm.cleared is not None


def test_a_retired_device_halts_no_rollout_any_more(plant: Plant) -> None:
    """Nobody could release it afterwards."""
    plant.reconcile()
    with plant.database.write() as work:
        said = "edge2: its neighbors are gone"
        work.raise_alarm(HALTED, ANN, at=plant.clock.now(), subject="edge2", said=said)
    assert HALTED in plant.alarms()
    plant.app.device_retire(ANN, "edge2", "replaced")
    assert "edge2" not in plant.world.topology.devices and plant.alarms() == {}
