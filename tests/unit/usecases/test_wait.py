# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting ends when more of it would change nothing.

The clock here does not move by itself: a wait that slept would never return.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from enforcer.application.commands import ImportList
from enforcer.core.orders import BlockList
from enforcer.core.topology import ProtectedPrefix
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import ANN, TOPOLOGY, Office

PROTECTED = ProtectedPrefix(ip_network("203.0.113.0/25"), "our servers")


def test_what_is_partial_for_protected_space_alone_is_settled(office: Office) -> None:
    guarded = replace(TOPOLOGY, protected=(PROTECTED,))
    office.app = LocalApplication(replace(office.world, load_topology=lambda: guarded))
    text = "203.0.113.25\n203.0.113.200\n"
    office.app.import_list(ANN, ImportList(name="bad", text=text, source="a test"))
    placed = office.place(BlockList("bad"))
    waited = office.app.wait(ANN, placed.id, timedelta(hours=1))
    assert waited.status == "partial"
    assert {device.status for device in waited.devices} == {"partial"}
    assert "203.0.113.25" in waited.withheld[0]
