# SPDX-License-Identifier: GPL-2.0-or-later
"""What the brake keeps on a device is what people are told about it."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.application.commands import ExportEnforced, PlaceOrder
from enforcer.application.views import OrderView, WhyView
from enforcer.core.orders import BlockAddress
from enforcer.core.topology import BrakeLimits
from tests.unit.control.desk import a_member
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, HOUR, SUSPENDED, Plant, customer
from tests.unit.usecases.test_inventory_in_force import blocked, shield

RELEASE = "held by the brake until `enforcer device release {}`"


def detail(view: OrderView, device: str) -> tuple[str, str]:
    return next((d.status, d.detail or "") for d in view.devices if d.device == device)


def why(plant: Plant, address: str) -> WhyView:
    return plant.app.why(ANN, address)


@pytest.fixture
def braked(plant: Plant) -> Plant:
    """By mistake 198.51.100.0/24 was protected; both devices keep what stood."""
    blocked(plant, 12)
    plant.reconcile()
    plant.reload(*EDGES, HOSTING, protected=shield("198.51.100.0/24"))
    return plant


def test_what_a_hold_keeps_is_still_blocked(braked: Plant) -> None:
    for _look in range(2):
        assert braked.drops("edge1", "198.51.100.4")
        view = why(braked, "198.51.100.4")
        assert (view.blocked_from, view.blocked_to, view.certainty) == ("all", "all", "verified")
        (order,) = view.orders
        assert order.status == "enforced"
        for device in order.devices:
            said = device.detail or ""
            assert "the inventory before" in said and RELEASE.format(device.device) in said
        assert braked.app.order(ANN, order.id).status == "enforced"
        braked.reconcile()


def test_a_release_ends_it_device_by_device(braked: Plant) -> None:
    order = why(braked, "198.51.100.4").orders[0]
    steps: tuple[tuple[str, set[str]], ...] = (("edge1", {"edge2"}), ("edge2", set()))
    for name, left in steps:
        braked.app.device_release(ANN, name, "as meant")
        braked.reconcile()
        stands = {n for n in ("edge1", "edge2") if braked.drops(n, "198.51.100.4")}
        assert stands == left
        view = braked.app.order(ANN, order.id)
        assert {d.device for d in view.devices if d.status == "enforced"} == left
        assert {d.device for d in view.devices if d.status == "withheld"} == {
            "edge1",
            "edge2",
        } - left
    assert why(braked, "198.51.100.4").blocked_from == "none"


def test_what_comes_after_the_hold_is_judged_by_the_present_inventory(braked: Plant) -> None:
    later = braked.place("198.0.0.0/8", confirm_wide=True)
    braked.reconcile()
    assert not braked.drops("edge1", "198.51.100.99")
    assert why(braked, "198.51.100.99").orders == []
    assert braked.order(later).status == "partial"
    assert why(braked, "198.51.99.1").blocked_from == "all"


def test_a_repair_that_a_pause_stops_is_not_taken_for_proved(braked: Plant) -> None:
    braked.reconcile()
    for name in ("edge1", "edge2"):
        braked.box(name).remove(*a_member(braked.box(name)))
    braked.app.pause(ANN, "a look first")
    braked.reconcile()
    missing = [n for n in range(0, 24, 2) if not braked.drops("edge1", f"198.51.100.{n}")]
    assert missing
    for number in missing:
        assert why(braked, f"198.51.100.{number}").blocked_from == "none"


def test_export_preview_and_the_count_of_orders_go_by_the_hold_too(braked: Plant) -> None:
    lines = list(braked.app.export(ANN, ExportEnforced(format="text", device="edge1")))
    assert "198.51.100.4" in lines
    assert braked.app.device(ANN, "edge1").orders == 12
    command = PlaceOrder(
        demand=BlockAddress(ip_network("203.0.113.99/32")), reason="look", duration=HOUR
    )
    shown = {d.device: (d.adds, d.removes) for d in braked.app.preview(ANN, command).devices}
    assert shown == {"edge1": (2, 0), "edge2": (2, 0)}, "what is held does not move with it"
    braked.app.device_release(ANN, "edge1", "as meant")
    lines = list(braked.app.export(ANN, ExportEnforced(format="text", device="edge1")))
    assert "198.51.100.4" not in lines


def test_what_only_the_present_inventory_wants_is_not_said_to_stand(plant: Plant) -> None:
    """A customer grew: the rest of it waits for the release."""
    tight = BrakeLimits(rows=0, percent=0.0, floor=0)
    small = customer("hosting", "192.0.2.0/28", at=("edge1 eth1",))
    plant.reload(*EDGES, small, brake=tight)
    plant.app.device_release(ANN, "edge1", "begin")
    suspended = plant.place(SUSPENDED)
    plant.reconcile()
    plant.reload(*EDGES, HOSTING, brake=tight)
    assert plant.control("edge1").hold is not None
    plant.reconcile()
    assert plant.drops("edge1", "192.0.2.1") and not plant.drops("edge1", "192.0.2.99")
    assert why(plant, "192.0.2.1").blocked_from == "some"
    waits = why(plant, "192.0.2.99")
    assert (waits.blocked_from, [o.id for o in waits.orders]) == ("none", [suspended.id])
    status, said = detail(plant.order(suspended), "edge1")
    assert status == "partial" and "asks for something else there" in said
    plant.app.device_release(ANN, "edge1", "as meant")
    plant.reconcile()
    assert why(plant, "192.0.2.99").blocked_from == "some"
    assert plant.order(suspended).status == "enforced"
