# SPDX-License-Identifier: GPL-2.0-or-later
"""An emulated router's clock fires what is due, in order; adjacencies follow its hold times."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from lab.emulators.clock import EmulatorClock
from lab.emulators.neighbors import Neighbors
from lab.emulators.packets import TCP, Packet, protocol_number

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass
class Standing:
    """A base clock that stands still."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        raise AssertionError("nobody waits by this clock")

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps by this clock")


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(Standing())


def test_timers_fire_in_order_at_their_own_time(clock: EmulatorClock) -> None:
    fired: list[tuple[str, float]] = []

    def note(name: str) -> None:
        fired.append((name, (clock.now() - START).total_seconds()))

    clock.call_later(20, lambda: note("second"))
    clock.call_later(10, lambda: note("first"))
    clock.call_later(99, lambda: note("later"))
    clock.advance(30)
    assert fired == [("first", 10), ("second", 20)]
    assert clock.now() == START + timedelta(seconds=30)


def test_a_timer_set_by_a_timer_fires_too(clock: EmulatorClock) -> None:
    fired: list[float] = []

    def again() -> None:
        fired.append((clock.now() - START).total_seconds())
        if len(fired) < 3:
            clock.call_later(10, again)

    clock.call_later(10, again)
    clock.advance(100)
    assert fired == [10, 20, 30]


def test_a_cancelled_timer_does_not_fire(clock: EmulatorClock) -> None:
    fired: list[str] = []
    timer = clock.call_later(10, lambda: fired.append("no"))
    timer.cancel()
    clock.advance(20)
    assert fired == []


def test_the_base_clock_fires_timers_as_well() -> None:
    base = Standing()
    clock = EmulatorClock(base)
    fired: list[str] = []
    clock.call_later(10, lambda: fired.append("due"))
    base.at += timedelta(seconds=9)
    clock.fire_due()
    assert fired == []
    base.at += timedelta(seconds=1)
    clock.fire_due()
    assert fired == ["due"]


def test_actions_run_without_the_clock_locked(clock: EmulatorClock) -> None:
    """A timer that waits for somebody who sets a timer would otherwise wait for ever."""
    finished: list[bool] = []

    def action() -> None:
        other = threading.Thread(target=lambda: clock.call_later(1, lambda: None), daemon=True)
        other.start()
        other.join(timeout=30)
        finished.append(not other.is_alive())

    clock.call_later(1, action)
    clock.advance(1)
    assert finished == [True]


def test_skew_is_what_the_router_believes_and_moves_no_timer(clock: EmulatorClock) -> None:
    fired: list[str] = []
    clock.call_later(60, lambda: fired.append("due"))
    clock.skew = timedelta(hours=2)
    clock.fire_due()
    assert clock.wall() - clock.now() == timedelta(hours=2)
    assert fired == []


class TestNeighbors:
    def test_an_adjacency_dies_after_its_hold_time_and_not_before(
        self, clock: EmulatorClock
    ) -> None:
        running = ["hostname r"]
        neighbors = Neighbors(clock, lambda: "\n".join(running))
        neighbors.add("192.0.2.2", 64501)
        neighbors.goes_down_while("192.0.2.2", r"^ 10 deny tcp any any$", hold_seconds=180)
        running.append(" 10 deny tcp any any")
        neighbors.observe()
        clock.advance(179)
        assert neighbors.state("192.0.2.2") == "Established"
        clock.advance(1)
        assert neighbors.state("192.0.2.2") == "Idle"

    def test_it_lives_when_the_line_goes_in_time_and_comes_back_when_it_goes_late(
        self, clock: EmulatorClock
    ) -> None:
        cut = True
        neighbors = Neighbors(clock, str)
        neighbors.add("2001:db8::2", 64501)
        neighbors.goes_down_while("2001:db8::2", lambda: cut, hold_seconds=90)
        clock.advance(60)
        cut = False
        neighbors.observe()
        clock.advance(60)
        assert neighbors.state("2001:db8::2") == "Established"
        cut = True
        neighbors.observe()
        clock.advance(90)
        assert neighbors.state("2001:db8::2") == "Idle"
        cut = False
        neighbors.observe()
        assert neighbors.state("2001:db8::2") == "Established"

    def test_states_can_be_set_and_neighbors_removed(self, clock: EmulatorClock) -> None:
        neighbors = Neighbors(clock, str)
        neighbors.add("192.0.2.2", 64501)
        neighbors.set_state("192.0.2.2", established=False)
        assert neighbors["192.0.2.2"].state == "Idle"
        neighbors.remove("192.0.2.2")
        assert "192.0.2.2" not in neighbors
        assert list(neighbors) == []


class TestPacket:
    def test_families_do_not_mix(self) -> None:
        with pytest.raises(ValueError, match="family"):
            Packet(ip_address("192.0.2.1"), ip_address("2001:db8::1"), TCP)

    def test_a_later_fragment_has_no_ports(self) -> None:
        with pytest.raises(ValueError, match="fragment"):
            Packet(ip_address("192.0.2.1"), ip_address("192.0.2.2"), TCP, 1, 25, fragment=True)

    def test_protocols_by_name_and_number(self) -> None:
        assert (protocol_number("udp"), protocol_number("50")) == (17, 50)
