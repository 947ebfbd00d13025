# SPDX-License-Identifier: GPL-2.0-or-later
"""The order book says which orders may have begun or ended, and forgets none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from enforcer.control.book import KEEP_ENDED, OrderBook, Position
from enforcer.core.contributions import contributions
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order, Scope, in_force
from enforcer.core.topology import ROLE_BORDER, Device, Topology
from tests.strategies import NOW, Case, cases, list_contents
from tests.unit.control.desk import block

EDGES = ("edge1", "edge2")
TOPOLOGY = Topology(
    {name: Device(name, "fake", roles=frozenset({ROLE_BORDER})) for name in EDGES},
    documentation_space=True,
)
SECOND = timedelta(seconds=1)


def order(
    number: int,
    start: int = 0,
    end: int | None = None,
    lifted: int | None = None,
    device: str | None = None,
) -> Order:
    """Seconds from `NOW`."""
    return Order(
        number,
        number,
        block(f"198.51.100.{number % 256}/32"),
        "test",
        "ann",
        "cli",
        NOW,
        NOW + start * SECOND,
        None if end is None else NOW + end * SECOND,
        scope=Scope(devices=(device,)) if device else Scope(),
        lifted=None if lifted is None else NOW + lifted * SECOND,
    )


def numbers(entries: Iterable[object]) -> set[int]:
    return {e.order.number for e in entries}  # type: ignore[attr-defined]  # entries of a book


def at(seconds: int) -> datetime:
    return NOW + seconds * SECOND


def test_a_first_look_shows_everything() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1), order(2, 10, 20)], {}, 2)
    moves = book.moves(None, NOW)
    assert (moves.complete, numbers(moves.entries), moves.head) == (True, {1, 2}, 2)


def test_after_that_only_what_moved() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1), order(2, 10, 20)], {}, 2)
    seen = book.moves(None, NOW).position
    assert numbers(book.moves(seen, at(9)).entries) == set()
    assert numbers(book.moves(seen, at(10)).entries) == {2}
    seen = book.moves(seen, at(10)).position
    assert numbers(book.moves(seen, at(19)).entries) == set()
    assert numbers(book.moves(seen, at(20)).entries) == {2}
    book.advance([order(3)], {}, 3)
    assert numbers(book.moves(seen, at(10)).entries) == {3}


def test_very_many_that_turn_at_once_are_shown_a_few_at_a_time() -> None:
    book = OrderBook(TOPOLOGY)
    many = [order(number, 0, 10) for number in range(1, 8)]
    book.advance([*many, order(8, 10)], {}, 8)
    seen = book.moves(None, NOW).position
    shown = list[set[int]]()
    while True:
        moves = book.moves(seen, at(20), 3)
        shown.append(numbers(moves.entries))
        seen = moves.position
        if seen.through is None:
            break
        assert seen.now < at(10), "not all that ended by then was shown"
    assert shown == [{8, 1, 2}, {3, 4, 5}, {6, 7}], "what begins comes before what ends"
    assert seen.now == at(20)


def test_what_changed_is_shown_though_very_many_turn() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(number, 0, 10) for number in range(1, 8)], {}, 7)
    seen = book.moves(None, NOW).position
    book.advance([order(9)], {}, 9)
    moves = book.moves(seen, at(10), 2)
    assert numbers(moves.entries) == {1, 2, 9} and moves.head == 9
    assert numbers(book.moves(moves.position, at(10), 2).entries) == {3, 4}


def test_a_clock_that_stepped_back_shows_everything() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1, 0, 5)], {}, 1)
    seen = book.moves(None, at(10)).position
    moves = book.moves(seen, at(3))
    assert moves.complete and numbers(moves.entries) == {1}


def test_devices_concerned_are_those_before_and_after_a_change() -> None:
    book = OrderBook(TOPOLOGY)
    assert book.advance([order(1, device="edge1")], {}, 1) == {"edge1"}
    assert book.advance([order(1, device="edge2")], {}, 2) == {"edge1", "edge2"}
    assert book.advance([], {}, 3) == frozenset()
    assert book.head == 3


def test_due_names_the_devices_of_an_order_that_begins_or_ends() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1, 5, 10, device="edge1"), order(2, 10, device="edge2")], {}, 2)
    assert book.due(at(0), at(4)) == frozenset()
    assert book.due(at(4), at(5)) == {"edge1"}
    assert book.due(at(5), at(10)) == {"edge1", "edge2"}
    assert book.next_boundary(at(5)) == at(10)
    assert book.next_boundary(at(10)) is None


def test_a_head_without_orders_moves_the_answers_head() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([], {}, 7)
    assert book.moves(None, NOW).head == 7
    book.advance([], {}, 5)
    assert book.moves(None, NOW).head == 7


def test_long_ended_orders_are_forgotten_and_who_saw_the_end_notices_nothing() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1, 0, 5), order(2)], {}, 2)
    before, after = (book.moves(None, at(seconds)).position for seconds in (4, 6))
    later = at(6) + KEEP_ENDED
    assert book.prune(at(5) + KEEP_ENDED) == 0
    assert book.prune(later) == 1
    assert not book.moves(after, later).complete
    assert not book.moves(after, later).entries
    anew = book.moves(before, later)
    assert anew.complete and numbers(anew.entries) == {2}
    assert numbers(book.entries()) == {2}
    assert book.next_boundary(NOW - SECOND) == NOW


def test_who_did_not_hear_of_the_last_change_before_it_was_forgotten_looks_anew() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1), order(2)], {}, 2)
    later = at(60) + KEEP_ENDED
    seen = book.moves(None, later).position
    book.advance([replace(order(1, lifted=5), changed=3)], {}, 3)
    assert book.prune(later) == 1
    anew = book.moves(seen, later)
    assert anew.complete and numbers(anew.entries) == {2}


def test_a_later_end_keeps_an_order() -> None:
    book = OrderBook(TOPOLOGY)
    book.advance([order(1, 0, 5)], {}, 1)
    book.advance([replace(order(1, 0, 500), changed=2)], {}, 2)
    assert book.prune(at(6) + KEEP_ENDED) == 0
    assert book.prune(at(501) + KEEP_ENDED) == 1
    assert book.next_boundary(NOW - SECOND) is None


def test_very_many_bounds_are_in_order_too() -> None:
    book = OrderBook(TOPOLOGY)
    many = [order(number, -number, 1000 - number) for number in range(1, 200)]
    book.advance(many, {}, 199)
    assert book.next_boundary(at(-500)) == at(-199)
    assert book.next_boundary(at(0)) == at(801)
    assert book.due(at(800), at(801)) == {*EDGES}
    assert book.due(at(799), at(800)) == frozenset()
    assert book.prune(at(900) + KEEP_ENDED) == 99
    assert numbers(book.entries()) == {*range(1, 101)}


@given(content=list_contents(), newer=list_contents())
def test_a_new_version_of_a_list_moves_the_orders_that_name_it(
    content: ListContent, newer: ListContent
) -> None:
    book = OrderBook(TOPOLOGY)
    listed = replace(order(1), demand=BlockList("botnets"))
    book.advance([listed, order(2)], {"botnets": content}, 2)
    assert (book.named_lists(), book.list_versions()) == ({"botnets"}, {"botnets": 1})
    seen = book.moves(None, NOW).position
    book.advance([], {"botnets": replace(newer, version=2)}, 3)
    (entry,) = book.moves(seen, NOW).entries
    assert entry.order.number == 1
    whole = contributions(listed, TOPOLOGY, {"botnets": newer})
    assert [len(p) for p in entry.asks.parts] == [len(p) for p in whole.parts]


@given(case=cases(shut=True))
def test_every_contribution_is_the_compilers(case: Case) -> None:
    book = OrderBook(case.topology)
    book.advance(case.orders, case.lists, 9)
    for entry in book.entries():
        asks = contributions(entry.order, case.topology, case.lists)
        assert entry.asks.devices == asks.devices
        assert len(entry.asks.parts) == len(asks.parts)


@dataclass
class Watcher:
    """Follows a book as a worker does, by moves alone."""

    position: Position | None = None
    standing: set[int] = field(default_factory=set)

    def look(self, book: OrderBook, now: datetime, most: int | None = None) -> bool:
        """Whether that was all."""
        moves = book.moves(self.position, now, most)
        self.position = moves.position
        if moves.complete:
            self.standing = set()
        for entry in moves.entries:
            self.standing.discard(entry.order.number)
            if in_force(entry.order, now):
                self.standing.add(entry.order.number)
        return moves.position.through is None


SMALL = st.integers(-5, 30)


class BookAgainstScan(RuleBasedStateMachine):
    """Whatever happens, followers know exactly which orders are in force."""

    def __init__(self) -> None:
        super().__init__()
        self.book = OrderBook(TOPOLOGY)
        self.orders: dict[int, Order] = {}
        self.now = 0
        self.head = 0
        self.watchers = [Watcher(), Watcher()]
        self.looked = [False, False]

    @rule(start=SMALL, lasts=st.none() | st.integers(1, 20))
    def place(self, start: int, lasts: int | None) -> None:
        self.head += 1
        begin = self.now + start
        new = order(self.head, begin, None if lasts is None else begin + lasts)
        self._put(new)

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 99), lasts=st.none() | st.integers(1, 20))
    def change_end(self, pick: int, lasts: int | None) -> None:
        old = self._pick(pick)
        end = None if lasts is None else at(self.now + lasts)
        self._put(replace(old, end=end))

    @precondition(lambda self: self.orders)
    @rule(pick=st.integers(0, 99))
    def lift(self, pick: int) -> None:
        self._put(replace(self._pick(pick), lifted=at(self.now)))

    def _pick(self, pick: int) -> Order:
        return self.orders[sorted(self.orders)[pick % len(self.orders)]]

    def _put(self, new: Order) -> None:
        self.head += 1
        self.orders[new.number] = new
        self.book.advance([new], {}, self.head)

    @rule(which=st.integers(0, 1), most=st.integers(1, 3))
    def look_at_some(self, which: int, most: int) -> None:
        self.watchers[which].look(self.book, at(self.now), most)

    @rule(seconds=st.integers(0, 15))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(seconds=st.integers(1, 5))
    def clock_steps_back(self, seconds: int) -> None:
        self.now -= seconds

    @rule()
    def long_time(self) -> None:
        self.now += int(KEEP_ENDED.total_seconds())
        self.book.prune(at(self.now))

    @rule(which=st.integers(0, 1), most=st.none() | st.integers(1, 3))
    def look(self, which: int, most: int | None) -> None:
        watcher = self.watchers[which]
        while not watcher.look(self.book, at(self.now), most):
            assert watcher.position is not None and watcher.position.now < at(self.now)
        scan = {n for n, o in self.orders.items() if in_force(o, at(self.now))}
        assert watcher.standing == scan

    @invariant()
    def the_next_boundary_is_not_late(self) -> None:
        coming = [
            t
            for o in self.orders.values()
            for t in (o.start, o.ends)
            if t is not None and t > at(self.now)
        ]
        found = self.book.next_boundary(at(self.now))
        assert not coming or (found is not None and found <= min(coming))


TestBookAgainstScan = BookAgainstScan.TestCase
TestBookAgainstScan.settings = settings(stateful_step_count=30, deadline=None)
