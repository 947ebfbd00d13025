# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders come into the book in portions: none is lost, no gap opens, nobody queues."""

from __future__ import annotations

import random

import pytest

from enforcer.control.unread import FEW, Unread
from enforcer.core.orders import Order
from enforcer.storage.records import Note
from tests.unit.control.desk import ANN, Desk, block

SOON = 1.0
ACTS = ("place", "amend", "lift", "replace", "read")


def place(desk: Desk, count: int) -> list[Order]:
    """So many in one transaction, a second after what was before."""
    desk.clock.advance(SOON)
    now = desk.clock.now()
    with desk.database.write() as work:
        numbers = work.record_many([Note("order.placed", {})] * count, ANN, at=now)
        orders = [Order(n, n, block(), "test", "ann", "cli", now, now, None) for n in numbers]
        work.orders.add_many(orders)
    return orders


class Reading:
    """What a book would hold that takes one portion after the other."""

    def __init__(self, desk: Desk, portion: int = 3) -> None:
        self._desk = desk
        self._unread = Unread(portion)
        self.known: dict[int, Order] = {}

    @property
    def head(self) -> int:
        return self._unread.head

    def step(self) -> list[int]:
        with self._desk.database.read() as reader:
            portion = self._unread.take(reader)
        self._unread.took(portion)
        self.known.update({order.number: order for order in portion.orders})
        return [order.number for order in portion.orders]

    def finish(self) -> None:
        for _ in range(1000):
            if self._unread.is_done(self._desk.database.head()):
                return
            self.step()
        raise AssertionError("it never ends")


def test_many_transactions_come_in_portions_and_none_is_divided(desk: Desk) -> None:
    numbers = [[order.number for order in place(desk, count)] for count in (2, 4, 1, 1, 7, 1)]
    reading = Reading(desk)
    reading.step()
    assert reading.head == numbers[1][-1]
    reading.step()
    assert reading.head == numbers[4][-1]
    reading.finish()
    assert sorted(reading.known) == [number for some in numbers for number in some]


def test_who_is_placed_meanwhile_does_not_queue(desk: Desk) -> None:
    for _ in range(20):
        place(desk, 3)
    reading = Reading(desk)
    reading.step()
    (late,) = place(desk, 1)
    assert late.number in reading.step()
    assert reading.head < late.number, "what was not read yet is not said to be known"
    reading.finish()
    assert len(reading.known) == 61


def test_who_is_placed_meanwhile_is_not_lost_among_the_many_that_come_after(desk: Desk) -> None:
    place(desk, 4 * FEW)
    reading = Reading(desk)
    reading.step()
    place(desk, FEW + 1)
    place(desk, FEW + 1)
    (late,) = place(desk, 1)
    few = place(desk, 2)
    for _ in range(3):
        place(desk, FEW + 1)
    assert reading.step()[-3:] == [few[1].number, few[0].number, late.number]
    assert reading.head < late.number
    reading.finish()
    assert len(reading.known) == 9 * FEW + 8


def test_a_change_waits_for_its_turn(desk: Desk) -> None:
    """A lift that came before the order that replaces what it lifts would open a gap."""
    (old,) = place(desk, 1)
    reading = Reading(desk)
    reading.finish()
    for _ in range(5):
        place(desk, 3)
    desk.clock.advance(SOON)
    desk.change(old, lift=True)
    reading.step()
    assert reading.known[old.number].lifted is None
    reading.finish()
    assert reading.known[old.number].lifted is not None


def test_what_replaces_it_comes_with_a_lift_though_it_was_amended_since(desk: Desk) -> None:
    (old,) = place(desk, 1)
    reading = Reading(desk)
    reading.finish()
    (new,) = place(desk, 1)
    desk.clock.advance(SOON)
    desk.change(old, lift=True)
    for _ in range(5):
        place(desk, 3)
    desk.clock.advance(SOON)
    desk.change(new, lasts=600)
    reading.step()
    assert reading.known[old.number].lifted is not None
    assert reading.known[new.number] == new, "as it stood then"
    reading.finish()
    assert reading.known[new.number].end is not None


def test_many_placed_and_lifted_before_anybody_looked_come_in_portions(desk: Desk) -> None:
    orders = [place(desk, 1)[0] for _ in range(20)]
    for order in orders:
        desk.clock.advance(SOON)
        desk.change(order, lift=True)
    reading = Reading(desk)
    assert len(reading.step()) == 3
    reading.finish()
    assert all(order.lifted is not None for order in reading.known.values())


def test_a_portion_that_could_not_be_used_comes_again(desk: Desk) -> None:
    orders = place(desk, 4)
    unread = Unread()
    with desk.database.read() as reader:
        first, again = unread.take(reader), unread.take(reader)
    assert list(first.orders) == list(again.orders) == orders
    unread.took(again)
    assert unread.is_done(desk.database.head())


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_sequence_the_book_ends_up_with_what_is_stored(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    reading, placed = Reading(desk), place(desk, 2)
    for _ in range(60):
        match chance.randrange(4):
            case 0:
                placed += place(desk, chance.randrange(1, 6))
            case 1:
                desk.clock.advance(SOON)
                at = chance.randrange(len(placed))
                placed[at] = desk.change(placed[at], lasts=60.0 + at)
            case _:
                reading.step()
                due = {o.number: o for o in placed if o.changed <= reading.head}
                assert due.items() <= reading.known.items()
    reading.finish()
    assert reading.known == {order.number: order for order in placed}


class Past:
    """Who changes orders, and what stood after each transaction."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self._desk = desk
        self._chance = chance
        self.now: dict[int, Order] = {}
        self.then: dict[int, dict[int, Order]] = {0: {}}

    def act(self, what: str) -> None:
        known = [order for order in self.now.values() if order.lifted is None]
        some = self._chance.sample(known, min(len(known), 1))
        if what in ("place", "replace"):
            self._keep(*place(self._desk, self._chance.randrange(1, 4)))
        for order in some:
            self._desk.clock.advance(SOON)
            if what == "amend":
                self._keep(self._desk.change(order, lasts=self._chance.random() * 1e6))
            elif what in ("lift", "replace"):
                self._keep(self._desk.change(order, lift=True))

    def _keep(self, *orders: Order) -> None:
        self.now |= {order.number: order for order in orders}
        self.then[self._desk.database.head()] = dict(self.now)


@pytest.mark.parametrize("seed", range(4))
def test_after_each_portion_the_book_is_as_it_was_once(desk: Desk, seed: int) -> None:
    """What was blocked all the time is never let through in between; blocked sooner may be."""
    chance = random.Random(seed)
    past, reading = Past(desk, chance), Reading(desk)
    for _ in range(40):
        what = chance.choice(ACTS)
        past.act(what)
        if what == "read":
            reading.step()
            once = past.then[reading.head]
            assert {n: reading.known[n] for n in once} == once
            early = reading.known.keys() - once.keys()
            assert all(reading.known[n].changed == n for n in early)
    reading.finish()
    assert reading.known == past.now
