# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device's next write waits for is told with the device."""

from __future__ import annotations

from enforcer.core.status import DeviceFacts
from tests.unit.usecases.office import ANN, Office


def test_a_device_says_what_it_waits_for_and_no_more_when_it_is_over(office: Office) -> None:
    said = "waits for the maintenance window at 2026-05-05 02:00Z"
    for waiting in (said, ""):
        with office.database.write() as work:
            work.devices.save_facts("edge1", DeviceFacts(waiting=waiting))
        listed = {view.name: view.waiting for view in office.app.devices(ANN)}
        assert listed == {"edge1": waiting or None, "edge2": None}
        assert office.app.device(ANN, "edge1").waiting == (waiting or None)
