# SPDX-License-Identifier: GPL-2.0-or-later
"""Putting the files in force: previewed, braked, all or nothing, and never on a stale basis."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockPort, PortRange, Selection, SuspendCustomer
from enforcer.core.plan import Capability
from enforcer.core.topology import (
    Attachment,
    BrakeLimits,
    Customer,
    Leaving,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
)
from enforcer.errors import ConfigurationInvalid, StorageError
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import Office
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, SUSPENDED, Plant, files, router


def changed(plant: Plant) -> list[tuple[str, str, str]]:
    return [(c.section, c.name, c.what) for c in plant.app.inventory_diff(ANN).changes]


# -- what is in force --------------------------------------------------------------------------


def test_before_anything_was_put_in_force_the_files_count(office: Office) -> None:
    plant = Plant(office.database, files(*EDGES))
    assert plant.world.topology == plant.stated
    assert plant.app.inventory_show(ANN).sequence is None
    done = plant.app.inventory_reload(ANN, "first")
    assert done.ok and done.applied
    shown = plant.app.inventory_show(ANN)
    assert (shown.sequence, shown.origin) == (done.sequence, "reload: first")
    assert [device["name"] for device in shown.devices] == ["edge1", "edge2"]


def test_an_edit_counts_only_when_it_is_reloaded(plant: Plant) -> None:
    plant.state(*EDGES, replace(HOSTING, prefixes=(ip_network("198.51.100.0/24"),)))
    assert plant.world.topology.customers["hosting"] == HOSTING
    assert changed(plant) == [
        ("prefix", "192.0.2.0/24", "removed"),
        ("prefix", "198.51.100.0/24", "added"),
    ]
    assert plant.reload().applied
    assert plant.world.topology.customers["hosting"].prefixes == (ip_network("198.51.100.0/24"),)
    assert changed(plant) == []


def test_a_process_that_runs_on_sees_what_another_one_put_in_force(plant: Plant) -> None:
    other = Plant(plant.database, files(*EDGES, HOSTING, router("edge3")))
    before = plant.world.owners
    assert "edge3" not in plant.world.topology.devices
    other.reload()
    assert "edge3" in plant.world.topology.devices
    assert plant.world.owners is not before
    assert plant.world.owners is plant.world.owners


def test_the_same_files_again_are_no_new_inventory(plant: Plant) -> None:
    before = plant.app.inventory_show(ANN).sequence
    again = plant.reload()
    assert again.ok and not again.applied and again.sequence == before
    assert plant.app.inventory_show(ANN).sequence == before


def test_what_changed_is_recorded(plant: Plant) -> None:
    plant.app.inventory_reload(ANN, "unchanged")
    plant.state(*EDGES, HOSTING, router("edge3"))
    plant.app.inventory_reload(ANN, "the new router")
    first, second = plant.audit("inventory.loaded")
    assert first.payload["before"] is None
    assert second.payload["reason"] == "the new router"
    assert second.payload["changes"] == ["device edge3 added"]
    assert second.payload["before"] == first.payload["digest"]


# -- bad files ---------------------------------------------------------------------------------


def test_bad_files_change_nothing_and_say_so_until_they_are_good(plant: Plant) -> None:
    before = plant.app.inventory_show(ANN)
    plant.stated = None
    assert plant.app.inventory_diff(ANN).problems == ["inventory.yaml:3: no such key"]
    assert plant.alarms() == {}
    done = plant.app.inventory_reload(ANN, "a try")
    assert not done.ok and not done.applied
    assert done.problems == ["inventory.yaml:3: no such key"]
    assert plant.app.inventory_show(ANN) == before
    assert plant.alarms() == {"inventory-bad": ["inventory"]}
    (entry,) = plant.audit("inventory.refused")
    assert entry.payload["problems"] == done.problems
    plant.reload(*EDGES, HOSTING)
    assert plant.alarms() == {}


def test_with_nothing_in_force_bad_files_leave_nothing_to_go_on_with(office: Office) -> None:
    plant = Plant(office.database, files(*EDGES))
    plant.stated = None
    assert not plant.app.inventory_reload(ANN).ok
    with pytest.raises(ConfigurationInvalid, match="no such key"):
        _ = plant.world.topology


def test_what_the_files_no_longer_state_is_kept_and_alarmed(plant: Plant) -> None:
    done = plant.reload(EDGES[0])
    assert [c.what for c in done.changes if c.section in ("device", "customer")] == ["kept"] * 2
    assert plant.world.topology.devices["edge2"].leaving is Leaving.GONE
    assert plant.alarms() == {"device-gone": ["edge2"], "customer-gone": ["hosting"]}
    assert any("enforcer device retire edge2" in w for w in done.warnings)
    assert any("enforcer customer confirm-gone hosting" in w for w in done.warnings)
    plant.reload(*EDGES, HOSTING)
    assert plant.alarms() == {}


# -- what moves on the devices -----------------------------------------------------------------


def test_the_preview_counts_the_rows_that_move(plant: Plant) -> None:
    plant.place(SUSPENDED)
    plant.place("198.51.100.7/32")
    plant.state(*EDGES, replace(HOSTING, prefixes=(*HOSTING.prefixes, ip_network("10.9.0.0/24"))))
    (moved,) = plant.app.inventory_diff(ANN).devices
    assert (moved.device, moved.adds, moved.removes, moved.braked) == ("edge1", 2, 0, False)
    assert plant.reload().devices == [moved]


def test_grown_protection_withdraws_the_part_that_it_covers(plant: Plant) -> None:
    plant.place("198.51.100.0/29")
    plant.reconcile()
    assert plant.drops("edge1", "198.51.100.3")
    ours = ProtectedPrefix(ip_network("198.51.100.2/31"), "our own")
    plant.reload(*EDGES, HOSTING, protected=(ours,))
    plant.reconcile()
    assert plant.drops("edge1", "198.51.100.1") and not plant.drops("edge1", "198.51.100.3")


def blocked(plant: Plant, count: int) -> None:
    for number in range(count):
        plant.place(f"198.51.100.{2 * number}/32")


def shield(*prefixes: str) -> tuple[ProtectedPrefix, ...]:
    return tuple(ProtectedPrefix(ip_network(p), "a mistake") for p in prefixes)


def test_a_change_that_no_order_explains_is_held_and_the_rest_is_not(plant: Plant) -> None:
    blocked(plant, 12)
    plant.place("192.0.2.5/32")
    plant.reconcile()
    before = plant.world.topology.digest
    plant.state(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    assert [d.braked for d in plant.app.inventory_diff(ANN).devices] == [True, True]
    done = plant.reload()
    assert done.applied and plant.alarms()["braked"] == ["edge1", "edge2"]
    hold = plant.control("edge1").hold
    assert hold is not None
    assert (hold.inventory, hold.changes, hold.all) == (before, 24, False)
    plant.reconcile()
    assert plant.drops("edge1", "198.51.100.4")
    later = plant.place("10.1.1.1/32")
    plant.reconcile()
    assert plant.drops("edge1", "10.1.1.1") and plant.order(later).status == "enforced"
    plant.app.device_release(ANN, "edge1", "as meant")
    plant.reconcile()
    assert not plant.drops("edge1", "198.51.100.4")
    assert plant.drops("edge2", "198.51.100.4")


def test_a_lift_passes_while_a_hold_stands(plant: Plant) -> None:
    blocked(plant, 12)
    order = plant.place("198.51.100.100/32")
    plant.reconcile()
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    plant.lift(order)
    plant.reconcile()
    assert not plant.drops("edge1", "198.51.100.100")
    assert plant.drops("edge1", "198.51.100.2")


def test_a_device_that_is_held_keeps_its_older_basis(plant: Plant) -> None:
    blocked(plant, 12)
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    first = plant.control("edge1").hold
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/28", "198.51.100.16/30"))
    second = plant.control("edge1").hold
    assert first is not None and second is not None
    assert (second.inventory, second.seq) == (first.inventory, first.seq)
    assert (first.changes, second.changes) == (24, 20)


def test_a_hold_ends_when_the_files_are_put_right(plant: Plant) -> None:
    blocked(plant, 12)
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    plant.reload(*EDGES, HOSTING)
    assert plant.control("edge1").hold is None
    assert "braked" not in plant.alarms()


@pytest.mark.parametrize(
    ("limits", "braked"),
    [
        (BrakeLimits(rows=1000, percent=20, floor=10), True),
        (BrakeLimits(rows=1000, percent=100, floor=10), False),
        (BrakeLimits(rows=1000, percent=20, floor=24), False),
        (BrakeLimits(rows=23, percent=100, floor=100), True),
    ],
)
def test_the_limits_in_force_decide(office: Office, limits: BrakeLimits, braked: bool) -> None:
    plant = Plant(office.database, files(*EDGES, HOSTING, brake=limits))
    plant.reload()
    blocked(plant, 12)
    lax = BrakeLimits(rows=10_000, percent=100, floor=10_000)
    plant.state(*EDGES, HOSTING, protected=shield("198.51.100.0/24"), brake=lax)
    assert {d.braked for d in plant.app.inventory_diff(ANN).devices} == {braked}


def test_a_device_that_is_new_is_not_braked(plant: Plant) -> None:
    blocked(plant, 12)
    new = router("edge3")
    plant.state(*EDGES, new, HOSTING, protected=shield("198.51.100.0/29"))
    moved = {d.device: d for d in plant.app.inventory_diff(ANN).devices}
    assert moved["edge3"].adds == 16 and not moved["edge3"].braked


def test_a_device_that_is_observed_for_a_moment_is_braked_all_the_same(plant: Plant) -> None:
    blocked(plant, 12)
    plant.reconcile()
    plant.app.device_mode(ANN, "edge1", "observe", "a look")
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    assert plant.alarms()["braked"] == ["edge1", "edge2"]
    plant.app.device_mode(ANN, "edge1", "enforce", "looked")
    plant.reconcile()
    assert plant.drops("edge1", "198.51.100.4")


def test_a_hold_where_nothing_was_ever_enforced_is_no_alarm(office: Office) -> None:
    seen = router("edge2", Mode.OBSERVE)
    plant = Plant(office.database, files(EDGES[0], seen, HOSTING))
    plant.reload()
    blocked(plant, 12)
    plant.reload(EDGES[0], seen, HOSTING, protected=shield("198.51.100.0/24"))
    assert plant.control("edge2").hold is not None
    assert plant.alarms() == {"braked": ["edge1"]}


def test_what_a_device_could_not_hold_any_more_is_told(plant: Plant) -> None:
    smtp = BlockPort(Selection((ip_network("198.51.100.7"),)), (6,), (PortRange(25, 25),))
    order = plant.place(smtp)
    plant.box("edge3").capability = Capability(plant.box("edge1").capability.keys, services=False)
    plant.state(*EDGES, HOSTING, router("edge3"))
    moved = {d.device: d for d in plant.app.inventory_diff(ANN).devices}
    assert moved["edge3"].unsupported == [f"{order.id}: edge3 cannot match protocols and ports."]


def test_files_with_a_device_that_no_driver_takes_change_nothing(plant: Plant) -> None:
    plant.place("198.51.100.7/32")
    plant.state(*EDGES, HOSTING, replace(router("edge3"), platform="unheard-of"))
    coming = plant.app.inventory_diff(ANN)
    assert not coming.ok
    assert coming.problems == ["devices.edge3: no driver for platform 'unheard-of'"]


def test_a_service_set_that_orders_name_is_missed(plant: Plant) -> None:
    relay = ServiceSet("relay", (ServiceEntry((ip_network("203.0.113.25"),)),))
    plant.reload(*EDGES, HOSTING, service_sets={"relay": relay})
    order = plant.place(SuspendCustomer("hosting", Selection(service_sets=("relay",))))
    plant.state(*EDGES, HOSTING)
    (warning,) = plant.app.inventory_diff(ANN).warnings
    assert order.id in warning and "relay" in warning


def test_an_inventory_that_cannot_be_read_any_more_is_replaced_and_everything_held(
    plant: Plant,
) -> None:
    """As after a downgrade: what would move cannot be worked out, so nothing is written."""
    plant.place("198.51.100.7/32")
    plant.reconcile()
    with closing(sqlite3.connect(str(plant.database.path))) as raw, raw:
        raw.execute("UPDATE inventories SET body = x'00'")
    plant.world = replace(plant.world)
    plant.app = LocalApplication(plant.world)
    with pytest.raises(StorageError, match="reload the inventory"):
        _ = plant.world.topology
    done = plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    assert done.applied and any("could not be read" in w for w in done.warnings)
    assert plant.alarms() == {"braked": ["edge1", "edge2"]}
    plant.reconcile()
    assert plant.drops("edge1", "198.51.100.7")
    plant.app.device_release(ANN, "edge1", "looked at")
    plant.reconcile()
    assert not plant.drops("edge1", "198.51.100.7") and plant.drops("edge2", "198.51.100.7")


def test_an_order_that_changed_hands_is_held_with_the_others(plant: Plant) -> None:
    """The reload itself changes its end, which must not count as a later order."""
    blocked(plant, 12)
    order = plant.place("192.0.2.200/32")
    plant.reconcile()
    moved = replace(HOSTING, prefixes=(ip_network("192.0.2.0/25"),))
    new = Customer("new", (ip_network("192.0.2.128/25"),), (Attachment("edge2", "eth5"),))
    plant.reload(*EDGES, moved, new, protected=shield("198.51.100.0/24"))
    assert plant.alarms()["owner-changed"] == [order.id]
    assert {"edge1", "edge2"} == set(plant.alarms()["braked"])
    plant.reconcile()
    assert plant.drops("edge1", "192.0.2.200") and not plant.drops("edge2", "192.0.2.200")
    plant.app.device_release(ANN, "edge1", "meant")
    plant.app.device_release(ANN, "edge2", "meant")
    plant.reconcile()
    assert plant.drops("edge2", "192.0.2.200") and not plant.drops("edge1", "192.0.2.200")


# -- who is first ------------------------------------------------------------------------------


class Contended(Database):
    """Before the next transaction that writes, somebody else is quicker."""

    quicker: Callable[[], object] | None = None

    def write(
        self,
        *,
        moved: bool = False,
        swift: bool = False,
        written: Callable[[], object] = lambda: None,
    ) -> AbstractContextManager[UnitOfWork]:
        somebody, self.quicker = self.quicker, None
        if somebody is not None:
            somebody()
        return super().write(moved=moved, swift=swift, written=written)


def test_a_reload_is_worked_out_anew_when_somebody_else_was_quicker(plant: Plant) -> None:
    """The person who set a mode meanwhile is not overruled."""
    contended = Contended(f"sqlite:///{plant.database.path}")
    slow = Plant(contended, files(*EDGES, HOSTING, router("edge3")))
    contended.quicker = lambda: plant.app.device_mode(ANN, "edge1", "observe", "a look")
    try:
        done = slow.reload()
    finally:
        contended.close()
    assert done.applied
    topology = plant.world.topology
    assert topology.devices["edge1"].mode is Mode.OBSERVE
    assert topology.modes == {"edge1": Mode.OBSERVE}
    assert "edge3" in topology.devices


def test_files_that_were_edited_meanwhile_are_read_again(plant: Plant) -> None:
    """Who reads the files first and commits last does not bring the older ones back."""
    contended = Contended(f"sqlite:///{plant.database.path}")
    slow = Plant(contended, files(*EDGES, HOSTING, router("edge3")))

    def quicker() -> None:
        slow.state(*EDGES, HOSTING, router("edge4"))
        plant.reload(*EDGES, HOSTING, router("edge4"))

    contended.quicker = quicker
    try:
        slow.app.inventory_reload(ANN)
    finally:
        contended.close()
    assert plant.world.topology.devices.keys() == {"edge1", "edge2", "edge4"}


def test_database_is_left_alone_by_a_preview(plant: Plant, office: Office) -> None:
    database: Database = office.database
    plant.state(EDGES[0])
    before = database.head()
    plant.app.inventory_diff(ANN)
    assert database.head() == before
