# SPDX-License-Identifier: GPL-2.0-or-later
"""An order that no device takes now is refused; one that some device does not take is warned of."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.orders import BlockAddress
from enforcer.core.status import DeviceFacts
from enforcer.errors import OrderRefused
from tests.unit.usecases.office import Office
from tests.unit.usecases.test_place import GOOD, HERE, guarded, preview

__all__ = ["guarded"]
OTHER = BlockAddress(ip_network("8.8.4.4"))


def one_paused(office: Office, *names: str) -> None:
    control = DeviceControl(paused=True, paused_by="ann", paused_why="new optics")
    with office.database.write() as work:
        for name in names:
            work.device_controls.save(name, control)


def test_an_order_that_only_paused_devices_would_hold_is_refused(guarded: Office) -> None:
    one_paused(guarded, "edge1")
    assert guarded.place(GOOD).devices, "edge2 takes it"
    with pytest.raises(OrderRefused, match="enforcer device resume edge1") as refusal:
        guarded.place(OTHER, scope=HERE)
    assert refusal.value.code == "paused" and "edge1 is paused by ann (new optics)" in str(
        refusal.value
    )
    told = preview(guarded, GOOD, scope=HERE).warnings
    assert any("would be refused: [paused]" in said for said in told)
    assert not any("there the order waits" in said for said in told)
    one_paused(guarded, "edge2")
    with pytest.raises(OrderRefused, match="edge2 is paused by ann"):
        guarded.place(OTHER)
    later = guarded.clock.now() + timedelta(hours=1)
    assert guarded.place(OTHER, start=later).status == "scheduled"


def test_a_preview_tells_of_a_device_that_takes_nothing_at_all(guarded: Office) -> None:
    now = guarded.clock.now()
    hold = Hold(now, 1, "", 9, "new software", all=True)
    with guarded.database.write() as work:
        work.device_controls.save("edge1", DeviceControl(hold=hold))
        work.devices.save_facts("edge2", DeviceFacts(marker=True))
    said = " | ".join(preview(guarded, GOOD).warnings)
    assert "the brake holds everything on edge1 (new software)" in said
    assert "edge2 is held by a marker" in said
