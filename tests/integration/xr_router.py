# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED IOS-XR router to let things go wrong on, and one pass over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.cisco_xr.driver import CiscoXrDriver
from enforcer.control.writing import compared
from enforcer.core.rules import Desired
from enforcer.errors import DeviceError
from lab.emulators.cisco_xr import Router
from lab.emulators.server import serving
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, converge, due
from tests.contract.xr_subject import XrSubject

TRIAL = 60
"""Seconds, as the subject's device says."""


@contextmanager
def router_served() -> Iterator[XrSubject]:
    """A fresh one, with its operator's configuration."""
    router = Router(NAME)
    with serving(router) as server:
        yield XrSubject(router, server)


def staged(driver: CiscoXrDriver, wanted: Desired) -> None:
    """One pass without a read-back."""
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        for batch in plan.batches:
            session.stage(batch).confirm()


def few(subject: XrSubject) -> Desired:
    return due(subject, EVERYTHING[:3])


def more(subject: XrSubject) -> Desired:
    return due(subject, EVERYTHING[:5])


def goes_wrong(
    subject: XrSubject, driver: CiscoXrDriver, error: type[DeviceError], saying: str = "."
) -> None:
    """A first block fails and leaves the box as it was; then the next pass brings it."""
    foreign, before = subject.foreign(), subject.router.running()
    with pytest.raises(error, match=saying):
        staged(driver, few(subject))
    subject.router.clock.advance(TRIAL + 5)
    assert subject.router.running() == before
    subject.router.faults.clear()
    converge(driver, few(subject))
    assert subject.foreign() == foreign
    converge(driver, NOTHING)
    assert subject.foreign() == foreign
