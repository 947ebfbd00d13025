# SPDX-License-Identifier: GPL-2.0-or-later
"""A golden case's router, read by the driver's own parser."""

from __future__ import annotations

from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.finding import owner
from drivers.juniper_junos.holdings import ReadMembers, interfaces_down
from drivers.juniper_junos.layout import Known
from drivers.juniper_junos.parse import lines_of, parse
from drivers.juniper_junos.setup import Setup
from enforcer.core.rules import Actual
from tests.unit.drivers.golden import READ_AT, Case


def reading(driver: JunosDriver, case: Case) -> Actual:
    """What the driver's session would read of `case.actual`."""
    setup = Setup.of(case.device, case.owner)
    box = parse(setup.device, lines_of(setup.device, case.actual), setup.tag)
    return Actual(
        setup.device,
        READ_AT,
        owner(box, setup.owner.controller),
        ReadMembers(setup, box, driver.known),
        interfaces_down(setup, box),
        Known(box),
        hold=box.hold,
    )
