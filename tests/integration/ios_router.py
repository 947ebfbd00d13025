# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED IOS-XE router to let things go wrong on, and one pass over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.cisco_ios.driver import IosDriver
from enforcer.control.writing import compared
from enforcer.core.rules import Desired
from enforcer.errors import DeviceError
from lab.emulators.cisco_ios import Router
from lab.emulators.server import serving
from tests.contract.ios_subject import IosSubject, driver_at
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, due

TIMER = 60
"""Seconds, as the subject's device says."""


@contextmanager
def router_served() -> Iterator[IosSubject]:
    """A fresh one, with its operator's configuration."""
    router = Router(NAME)
    with serving(router) as server:
        yield IosSubject(router, server)


def driver_of(subject: IosSubject) -> IosDriver:
    return driver_at(subject.device, OURS)


def staged(driver: IosDriver, wanted: Desired) -> None:
    """One pass without a read-back."""
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        for batch in plan.batches:
            session.stage(batch).confirm()


def few(subject: IosSubject) -> Desired:
    return due(subject, EVERYTHING[:3])


def more(subject: IosSubject) -> Desired:
    return due(subject, EVERYTHING[:6])


def timer_fires(subject: IosSubject) -> None:
    """All that was not confirmed is taken back, and the sessions are gone."""
    for session in list(subject.router.sessions):
        session.drop()
    subject.router.clock.advance(10 * TIMER)


def recovers(subject: IosSubject, wanted: Desired, foreign: object) -> None:
    """The next pass, of a process that knows nothing, arrives; then everything goes."""
    subject.router.faults.clear()
    timer_fires(subject)
    converge(driver_of(subject), wanted)
    assert subject.foreign() == foreign
    converge(driver_of(subject), NOTHING)
    assert subject.foreign() == foreign


def goes_wrong(subject: IosSubject, error: type[DeviceError], saying: str = ".") -> None:
    """A first block fails, nothing of the operator's is lost, and the next pass brings it."""
    foreign = subject.foreign()
    with pytest.raises(error, match=saying):
        staged(driver_of(subject), few(subject))
    assert subject.foreign() == foreign
    recovers(subject, few(subject), foreign)
