# SPDX-License-Identifier: GPL-2.0-or-later
"""What is typed on a router with IOS, and what takes it back, to the letter.

The actual states are what the EMULATED router shows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from enforcer.control.writing import compared
from tests.unit.drivers.cisco_ios.reading import NoCredentials, actual_of
from tests.unit.drivers.golden import Case, cases, load

CASES = cases(Path(__file__).parent / "cases")


def driver_of(case: Case) -> IosDriver:
    driver = IosDriver(case.device, case.owner, Way(SshOptions.of(case.device), NoCredentials()))
    driver.setup.known.learn(case.known)
    return driver


@pytest.mark.parametrize("folder", CASES)
def test_the_plan_is_to_the_letter(folder: Path) -> None:
    case = load(folder)
    driver = driver_of(case)
    actual = actual_of(driver, case.actual)
    drift = compared(driver, case.desired, actual)
    case.expect(driver.plan(case.desired, drift, actual))


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 25
