# SPDX-License-Identifier: GPL-2.0-or-later
"""Two sessions a device, a number of logins in all, first come, first served."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from drivers._ssh.errors import NoPlace
from drivers._ssh.gate import GATE, LOGINS, PER_DEVICE, PROOFS, Gate, Places
from enforcer.clock import SystemClock

CLOCK = SystemClock()
HERE, THERE = ("192.0.2.7", 22, ""), ("192.0.2.7", 2222, "")


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
    assert (PER_DEVICE, LOGINS, PROOFS) == (2, 10, 2)
    assert isinstance(GATE, Gate)


def test_a_third_session_is_busy_and_says_why() -> None:
    gate = Gate()
    first = gate.enter("edge7", HERE, 0.0, CLOCK)
    gate.enter("edge7", HERE, 0.0, CLOCK)
    gate.enter("edge8", THERE, 0.0, CLOCK)
    with pytest.raises(NoPlace, match=r"edge7: our own 2 sessions to 192.0.2.7 port 22"):
        gate.enter("edge7", HERE, 0.0, CLOCK)
    first()
    first()
    gate.enter("edge7", HERE, 0.0, CLOCK)
    with pytest.raises(NoPlace):
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


def test_the_same_address_behind_another_jump_host_is_another_device() -> None:
    gate = Gate()
    for through in ("", "198.51.100.9:22", "198.51.100.10:22"):
        for _ in range(PER_DEVICE):
            gate.enter("edge7", ("10.0.0.1", 22, through), 0.0, CLOCK)
        with pytest.raises(NoPlace):
            gate.enter("edge7", ("10.0.0.1", 22, through), 0.0, CLOCK)


def all_lanes(gate: Gate, under_way: ExitStack) -> tuple[int, int]:
    """How many ordinary logins, and how many proofs, are let in at once."""
    return lane(gate, under_way, False), lane(gate, under_way, True)


def lane(gate: Gate, under_way: ExitStack, proof: bool) -> int:
    number = 0
    while True:
        try:
            under_way.enter_context(gate.login("edge1", 0.0, CLOCK, proof))
        except NoPlace:
            return number
        number += 1


@pytest.mark.parametrize(
    ("logins", "lanes"), [(10, (8, 2)), (3, (1, 2)), (2, (1, 1)), (50, (48, 2))]
)
def test_logins_of_all_devices_together(logins: int, lanes: tuple[int, int]) -> None:
    """However many ordinary ones there are, and however slow: proofs are let in."""
    for gate in (Gate(logins=logins), Gate(logins=2), Gate(logins=100)):
        gate.set_logins(logins)
        with ExitStack() as under_way:
            assert all_lanes(gate, under_way) == lanes
        with ExitStack() as again:
            assert all_lanes(gate, again) == lanes


def test_fewer_logins_count_from_the_next_one_on() -> None:
    gate = Gate(logins=5)
    with ExitStack() as under_way:
        assert all_lanes(gate, under_way) == (3, 2)
        gate.set_logins(3)
        with pytest.raises(NoPlace), gate.login("edge9", 0.0, CLOCK):
            raise AssertionError
    with ExitStack() as later:
        assert all_lanes(gate, later) == (1, 2)


def test_a_proof_goes_before_all_that_wait_for_a_place() -> None:
    gate, clock = Gate(per_device=1), Waits()
    held = gate.enter("edge7", HERE, 0.0, clock)
    order: list[bool] = []

    def wait(proof: bool) -> None:
        give = gate.enter("edge7", HERE, 60.0, clock, proof)
        order.append(proof)
        give()

    threads = []
    for proof in (False, False, True):
        threads.append(threading.Thread(target=wait, args=(proof,)))
        threads[-1].start()
        assert clock.entered.acquire(timeout=60.0)
    held()
    for thread in threads:
        thread.join()
    assert order == [True, False, False]
