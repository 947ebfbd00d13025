# SPDX-License-Identifier: GPL-2.0-or-later
"""The exact change of BIRD's include file for what stands there and what is wanted of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.bird.driver import BirdDriver
from enforcer.control.writing import compared
from tests.contract.bird_subject import NoSecrets
from tests.unit.drivers.bird.reading_of import reading
from tests.unit.drivers.golden import cases, load

FOLDER = Path(__file__).parent / "cases"


@pytest.mark.parametrize("folder", cases(FOLDER))
def test_golden(folder: Path) -> None:
    case = load(folder)
    driver = BirdDriver.from_device(case.device, NoSecrets(), case.owner)
    driver.known.learn(case.known)
    actual = reading(driver.known, case)
    drift = compared(driver, case.desired, actual)
    case.expect(driver.plan(case.desired, drift, actual))


def test_there_are_enough_of_them() -> None:
    assert len(cases(FOLDER)) >= 25
