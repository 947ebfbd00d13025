# SPDX-License-Identifier: GPL-2.0-or-later
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.alarms import FIRST_WAIT, LONGEST_WAIT, Alarms, backoff, next_wakeup
from enforcer.core.orders import BlockAddress, Order, in_force

EPOCH = datetime(2026, 11, 21, tzinfo=UTC)
instants = st.integers(0, 20).map(lambda minutes: EPOCH + timedelta(minutes=minutes))


def order(
    number: int, start: datetime, end: datetime | None, lifted: datetime | None = None
) -> Order:
    demand = BlockAddress(ip_network("192.0.2.1/32"))
    return Order(number, number, demand, "", "", "", EPOCH, start, end, lifted=lifted)


some_orders = st.lists(
    st.tuples(instants, st.none() | instants, st.none() | instants), max_size=8
).map(lambda rows: [order(number, *row) for number, row in enumerate(rows, 1)])


@given(some_orders, st.sets(st.integers(1, 8)), instants)
def test_the_next_alarm_is_the_scan(found: list[Order], gone: set[int], now: datetime) -> None:
    alarms = Alarms()
    for one in found:
        alarms = alarms.add(one)
    leaving = [one for one in found if one.number in gone]
    staying = [one for one in found if one.number not in gone]
    assert alarms.next(now) == next_wakeup(found, now)
    assert alarms.remove(*leaving).next(now) == next_wakeup(staying, now)
    assert alarms == Alarms().add(*found)
    assert alarms.add(*found) == alarms
    assert alarms.remove(*leaving).add(*leaving) == alarms


@given(some_orders, instants)
def test_nothing_starts_or_ends_before_the_next_alarm(found: list[Order], now: datetime) -> None:
    wakeup = next_wakeup(found, now)
    last = wakeup or EPOCH + timedelta(minutes=30)
    standing = [in_force(one, now) for one in found]
    step = timedelta(seconds=30)
    for count in range(1, (last - now) // step):
        assert [in_force(one, now + step * count) for one in found] == standing
    if wakeup is not None:
        assert [in_force(one, wakeup - timedelta(microseconds=1)) for one in found] == standing


@pytest.mark.parametrize("early", [timedelta(0), timedelta(hours=1)])
def test_an_order_that_never_comes_into_force_rings_nothing(early: timedelta) -> None:
    lifted_early = order(1, EPOCH, None, lifted=EPOCH - early)
    assert len(Alarms().add(lifted_early)) == 0


@given(st.integers(1, 10_000), st.text())
def test_waits_grow_and_stay_in_bounds(attempt: int, device: str) -> None:
    wait = backoff(attempt, True, device)
    following = backoff(attempt + 1, True, device)
    assert wait is not None
    assert following is not None
    assert FIRST_WAIT * 0.75 <= wait <= LONGEST_WAIT
    if attempt < 6:
        assert wait < following
    else:
        assert wait >= LONGEST_WAIT * 0.4
    assert backoff(attempt, True, device) == wait


@pytest.mark.parametrize("attempt", [1, 5, 50])
def test_devices_do_not_come_back_together(attempt: int) -> None:
    waits = {backoff(attempt, True, f"edge{number}") for number in range(20)}
    assert len(waits) == 20


def test_what_is_not_retried_waits_for_a_person() -> None:
    assert backoff(1, False, "edge1") is None
