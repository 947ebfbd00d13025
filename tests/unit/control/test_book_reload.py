# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload compiles everything anew, except what the brake holds to the inventory before."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from enforcer.control.book import Holds, OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions, same_on
from enforcer.core.device_control import Hold
from enforcer.core.lists import ListContent
from enforcer.core.orders import Order, in_force
from enforcer.core.rules import Desired
from enforcer.core.topology import ProtectedPrefix, Topology
from tests.space import DEVICES
from tests.strategies import NOW, Case, cases, topologies
from tests.unit.control.desk import BAD, block
from tests.unit.control.test_book import TOPOLOGY, at, order

HELD, FREE = DEVICES[0], DEVICES[1]
LATER = NOW + timedelta(minutes=1)


def hold(seq: int, *, everything: bool = False) -> Hold:
    return Hold(NOW, seq, "told by the caller", 7, "a reload", everything)


def compiled(
    orders: Iterable[Order],
    topology: Topology,
    lists: Mapping[str, ListContent],
    device: str,
    old: tuple[int, Topology] | None = None,
) -> Desired:
    """Whole and in force at `LATER`; what stood at `NOW`, up to `old`'s sequence, by `old`'s
    inventory."""

    def basis(o: Order) -> Topology:
        return old[1] if old and o.changed <= old[0] and o.start <= NOW else topology

    asks = [contributions(o, basis(o), lists) for o in orders if in_force(o, LATER)]
    return compile_device(device, asks).desired


def followers(book: OrderBook) -> dict[str, DesiredState]:
    """Worker's eyes that have looked once."""
    states = {name: DesiredState(name, book) for name in DEVICES}
    for state in states.values():
        state.advance(NOW)
    return states


@given(case=cases(shut=True), new=topologies(), seq=st.integers(0, 12), pick=st.integers(0, 99))
def test_held_is_the_compile_under_the_old_and_released_under_the_new(
    case: Case, new: Topology, seq: int, pick: int
) -> None:
    orders = {o.number: replace(o, changed=o.number) for o in case.orders}
    first, *rest = orders.values()
    old, lists = case.topology, case.lists
    book = OrderBook(old)
    book.advance([first], lists, 1)
    states = followers(book)
    holds: Holds = {HELD: (hold(seq), old)}
    book.reload(new, holds)
    # Whatever comes while the hold stands follows the same rule.
    book.advance(rest, lists, 99)
    for state in states.values():
        state.advance(LATER)
    assert states[HELD].desired.same_as(compiled(orders.values(), new, lists, HELD, (seq, old)))
    assert states[FREE].desired.same_as(compiled(orders.values(), new, lists, FREE))
    assert (states[FREE].inventory, states[FREE].basis) == (new.digest, new.digest)
    assert (states[HELD].inventory, states[HELD].basis) == (new.digest, old.digest)

    lifted = replace(list(orders.values())[pick % len(orders)], lifted=NOW, changed=100)
    book.advance([lifted], {}, 100)
    orders[lifted.number] = lifted
    for state in states.values():
        state.advance(LATER)
    assert states[HELD].desired.same_as(compiled(orders.values(), new, lists, HELD, (seq, old)))

    book.reload(new, {})
    for name, state in states.items():
        before = state.desired
        delta = state.advance(LATER)
        assert state.desired.same_as(compiled(orders.values(), new, lists, name))
        assert bool(delta) is not state.desired.same_as(before)
        assert not state.held


@given(case=cases(shut=True), new=topologies())
def test_held_orders_are_those_that_would_ask_for_something_else(case: Case, new: Topology) -> None:
    book = OrderBook(case.topology)
    book.advance(case.orders, case.lists, 1)
    state = DesiredState(HELD, book)
    book.reload(new, {HELD: (hold(2**40), case.topology)})
    state.advance(NOW)
    for each in case.orders:
        if not in_force(each, NOW):
            assert each.number not in state.held
            continue
        now = compile_device(HELD, [contributions(each, new, case.lists)]).desired
        then = compile_device(HELD, [contributions(each, case.topology, case.lists)]).desired
        if not now.same_as(then):
            assert each.number in state.held
        elif len(now):
            assert each.number not in state.held


def test_the_same_inventory_again_moves_nothing() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1), order(2)], {}, 2)
    state = DesiredState("edge1", book)
    state.advance(at(0))
    before = state.desired
    book.reload(replace(TOPOLOGY), {"edge1": (hold(9), TOPOLOGY)})
    assert not state.advance(at(1))
    assert state.desired is before and state.moved_at == at(0)
    assert not state.held and state.basis == state.inventory


def test_starts_ends_and_lifts_pass_while_a_hold_stands() -> None:
    protected = (ProtectedPrefix(ip_network(f"{BAD}/8", strict=False), "by mistake"),)
    new = replace(TOPOLOGY, protected=protected)
    book = OrderBook(TOPOLOGY)
    running, other, ending = order(1), order(2), order(3, 0, 10)
    book.advance([running, other, ending], {}, 3)
    state = DesiredState("edge1", book)
    state.advance(at(0))
    book.reload(new, {"edge1": (hold(3), TOPOLOGY), "edge2": (hold(3), TOPOLOGY)})
    state.advance(at(1))
    assert state.orders == {1, 2, 3}
    state.advance(at(11))
    assert (state.orders, state.held) == (frozenset({1, 2}), frozenset({1, 2}))
    book.advance([replace(running, lifted=at(12), changed=4)], {}, 4)
    state.advance(at(12))
    assert (state.orders, len(state.desired)) == (frozenset({2}), 2)
    book.advance([order(5)], {}, 5)
    state.advance(at(13))
    assert len(state.desired) == 2, "a new order obeys the new inventory: all of it is withheld"


def test_what_starts_while_a_hold_stands_never_blocks_what_is_protected_now() -> None:
    """It was placed before, but nothing of it stood: there is nothing to keep."""
    new = replace(TOPOLOGY, protected=(ProtectedPrefix(ip_network(f"{BAD}/32"), "a server"),))
    wide = replace(order(1, 10), demand=block("198.51.100.0/24"))
    stood = replace(wide, number=2, start=at(0))
    book = OrderBook(TOPOLOGY)
    book.advance([wide], {}, 2)
    book.reload(new, {"edge1": (hold(2), TOPOLOGY)})
    state = DesiredState("edge1", book)
    state.advance(at(11))
    assert state.desired.same_as(compiled([wide], new, {}, "edge1"))
    stood = replace(stood, changed=2)
    book.advance([stood], {}, 2)
    state.advance(at(11))
    both = compiled([wide, stood], new, {}, "edge1", (2, TOPOLOGY))
    assert state.desired.same_as(both) and len(both) > 2


def test_devices_of_a_held_order_are_concerned_and_due() -> None:
    only = {"edge2": TOPOLOGY.devices["edge2"]}
    book = OrderBook(TOPOLOGY)
    book.advance([order(1, -5, 10)], {}, 1)
    book.reload(replace(TOPOLOGY, devices=only), {"edge1": (hold(1), TOPOLOGY)})
    assert book.due(at(9), at(10)) == {"edge1", "edge2"}
    lifted = replace(order(1, -5, 10), lifted=at(6), changed=2)
    assert book.advance([lifted], {}, 2) == {"edge1", "edge2"}


def test_a_hold_of_everything_does_not_change_what_is_desired() -> None:
    new = replace(TOPOLOGY, protected=(ProtectedPrefix(ip_network("0.0.0.0/0"), "all of it"),))
    book = OrderBook(TOPOLOGY)
    book.advance([order(1)], {}, 1)
    book.reload(new, {"edge1": (hold(1, everything=True), TOPOLOGY)})
    state = DesiredState("edge1", book)
    state.advance(at(0))
    assert len(state.desired) == 0 and state.basis == new.digest


def test_what_moved_since_a_proof() -> None:
    book = OrderBook(TOPOLOGY)
    later = replace(order(4), changed=9)
    book.advance([order(1), order(2, 5), order(3, -9, 6), later], {}, 9)
    assert book.moved(4, at(1), at(4)) == {4}
    assert book.moved(4, at(1), at(5)) == {2, 4}
    assert book.moved(9, at(5), at(6)) == {3}
    assert set(book.orders([1, 4, 77])) == {1, 4}


def test_readers_are_answered_while_a_reload_compiles() -> None:
    """A reader that asks in the middle gets the old book, or the new one, never half of each."""
    book = OrderBook(TOPOLOGY)
    book.advance([order(n) for n in range(1, 200)], {}, 200)
    stop, seen = threading.Event(), set[tuple[str, int]]()

    def read() -> None:
        while not stop.is_set():
            moves = book.moves(None, at(0))
            asking = sum(len(e.asks.parts) > 0 for e in moves.entries)
            seen.add((moves.inventory, asking))

    reader = threading.Thread(target=read)
    reader.start()
    new = replace(TOPOLOGY, protected=(ProtectedPrefix(ip_network("0.0.0.0/0"), "all of it"),))
    for topology in (new, TOPOLOGY, new):
        book.reload(topology, {})
    stop.set()
    reader.join()
    assert seen <= {(TOPOLOGY.digest, 199), (new.digest, 0)}


@given(case=cases(shut=True), new=topologies(), seq=st.integers(0, 6))
def test_a_reload_is_a_compile_from_nothing(case: Case, new: Topology, seq: int) -> None:
    """What it takes over instead of compiling it, too; held devices included."""
    holds: Holds = {HELD: (hold(seq), case.topology)}
    book = OrderBook(case.topology)
    book.advance(case.orders, case.lists, 1)
    for topology, held in ((new, {}), (case.topology, {}), (new, holds), (new, {})):
        book.reload(topology, held)
        fresh = OrderBook(topology, held)
        fresh.advance(case.orders, case.lists, 1)
        for one, other in zip(book.entries(), fresh.entries(), strict=True):
            assert one.order == other.order
            assert one.held.keys() == other.held.keys()
            assert same_on(None, one.asks, other.asks)
            assert same_on(None, one.standing, other.standing)


def test_what_a_reload_does_not_reach_stays_the_very_same() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1), order(2)], {}, 2)
    before = {entry.order.number: entry.asks for entry in book.entries()}
    more = ProtectedPrefix(ip_network("192.0.2.0/24"), "more")
    book.reload(replace(TOPOLOGY, protected=(*TOPOLOGY.protected, more)), {})
    assert all(entry.asks is before[entry.order.number] for entry in book.entries())


@given(case=cases(shut=True), new=topologies())
def test_a_book_under_another_inventory_is_compiled_by_it(case: Case, new: Topology) -> None:
    """Without the holds of the one that it was made from, which stays as it is."""
    book = OrderBook(case.topology)
    book.advance(case.orders, case.lists, 7)
    book.reload(case.topology, {HELD: (hold(2**40), new)})
    known = list(book.entries())
    other = book.under(new)
    assert (other.head, other.topology.digest) == (7, new.digest)
    for device in DEVICES:
        state = DesiredState(device, other)
        state.advance(LATER)
        assert state.desired.same_as(compiled(case.orders, new, case.lists, device))
        assert not state.held
    assert list(book.entries()) == known
