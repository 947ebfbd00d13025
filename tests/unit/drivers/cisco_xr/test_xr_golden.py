# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden cases of the IOS-XR driver: what a box shows, what is wanted, the exact commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers._router.known import KnownRules
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.options import Options
from drivers.cisco_xr.parse import box
from drivers.cisco_xr.reading import actual_of
from drivers.cisco_xr.setup import setup_of
from enforcer.control.writing import compared
from tests.unit.drivers.golden import READ_AT, Case, cases, load

FOLDER = Path(__file__).parent / "cases"


class NoCredentials:
    """Nothing is asked of a device here."""

    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)


def planned(case: Case) -> None:
    driver = CiscoXrDriver.from_device(case.device, NoCredentials(), case.owner)
    known = KnownRules()
    known.learn(case.known)
    setup = setup_of(case.device, case.owner, Options.of(case.device))
    read = box(case.device.name, case.actual)
    actual = actual_of(case.device.name, setup, read, known, READ_AT)
    drift = compared(driver, case.desired, actual)
    case.expect(driver.plan(case.desired, drift, actual))


@pytest.mark.parametrize("folder", cases(FOLDER))
def test_golden(folder: Path) -> None:
    planned(load(folder))


def test_there_are_enough_of_them() -> None:
    assert len(cases(FOLDER)) >= 25
    big = [c for c in FOLDER.glob("brownfield*/actual.txt") if len(c.read_text().split("\n")) > 200]
    assert len(big) >= 3
