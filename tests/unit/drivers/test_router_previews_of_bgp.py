# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that nobody has read: what orders about its BGP neighbors would do to it is shown."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from drivers.cisco_ios.driver import IosDriver
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.juniper_junos.driver import JunosDriver
from enforcer.control.writing import compared
from enforcer.core.rules import (
    Actual,
    Desired,
    InterfaceMember,
    Key,
    Members,
    Owner,
    RouteMatch,
    Rule,
)
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Device, Neighbor
from enforcer.driver_api import Driver
from tests.unit.core.properties import members
from tests.unit.drivers.golden import READ_AT

OURS = Owner("C0FFEE", 3)
PEER = "192.0.2.130"
FIRST = {"cisco_ios": IosDriver, "cisco_xr": CiscoXrDriver, "juniper_junos": JunosDriver}
SAID = {
    "cisco_ios": (" neighbor 192.0.2.130 shutdown", " deny 0.0.0.0/0 ge 25", " prefix-list ENF-"),
    "cisco_xr": ("  shutdown", " 0.0.0.0/0 ge 25 le 32", "   route-policy ENF-"),
    "juniper_junos": (
        "deactivate protocols bgp group GROUP neighbor 192.0.2.130",
        " prefix-length-range /25-/32",
        "neighbor 192.0.2.130 import ENF-",
    ),
}


class NoCredentials:
    """Nobody logs in."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise AssertionError(reference)


def driver_of(platform: str) -> Driver:
    device = Device(
        "edge1",
        platform,
        transport={"host": "192.0.2.254", "username": "enforcer"},
        credentials="env:ROUTER",
        neighbors=(Neighbor(ip_address(PEER), 64501),),
    )
    made: Driver = FIRST[platform].from_device(device, NoCredentials(), OURS)  # type: ignore[attr-defined]  # each has it
    return made


def wanted() -> Desired:
    leak = Rule(4, Key.RECEIVED, neighbor=PEER, routes=RouteMatch(25, 32))
    rows: Members = members([(0, 2**32 - 1, 2**63 - 1, 7)])
    down = (InterfaceMember(PEER, 2**63 - 1, 8),)
    return Desired("edge1", {leak: rows}, {CLOSED: down}, mark=OURS)


@pytest.mark.parametrize("platform", sorted(FIRST))
def test_what_is_written_first_and_what_is_taken_away_is_shown(platform: str) -> None:
    driver = driver_of(platform)
    empty = Actual("edge1", READ_AT, OURS)
    plan = driver.plan(wanted(), compared(driver, wanted(), empty), empty)
    lines = list(plan.native())
    for said in SAID[platform]:
        assert any(said in line for line in lines), (said, lines)
    there = Actual("edge1", READ_AT, OURS, wanted().addresses, wanted().interfaces)
    assert not compared(driver, wanted(), there)
    nothing = Desired("edge1", mark=OURS)
    back = list(driver.plan(nothing, compared(driver, nothing, there), there).native())
    assert back and not any(" deny " in line and not line.startswith("no ") for line in back)
