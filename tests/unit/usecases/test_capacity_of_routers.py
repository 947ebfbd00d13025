# SPDX-License-Identifier: GPL-2.0-or-later
"""How much FRR and BIRD hold: known without asking them, and stated in the inventory."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from drivers.bird.driver import BirdDriver
from drivers.frr.driver import FrrDriver
from enforcer.core.orders import DropRoutes, Sessions
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Neighbor
from enforcer.driver_api import Driver
from enforcer.errors import DeviceUnreachable, OrderRefused
from tests.contract.bird_subject import NoSecrets
from tests.fakes.faults import Point
from tests.unit.usecases.exchange import Exchange, nets

OURS = Owner("C0FFEE", 3)
WITH_ACME = Sessions(customers=("acme",))


def bound(platform: type[FrrDriver | BirdDriver], stated: int | None) -> Driver:
    """To a host that is not there."""
    neighbors = (Neighbor(ip_address("10.1.0.2")),)
    device = Device(
        "edge1",
        platform.platform,
        transport={"netns": "no-such-place"},
        neighbors=neighbors,
        capacity=stated,
    )
    return platform.from_device(device, NoSecrets(), OURS)


@pytest.mark.parametrize(
    ("platform", "stated", "expected"),
    [
        (FrrDriver, None, 50_000),
        (FrrDriver, 7, 7),
        (FrrDriver, 120_000, 120_000),
        (BirdDriver, None, 200_000),
        (BirdDriver, 300_000, 300_000),
    ],
)
def test_the_inventory_says_how_much_fits(
    platform: type[FrrDriver | BirdDriver], stated: int | None, expected: int
) -> None:
    assert bound(platform, stated).capability.capacity == expected


def test_what_is_too_much_is_refused_while_the_device_is_away(exchange: Exchange) -> None:
    for name in exchange.boxes:
        exchange.limit(name, 2)
        exchange.boxes[name].faults.keep_failing(Point.CONNECT, DeviceUnreachable)
    some = DropRoutes(WITH_ACME, nets("8.8.8.0/24", "9.9.9.0/24"))
    exchange.place(some, confirm_routes=True)
    more = replace(some, prefixes=nets("1.1.1.0/24"))
    with pytest.raises(OrderRefused, match="`capacity` in the inventory") as refused:
        exchange.place(more, confirm_routes=True)
    assert refused.value.code == "over-capacity"
