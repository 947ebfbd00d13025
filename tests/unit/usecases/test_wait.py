# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting ends when more of it would change nothing.

The clock here does not move by itself: a wait that slept would never return.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from enforcer.application.commands import ImportList
from enforcer.core.orders import BlockAddress, BlockList
from enforcer.core.rules import Owner
from enforcer.core.topology import ProtectedPrefix
from enforcer.usecases.local import LocalApplication
from tests.fakes.table import PutMark
from tests.unit.usecases.office import ANN, TOPOLOGY, Office
from tests.unit.usecases.people import VIEWER

PROTECTED = ProtectedPrefix(ip_network("203.0.113.0/25"), "our servers")


def test_what_is_partial_for_protected_space_alone_is_settled(office: Office) -> None:
    guarded = replace(TOPOLOGY, protected=(PROTECTED,))
    office.app = LocalApplication(replace(office.world, load_topology=lambda: guarded))
    text = "203.0.113.0/24\n"
    office.app.import_list(ANN, ImportList(name="bad", text=text, source="a test"))
    placed = office.place(BlockList("bad"))
    waited = office.app.wait(ANN, placed.id, timedelta(hours=1))
    assert waited.status == "partial"
    assert {device.status for device in waited.devices} == {"partial"}
    assert "203.0.113.0/25" in waited.withheld[0]


def test_a_new_version_of_a_list_is_not_proved_by_what_was_proved_before(office: Office) -> None:
    office.app.import_list(ANN, ImportList(name="bad", text="203.0.113.200\n", source="a test"))
    placed = office.place(BlockList("bad"))
    assert office.app.wait(ANN, placed.id, timedelta(hours=1)).status == "enforced"
    text = "203.0.113.200\n203.0.113.201\n"
    office.app.import_list(ANN, ImportList(name="bad", text=text, source="a test"))
    assert office.app.order(ANN, placed.id).status == "enforcing"
    assert office.app.wait(ANN, placed.id, timedelta(hours=1)).status == "enforced"
    assert {len(box.rows()) for box in office.boxes.values()} == {2}, "adjacent: one range"


def test_a_device_that_may_not_be_written_is_not_tried_again_and_again(office: Office) -> None:
    for box in office.boxes.values():
        box.mark(PutMark(Owner("STRANGER", 1)))
    placed = office.place(BlockAddress(ip_network("203.0.113.9/32")))
    assert office.app.wait(ANN, placed.id, timedelta(hours=1)).status == "failing"


def test_who_may_place_nothing_has_no_device_written_by_waiting(office: Office) -> None:
    placed = office.place(BlockAddress(ip_network("203.0.113.9/32")))
    seen = office.app.wait(VIEWER, placed.id, timedelta(0))
    assert seen.status == "enforcing"
    assert not any(box.rows() for box in office.boxes.values())
    assert office.app.wait(ANN, placed.id, timedelta(hours=1)).status == "enforced"
