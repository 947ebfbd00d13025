# SPDX-License-Identifier: GPL-2.0-or-later
"""A suspension by shutdown from the order to what people read of it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest

from enforcer.application.commands import ExportEnforced, PlaceOrder
from enforcer.core.orders import Scope, Selection, SuspendCustomer
from enforcer.core.rules import Key
from enforcer.core.topology import Interface
from enforcer.errors import OrderRefused
from enforcer.usecases.local import LocalApplication
from tests.fakes.router import ROUTER, TRAITS, FakeRouterDriver
from tests.unit.usecases.office import ANN, HOUR, TOPOLOGY, Office

SHUT = SuspendCustomer("twice", Selection(), "shutdown")
THEIRS = "198.51.100.9"


def reconciled(office: Office) -> None:
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)


def lines(office: Office, **what: object) -> list[str]:
    return list(office.app.export(ANN, ExportEnforced.model_validate(what)))


def test_it_is_placed_and_proved(office: Office) -> None:
    order = office.place(SHUT)
    reconciled(office)
    shown = office.app.order(ANN, order.id)
    assert shown.status == "enforced"
    assert shown.target == "customer twice by shutdown"
    assert {device.device for device in shown.devices} == {"edge1", "edge2"}
    for box in office.boxes.values():
        ((rule, some),) = box.table().members.items()
        assert (rule.family, rule.key, list(some)) == (0, Key.INTERFACE, ["eth3"])


@pytest.mark.parametrize("asked", [THEIRS, "198.51.100.0/25"])
def test_why_tells_the_interfaces(office: Office, asked: str) -> None:
    order = office.place(SHUT)
    reconciled(office)
    view = office.app.why(ANN, asked)
    assert (view.blocked_from, view.blocked_to) == ("all", "all")
    (found,) = view.orders
    assert (found.id, found.direction) == (order.id, "both")
    assert found.what == "by shutdown of eth3 on edge1, eth3 on edge2"
    assert found.dropped is None
    assert office.app.why(ANN, "192.0.2.1").orders == []


def test_where_one_of_two_doors_is_shut_some_is_blocked(office: Office) -> None:
    office.place(SHUT, scope=Scope(devices=("edge1",)))
    reconciled(office)
    view = office.app.why(ANN, THEIRS)
    assert (view.blocked_from, view.blocked_to) == ("some", "some")


def test_a_preview_says_what_is_cut_and_stores_nothing(office: Office) -> None:
    command = PlaceOrder(demand=SHUT, reason="unpaid", duration=2 * HOUR)
    preview = office.app.preview(ANN, command, False)
    assert preview.customers == ["twice"]
    assert "nothing of twice passes any more, calls for help neither" in preview.collateral
    assert [(d.device, d.adds, d.removes) for d in preview.devices] == [
        ("edge1", 1, 0),
        ("edge2", 1, 0),
    ]
    assert office.app.orders(ANN, office.everything) == []


def test_it_is_exported_by_interface(office: Office) -> None:
    office.place(SHUT)
    rows = list(csv.DictReader(lines(office, format="csv", device="edge1")))
    assert [(r["prefix"], r["interface"], r["direction"], r["service"]) for r in rows] == [
        ("", "eth3", "both", "all")
    ]
    (said,) = (json.loads(line) for line in lines(office, format="json", device="edge2"))
    assert said["interface"] == "eth3" and said["peers"] == ""
    assert lines(office, format="text", device="edge1") == ["# edge1: shut down", "# eth3"]
    script = lines(office, format="nft", device="edge1")
    assert "# left out: interface shut down" in script
    assert not any("eth3" in line for line in script)


def test_devices_that_cannot_refuse_it_when_it_is_placed(office: Office) -> None:
    for box in office.boxes.values():
        box.capability = replace(
            box.capability, keys=frozenset(k for k in box.capability.keys if k[0])
        )
    with pytest.raises(OrderRefused) as refused:
        office.place(SHUT)
    assert refused.value.code == "unsupported-on-device"
    assert "edge1 cannot shut an interface down" in str(refused.value)


def test_it_comes_up_again_when_it_turns_out_to_be_our_way(office: Office) -> None:
    """The inventory says so only later: the order says that it is withheld, and why."""
    order = office.place(SHUT)
    edges = {
        name: replace(device, interfaces=(Interface("eth3", "twice", management=True),))
        for name, device in TOPOLOGY.devices.items()
    }
    changed = replace(TOPOLOGY, devices=edges)
    office.world = replace(office.world, load_topology=lambda: changed)
    office.app = LocalApplication(office.world)
    shown = office.app.order(ANN, order.id)
    assert shown.status == "withheld"
    assert shown.withheld[0] == "198.51.100.0/25: edge1 is reached through eth3"


def test_the_same_on_routers_that_keep_no_orders(
    office: Office,
) -> None:
    """What they cannot hold of other orders is left out of what a preview takes to stand."""
    for box in office.boxes.values():
        box.traits, box.capability = TRAITS, ROUTER
    office.world = replace(
        office.world, driver_for=lambda d, o: FakeRouterDriver(office.boxes[d.name], o)
    )
    office.app = LocalApplication(office.world)
    first = office.place(SHUT)
    reconciled(office)
    assert office.app.order(ANN, first.id).status == "enforced"
    command = PlaceOrder(demand=SHUT, reason="again", duration=3 * HOUR)
    preview = office.app.preview(ANN, command, False)
    assert [(d.adds, d.removes, d.commands) for d in preview.devices] == [(0, 0, [])] * 2
    assert all(not device.error for device in preview.devices)
