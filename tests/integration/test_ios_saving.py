# SPDX-License-Identifier: GPL-2.0-or-later
"""What survives a reboot of an EMULATED IOS-XE router, and when it is said to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from enforcer.core.plan import Trait
from enforcer.errors import DeviceError
from tests.contract.ios_subject import IosSubject
from tests.contract.worlds import converge, drift_of
from tests.integration.ios_router import driver_of, few, more, router_served, staged

pytestmark = pytest.mark.emulated


@pytest.fixture
def subject() -> Iterator[IosSubject]:
    with router_served() as found:
        yield found


def saving(subject: IosSubject, policy: str) -> None:
    options = {**subject.device.options, "save": policy}
    subject.device = replace(subject.device, options=options)


def test_never_saves_nothing(subject: IosSubject) -> None:
    converge(driver_of(subject), few(subject))
    assert "ENF-" not in subject.router.startup()
    assert Trait.SURVIVES_REBOOT not in driver_of(subject).traits


def test_each_change_is_saved_and_survives(subject: IosSubject) -> None:
    saving(subject, "each")
    driver = driver_of(subject)
    assert Trait.SURVIVES_REBOOT in driver.traits
    converge(driver, few(subject))
    subject.router.reboot()
    assert not drift_of(driver, few(subject))


def test_an_answer_without_ok_is_told_and_saved_next_time(subject: IosSubject) -> None:
    saving(subject, "each")
    driver = driver_of(subject)
    subject.router.faults.refuse(
        "write memory", "startup-config file open failed (Device or resource busy)", times=1
    )
    with pytest.raises(DeviceError, match=r"instead of \[OK\]"):
        staged(driver, few(subject))
    assert "ENF-" not in subject.router.startup()
    converge(driver, more(subject))
    assert "ENF-" in subject.router.startup()
