# SPDX-License-Identifier: GPL-2.0-or-later
"""One device's desired state, kept by small moves, equals a full compile at every instant."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import in_force
from tests.oracle import dropped, rules_drop
from tests.space import DEVICES
from tests.strategies import NOW, Case, cases
from tests.unit.control.test_book import TOPOLOGY, at, order

STEPS = st.lists(st.sampled_from([-2, -1, 0, 1, 1, 2, 3]), min_size=1, max_size=5)


@given(case=cases(shut=True), hours=STEPS)
def test_it_equals_a_full_compile_whatever_the_clock_does(case: Case, hours: list[int]) -> None:
    book = OrderBook(case.topology)
    states = [DesiredState(name, book) for name in DEVICES]
    now = NOW
    book.advance(case.orders[:1], case.lists, 1)
    for step, hour in enumerate(hours):
        now += timedelta(hours=hour)
        if step == 1:
            book.advance(case.orders[1:], case.lists, 2)
        known = [e.order for e in book.entries()]
        asks = [contributions(o, case.topology, case.lists) for o in known if in_force(o, now)]
        for state in states:
            before = state.desired
            delta = state.advance(now)
            assert state.desired.same_as(compile_device(state.device, asks).desired)
            assert bool(delta) is not state.desired.same_as(before)
            assert (state.looked_at, state.head) == (now, book.head)


@given(case=cases(shut=True), hours=STEPS, at_once=st.integers(1, 3))
def test_a_few_at_a_time_leave_no_gap(case: Case, hours: list[int], at_once: int) -> None:
    """What is dropped before and after very many began or ended is dropped all the time."""
    book = OrderBook(case.topology)
    states = {name: DesiredState(name, book, at_once) for name in DEVICES}
    whole = {name: DesiredState(name, book) for name in DEVICES}
    packets = [packet for packet in case.packets if packet.device is not None]
    now = NOW
    book.advance(case.orders, case.lists, 1)
    for hour in hours:
        before = {name: state.desired for name, state in states.items()}
        now += timedelta(hours=hour)
        for name, state in states.items():
            whole[name].advance(now)
            after = whole[name].desired
            here = [packet for packet in packets if packet.device == name]
            kept = [p for p in here if rules_drop(p, before[name]) and rules_drop(p, after)]
            state.advance(now, whole=False)
            while state.behind:
                assert all(rules_drop(packet, state.desired) for packet in kept)
                assert state.looked_at is not None and state.looked_at < now
                state.advance(now, whole=False)
            assert state.desired.same_as(after)
            assert (state.looked_at, state.head) == (now, book.head)


@given(case=cases(shut=True))
def test_it_drops_what_the_orders_say(case: Case) -> None:
    book = OrderBook(case.topology)
    book.advance(case.orders, case.lists, 1)
    states = {name: DesiredState(name, book) for name in DEVICES}
    for state in states.values():
        state.advance(NOW)
    for packet in case.packets:
        if packet.device is not None:
            wanted = bool(dropped(packet, case.orders, case.topology, case.lists, NOW))
            assert rules_drop(packet, states[packet.device].desired) is wanted


def test_moved_at_is_when_an_order_began_changed_or_ended_here() -> None:
    book = OrderBook(TOPOLOGY)
    state = DesiredState("edge1", book)
    state.advance(at(0))
    assert state.moved_at is None
    book.advance([order(1, 5, 10, device="edge1"), order(2, device="edge2")], {}, 2)
    state.advance(at(1))
    assert state.moved_at is None
    state.advance(at(6))
    assert state.moved_at == at(6)
    state.advance(at(7))
    assert state.moved_at == at(6)
    state.advance(at(12))
    assert state.moved_at == at(12)


def test_an_order_that_nobody_knows_any_more_ends() -> None:
    book = OrderBook(TOPOLOGY)
    state = DesiredState("edge1", book)
    book.advance([order(1, 0, 10)], {}, 1)
    state.advance(at(1))
    assert len(state.desired) == 2
    book.prune(at(10) + timedelta(hours=2))
    state.advance(at(11) + timedelta(hours=2))
    assert len(state.desired) == 0
