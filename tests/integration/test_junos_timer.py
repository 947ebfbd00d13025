# SPDX-License-Identifier: GPL-2.0-or-later
"""The timer of an unconfirmed commit runs out at the wrong moment, on an EMULATED Junos router.

What was rolled back is never committed again, and what waits is never taken for what stands.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers.juniper_junos.console import Console
from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.way import Way
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.driver_api import Applied
from enforcer.errors import DeviceBusy, DeviceError, DeviceUnreachable
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from tests.contract.junos_subject import JunosSubject, Password, device_at, driver_at
from tests.contract.subject import NAME
from tests.contract.worlds import OURS, due, read
from tests.integration.junos_router import (
    BLOCK,
    lines,
    original,
    recovers,
    staged_and_confirmed,
)

EXPIRED = 5 * 60 + 40
STATEMENT = ("set system location building east",)


class Quiet(Router):
    """A router that tells nobody when a timer ran out: only its commit log shows it."""

    def _broadcast(self, text: str) -> None:
        """Nothing is said."""


@pytest.fixture
def router() -> Router:
    return Quiet(NAME)


@pytest.fixture
def server(router: Router) -> Iterator[Serving]:
    with serving(router) as running:
        yield running


@pytest.fixture
def subject(router: Router, server: Serving) -> JunosSubject:
    return JunosSubject(router, server)


@pytest.fixture
def driver(subject: JunosSubject) -> JunosDriver:
    return driver_at(subject.device, OURS)


class Shifted(SystemClock):
    """A clock that can be set forward, the router's with it where it is told."""

    def __init__(self, router: Router, slower: float = 0.0) -> None:
        self._router = router
        self._slower = slower
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self._router.clock.advance(seconds + self._slower)


def on(clock: Shifted, server: Serving, hold_time: str) -> JunosDriver:
    device = device_at(server, hold_time=hold_time, confirm="300")
    return JunosDriver(device, Password(), OURS, clock, Gate(per_device=8))


def test_a_proof_that_is_slower_than_the_timer_commits_nothing_again(
    router: Router, server: Serving
) -> None:
    subject = JunosSubject(router, server)
    router.neighbors.add("10.1.0.2", 64501)
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError, match="taken back"):
        staged_and_confirmed(on(Shifted(router, 160.0), server, "180"), wanted)
    assert lines(router) == original()
    router.clock.advance(EXPIRED)
    assert lines(router) == original()
    recovers(subject, driver_at(subject.device, OURS), wanted)


def test_a_timer_that_says_that_it_ran_out_changes_nothing_of_that() -> None:
    """The message may come in the middle of an answer: then the session is given up."""
    router = Router(NAME)
    with serving(router) as server:
        subject = JunosSubject(router, server)
        router.neighbors.add("10.1.0.2", 64501)
        wanted = due(subject, BLOCK)
        with pytest.raises(DeviceError):
            staged_and_confirmed(on(Shifted(router, 160.0), server, "180"), wanted)
        assert lines(router) == original()
        recovers(subject, driver_at(subject.device, OURS), wanted)


def test_without_time_left_the_proof_is_not_begun(router: Router, server: Serving) -> None:
    subject = JunosSubject(router, server)
    clock = Shifted(router)
    slow = on(clock, server, "0")
    wanted = due(subject, BLOCK)
    with slow.connect() as session:
        actual = session.read_state()
        plan = slow.plan(wanted, compared(slow, wanted, actual), actual)
        staged = session.stage(plan.batches[0])
        clock.ahead = 290.0
        with pytest.raises(DeviceError, match=r"leaves no time.*taken back"):
            staged.confirm()
    assert lines(router) == original()
    recovers(subject, slow, wanted)


def test_what_the_box_rolled_back_is_not_abandoned_a_second_time(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        staged = session.stage(plan.batches[0])
        subject.router.clock.advance(EXPIRED)
        assert staged.abandon() is Applied.ABANDONED
    assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


@pytest.fixture
def waiting(subject: JunosSubject) -> Iterator[Console]:
    """A console on which a commit waits for its confirmation, five minutes long."""
    options = SshOptions.of(subject.device)
    way = Way(NAME, options, Password(), SystemClock(), Gate(per_device=4))
    console = Console(NAME, way.open())
    console.lock()
    before = console.commits().digest
    console.load(STATEMENT)
    console.commit("enforcer", before, 5)
    yield console
    console.close()


def test_a_confirmation_that_comes_too_late_is_none(
    subject: JunosSubject, waiting: Console
) -> None:
    armed = waiting.commits()
    subject.router.clock.advance(EXPIRED)
    with pytest.raises(DeviceError, match="rolled the change back by itself"):
        waiting.confirm("enforcer", armed)
    assert lines(subject.router) == original()


def test_what_somebody_else_committed_since_is_not_rolled_back(
    subject: JunosSubject, waiting: Console
) -> None:
    armed = waiting.commits()
    subject.router.by_hand(["set system location building west"])
    with pytest.raises(DeviceError):
        waiting.roll_back(armed)
    assert "west" in subject.router.running()


def test_a_confirmation_in_time_stays(subject: JunosSubject, waiting: Console) -> None:
    waiting.confirm("enforcer", waiting.commits())
    subject.router.clock.advance(EXPIRED)
    assert "building east" in subject.router.running()


def test_a_trial_of_a_session_that_died_is_not_taken_for_what_stands(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    """Also by a process that knows nothing of it: until the timer ran out nothing is proved."""
    wanted = due(subject, BLOCK)
    subject.router.faults.drop_during_commit(applied=True)
    with pytest.raises(DeviceUnreachable):
        staged_and_confirmed(driver, wanted)
    fresh = driver_at(subject.device, OURS)
    with pytest.raises(DeviceBusy, match="waits for its confirmation"):
        read(fresh)
    assert {one.check: one.ok for one in fresh.diagnose()}["commits"] is False
    subject.router.clock.advance(EXPIRED)
    assert not read(fresh).addresses
    recovers(subject, fresh, wanted)
