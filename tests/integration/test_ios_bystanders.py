# SPDX-License-Identifier: GPL-2.0-or-later
"""Others on an EMULATED IOS-XE router: their edits, their neighbors, a trial nobody confirmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from enforcer.clock import SystemClock
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Rule
from enforcer.errors import DeviceBusy, DeviceUnreachable
from lab.emulators.cisco_ios import Router
from lab.emulators.server import Serving, serving
from tests.contract.ios_subject import UPSTREAM, IosSubject, Password, device_at
from tests.contract.subject import NAME
from tests.contract.worlds import OURS, due, prefix
from tests.integration.ios_router import staged

pytestmark = pytest.mark.emulated
NEIGHBOR = "10.1.0.2"
HIS = ("interface GigabitEthernet0/0/1", "description new by the operator")


class RouterTime(SystemClock):
    """Whoever sleeps lets the emulated router's time pass; `edits` are made meanwhile."""

    def __init__(self, router: Router, edits: tuple[str, ...] = ()) -> None:
        self._router = router
        self._edits = edits

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        if self._edits:
            self._router.by_hand(self._edits)
        self._router.clock.advance(seconds)


@pytest.fixture
def router() -> Router:
    return Router(NAME)


@pytest.fixture
def server(router: Router) -> Iterator[Serving]:
    with serving(router) as running:
        yield running


@pytest.fixture
def subject(router: Router, server: Serving) -> IosSubject:
    found = IosSubject(router, server)
    router.neighbors.add(NEIGHBOR, 64501)
    return found


def driver_at(server: Serving, clock: RouterTime) -> IosDriver:
    device = device_at(server, confirm="300", hold_time="180")
    way = Way(SshOptions.of(device), Password(), Gate(per_device=16))
    return IosDriver(device, OURS, way, clock)


def test_what_others_configured_meanwhile_outlives_taking_ours_back(
    router: Router, server: Serving, subject: IosSubject
) -> None:
    router.neighbors.goes_down_while(NEIGHBOR, r"access-group ENF-V4", hold_seconds=0.0)
    driver = driver_at(server, RouterTime(router, HIS))
    with pytest.raises(DeviceUnreachable, match="new by the operator"):
        staged(driver, due(subject, (prefix("198.51.100.7/32"),)))
    assert HIS[1] in router.running()
    assert "ENF-V4" not in router.running()
    router.clock.advance(600)
    assert HIS[1] in router.running(), "no timer goes on running"


def test_a_suspended_customers_own_session_is_not_missed(
    router: Router, server: Serving, subject: IosSubject
) -> None:
    shut = rf"interface {UPSTREAM}\n(?: .*\n)* shutdown"
    router.neighbors.goes_down_while(NEIGHBOR, shut, hold_seconds=0.0)
    member = InterfaceMember(UPSTREAM, NO_END, 7)
    staged(
        driver_at(server, RouterTime(router)),
        Desired(NAME, interfaces={Rule(0, Key.INTERFACE): (member,)}),
    )
    assert " shutdown" in router.running()


def test_what_a_pending_trial_may_take_back_is_neither_read_nor_written_over(
    router: Router, server: Serving, subject: IosSubject
) -> None:
    """The emulated router does not know the command; its answer is put into its mouth."""
    driver = driver_at(server, RouterTime(router))
    wanted, before = due(subject, (prefix("198.51.100.7/32"),)), router.running()
    said = "Timer type: absolute timer\nTimer value: 5 min\nUser: enforcer\n"
    router.faults.refuse("show archive config rollback timer", said)
    with pytest.raises(DeviceBusy, match="5 min, armed by enforcer"):
        staged(driver, wanted)
    assert router.running() == before
    router.faults.clear()
    staged(driver, wanted)
    assert "access-group ENF-V4" in router.running()
