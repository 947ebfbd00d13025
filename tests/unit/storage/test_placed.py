# SPDX-License-Identifier: GPL-2.0-or-later
"""What a transaction tells of orders that it placed: all of what it did, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.clock import SystemClock
from enforcer.core.orders import Order
from enforcer.storage.database import Database
from enforcer.storage.placed import JustPlaced, Placed
from enforcer.storage.unit_of_work import UnitOfWork
from tests.unit.control.desk import block

ANN = Actor("ann", "cli")
AT = SystemClock().now()


@pytest.fixture
def database(initialised: Path, tmp_path: Path) -> Iterator[Database]:
    place = shutil.copy(initialised, tmp_path / "enforcer.db")
    opened = Database(f"sqlite:///{place}")
    yield opened
    opened.close()


def place(work: UnitOfWork) -> Order:
    number = work.record("order.placed", ANN, at=AT, payload={})
    order = Order(number, number, block(), "test", "ann", "cli", AT, AT, None)
    work.orders.add(order)
    return order


def test_all_orders_of_a_transaction_are_told_with_the_head(database: Database) -> None:
    before = database.head()
    with database.write() as work:
        orders = (place(work), place(work))
    (told,) = database.placed_after(before)
    assert (told.before, told.orders) == (before, orders)
    with database.read() as reader:
        assert (told.head, told.digest) == reader.audit.head()


def test_transactions_that_follow_one_another_are_told_together(database: Database) -> None:
    before = database.head()
    for _ in range(3):
        with database.write() as work:
            place(work)
    assert [one.before for one in database.placed_after(before)] == [before, before + 1, before + 2]
    assert [one.before for one in database.placed_after(before + 1)] == [before + 1, before + 2]
    assert database.placed_after(before + 3) == ()


def test_what_the_controller_notes_of_devices_is_no_reason_to_ask(database: Database) -> None:
    before = database.head()
    with database.write() as work:
        order = place(work)
    with database.write() as work:
        intent = work.open_intent(ANN, at=AT, device="edge1", payload={})
    with database.write() as work:
        work.close_intent(intent, ANN, at=AT, device="edge1", payload={})
    told = database.placed_after(before)
    assert [one.orders for one in told] == [(order,), (), ()]
    assert told[-1].head == database.head()


def test_with_a_gap_nothing_is_told() -> None:
    last = JustPlaced()
    for before in (3, 4, 6):
        last.tell(Placed(before, before + 1, b"", ()))
    assert last.after(3) == last.after(4) == ()
    assert [one.before for one in last.after(6)] == [6]
    assert last.after(7) == ()


def test_after_anything_else_the_database_is_to_be_asked(database: Database) -> None:
    before = database.head()
    with database.write() as work:
        place(work)
    with database.write() as work:
        more(work)
    with database.write() as work:
        order = place(work)
    assert database.placed_after(before) == ()
    assert [one.orders for one in database.placed_after(before + 2)] == [(order,)]


def place_and_fail(database: Database) -> None:
    with database.write() as work:
        place(work)
        raise ZeroDivisionError


def more(work: UnitOfWork) -> None:
    work.record("note", ANN, at=AT, payload={})


def lift(work: UnitOfWork) -> None:
    order = place(work)
    changed = work.record("order.lifted", ANN, at=AT, payload={})
    work.orders.update(replace(order, changed=changed, lifted=AT))


def alarm(work: UnitOfWork) -> None:
    work.raise_alarm("test", ANN, at=AT, subject="edge1", said="it is so")


@pytest.mark.parametrize("beside", [more, lift, alarm])
@pytest.mark.parametrize("first", [True, False])
def test_a_transaction_that_did_anything_else_tells_nothing(
    database: Database, beside: Callable[[UnitOfWork], None], first: bool
) -> None:
    before = database.head()
    with database.write() as work:
        steps = [beside, place]
        for step in steps if first else reversed(steps):
            step(work)
    assert database.placed_after(before) == ()


def test_what_was_undone_is_not_told(database: Database) -> None:
    before = database.head()
    with pytest.raises(ZeroDivisionError):
        place_and_fail(database)
    with database.write() as work:
        place(work)
    assert len(database.placed_after(before)) == 1
    assert database.placed_after(before)[0].orders[0].number == before + 1


def test_very_many_orders_are_left_to_the_database(database: Database) -> None:
    before = database.head()
    with database.write() as work:
        for _ in range(17):
            place(work)
    assert database.placed_after(before) == ()


def test_everybody_in_this_process_hears_of_the_same_file(database: Database) -> None:
    other = Database(f"sqlite:///{database.path}")
    before = database.head()
    with other.write() as work:
        place(work)
    assert len(database.placed_after(before)) == 1
    other.close()


def test_what_is_long_ago_is_forgotten() -> None:
    last = JustPlaced()
    for at in range(100):
        last.tell(Placed(at, at + 1, b"", ()))
    assert last.after(0) == ()
    assert len(last.after(50)) == 50


def test_what_was_told_can_be_forgotten(database: Database) -> None:
    before = database.head()
    with database.write() as work:
        place(work)
    database.forget_placed()
    assert database.placed_after(before) == ()
