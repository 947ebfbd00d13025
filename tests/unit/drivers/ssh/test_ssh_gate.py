# SPDX-License-Identifier: GPL-2.0-or-later
"""Two sessions a device, a number of logins in all, first come, first served."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from drivers._ssh.gate import GATE, LOGINS, PER_DEVICE, Gate, Places
from enforcer.clock import SystemClock
from enforcer.errors import DeviceBusy

CLOCK = SystemClock()
HERE, THERE = ("192.0.2.7", 22), ("192.0.2.7", 2222)


class Waits:
    """A clock whose waits a test sees: `entered` is released at the beginning of each."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)

    def now(self) -> datetime:
        """See `Clock`."""
        return datetime(2026, 11, 22, tzinfo=UTC)

    def monotonic(self) -> float:
        """See `Clock`."""
        return 0.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """See `Clock`."""
        self.entered.release()
        return event.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""


def test_the_one_of_this_process() -> None:
    assert (PER_DEVICE, LOGINS) == (2, 10)
    assert isinstance(GATE, Gate)


def test_a_third_session_is_busy_and_says_why() -> None:
    gate = Gate()
    first = gate.enter("edge7", HERE, 0.0, CLOCK)
    gate.enter("edge7", HERE, 0.0, CLOCK)
    gate.enter("edge8", THERE, 0.0, CLOCK)
    with pytest.raises(DeviceBusy, match=r"edge7: our own 2 sessions to 192.0.2.7 port 22"):
        gate.enter("edge7", HERE, 0.0, CLOCK)
    first()
    first()
    gate.enter("edge7", HERE, 0.0, CLOCK)
    with pytest.raises(DeviceBusy):
        gate.enter("edge7", HERE, 0.0, CLOCK)


def test_first_come_first_served() -> None:
    places, order, clock = Places(0), [], Waits()
    threads = []
    for number in range(5):

        def take(number: int = number) -> None:
            assert places.take(60.0, clock)
            order.append(number)
            served.release()

        threads.append(threading.Thread(target=take))
        threads[-1].start()
        # It stands in the queue before the next one comes.
        assert clock.entered.acquire(timeout=60.0)
    served = threading.Semaphore(0)
    for _ in threads:
        places.give()
        assert served.acquire(timeout=60.0)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_who_gave_up_is_not_served() -> None:
    places = Places(1)
    assert places.take(0.0, CLOCK)
    assert not places.take(0.0, CLOCK)
    places.give()
    assert places.take(0.0, CLOCK)


def test_logins_of_all_devices_together() -> None:
    gate = Gate(logins=2)
    with ExitStack() as under_way:
        for device in ("edge1", "edge2"):
            under_way.enter_context(gate.login(device, 0.0, CLOCK))
        with pytest.raises(DeviceBusy, match="2 logins"), gate.login("edge3", 0.0, CLOCK):
            raise AssertionError
        gate.set_logins(3)
        under_way.enter_context(gate.login("edge3", 0.0, CLOCK))
        gate.set_logins(1)
    with gate.login("edge4", 0.0, CLOCK), pytest.raises(DeviceBusy):
        under_way.enter_context(gate.login("edge5", 0.0, CLOCK))
