# SPDX-License-Identifier: GPL-2.0-or-later
"""Exact commands for what a router shows and what is wanted of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.juniper_junos.driver import JunosDriver
from enforcer.control.writing import compared
from tests.contract.junos_subject import Password
from tests.unit.drivers.golden import cases, load
from tests.unit.drivers.juniper_junos.reading_of import reading


@pytest.mark.parametrize("folder", cases(Path(__file__).parent / "cases"))
def test_golden(folder: Path) -> None:
    case = load(folder)
    driver = JunosDriver.from_device(case.device, Password(), case.owner)
    driver.known.learn(case.known)
    actual = reading(driver, case)
    drift = compared(driver, case.desired, actual)
    case.expect(driver.plan(case.desired, drift, actual))


def test_there_are_enough_of_them() -> None:
    assert len(cases(Path(__file__).parent / "cases")) >= 25
