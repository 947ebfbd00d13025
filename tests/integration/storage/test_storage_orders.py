# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders in a real database: kept, found, changed together with their record or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.core.orders import (
    BlockAddress,
    BlockPort,
    CutFeed,
    Order,
    PortRange,
    Selection,
    SuspendCustomer,
    in_force,
    order_id,
)
from enforcer.errors import InvalidInput, NotFound, StorageError
from enforcer.storage.database import Database
from enforcer.storage.errors import DuplicateKey
from enforcer.storage.records import Note
from tests.integration.storage.placing import ANN, HOUR, NOON, an_order, place, place_in

MICROSECOND = timedelta(microseconds=1)


def change(database: Database, order: Order) -> Order:
    with database.write() as unit:
        seq = unit.record("order.changed", ANN, at=NOON, subject=order.id, payload={})
        changed = replace(order, changed=seq)
        unit.orders.update(changed)
    return changed


def change_many(database: Database, orders: Sequence[Order]) -> range:
    with database.write() as unit:
        seqs = unit.record_many([Note("order.changed", {}) for _ in orders], ANN, at=NOON)
        unit.orders.update_many([replace(o, changed=s) for o, s in zip(orders, seqs, strict=True)])
    return seqs


def test_a_placed_order_is_found_again(database: Database) -> None:
    order = place(database, key="ticket-1")
    with database.read() as reader:
        assert reader.orders.get(order.number) == order
        assert reader.orders.by_key("ticket-1") == order
        assert reader.orders.get(order.number + 1) is None
        assert reader.orders.by_key("ticket-2") is None
    assert database.head() == order.number


def test_the_transaction_sees_its_own_order(database: Database) -> None:
    with database.write() as unit:
        order = place_in(unit)
        assert unit.orders.get(order.number) == order
        assert unit.audit.entries(subject=order.id)[0].seq == order.number
        with database.read() as other:
            assert other.orders.get(order.number) is None


def place_and_crash(database: Database) -> None:
    with database.write() as unit:
        place_in(unit)
        raise RuntimeError("crash")


def test_an_error_leaves_nothing(database: Database) -> None:
    before = place(database)
    with pytest.raises(RuntimeError, match="crash"):
        place_and_crash(database)
    assert database.head() == before.number
    with database.read() as reader:
        assert reader.orders.search() == [before]
        assert reader.audit.verify().ok
    assert place(database).number == before.number + 1


def test_an_order_without_its_record_is_refused(database: Database) -> None:
    old = place(database)
    with pytest.raises(StorageError, match="record it first"), database.write() as unit:
        unit.orders.add(an_order(5))
    with database.write() as unit:
        seq = unit.record("order.changed", ANN, at=NOON, payload={})
        with pytest.raises(StorageError, match="record it first"):
            unit.orders.update(old)
        for wrong in (replace(old, number=seq), replace(old, changed=seq), an_order(seq + 1)):
            with pytest.raises(StorageError, match="record it first"):
                unit.orders.add(wrong)


def test_changes_are_seen_in_the_order_they_were_made(database: Database) -> None:
    first, second = place(database), place(database)
    seen = database.head()
    changed = change(database, first)
    third = place(database)
    with database.read() as reader:
        assert reader.orders.changed_since(0) == [second, changed, third]
        assert reader.orders.changed_since(seen) == [changed, third]
        assert reader.orders.changed_since(database.head()) == []


def test_what_changed_again_is_told_as_it_stood_then(database: Database) -> None:
    first, second, third = (place(database) for _ in range(3))
    ended = change(database, replace(first, end=NOON + HOUR))
    lifted = change(database, replace(ended, lifted=NOON))
    again = change(database, replace(second, end=NOON + HOUR))
    with database.read() as reader:
        orders = reader.orders
        assert orders.changed_again(0, third.number) == {1: first, 2: second}
        assert orders.changed_again(0, ended.changed) == {1: ended, 2: second}
        assert orders.changed_again(third.number, ended.changed) == {1: ended}
        assert orders.changed_again(ended.changed, again.changed) == {}
        assert orders.changed_again(database.head(), database.head() + 5) == {}
        assert orders.changed_between(0, lifted.changed) == [third, lifted]


def test_how_far_so_many_orders_go(database: Database) -> None:
    orders = [place(database) for _ in range(4)]
    changed = [change(database, replace(order, end=NOON + HOUR)) for order in orders[:2]]
    with database.read() as reader:
        nth = reader.orders.nth_change
        assert nth(0, 1) == 1 and nth(0, 3) == 3, "placed, whatever became of it"
        assert nth(4, 1) == changed[0].changed and nth(4, 2) == changed[1].changed
        assert nth(4, 3) is None


def test_an_update_replaces_everything(database: Database) -> None:
    order = place(database, CutFeed("hosting"), end=NOON + HOUR, key="a")
    lifted = replace(order, lifted=NOON, lift_reason="paid", reason="other", end=None)
    changed = change(database, lifted)
    with database.read() as reader:
        assert reader.orders.get(order.number) == changed
        assert reader.orders.count_active(NOON) == 0
        assert reader.orders.search(text="paid") == [changed]
        assert reader.orders.search(text="abuse") == []
        assert reader.orders.search(customer="hosting") == [changed]
        assert reader.orders.by_key("a") == changed


def test_an_unknown_order_cannot_be_changed(database: Database) -> None:
    with pytest.raises(NotFound):
        change(database, an_order(99))
    assert database.head() == 0


def test_a_key_is_used_once(database: Database) -> None:
    place(database, key="a")
    with pytest.raises(DuplicateKey):
        place(database, key="a")
    assert place(database, key="b").number == 2
    assert place(database).idempotency_key is place(database).idempotency_key is None


def test_what_cannot_be_read_again_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput):
        place(database, BlockPort(Selection(), (6,), (PortRange(9, 2),)))
    assert database.head() == 0


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_unfinished_and_active_are_exact_to_the_microsecond(database: Database, step: int) -> None:
    orders = [
        place(database, start=NOON - HOUR, end=NOON),
        place(database, start=NOON, end=NOON + HOUR),
        place(database, start=NOON + 9 * HOUR),
        change(database, replace(place(database), lifted=NOON)),
        change(database, replace(place(database, start=NOON - HOUR), lifted=NOON + HOUR)),
    ]
    keep = timedelta(minutes=5)
    for moment in (NOON, NOON + keep, NOON + HOUR, NOON + HOUR + keep, NOON + 9 * HOUR):
        now = moment + step * MICROSECOND
        wanted = [o for o in orders if o.ends is None or o.ends >= now - keep]
        with database.read() as reader:
            assert reader.orders.unfinished(now, keep) == wanted
            active = [o for o in orders if in_force(o, now)]
            assert reader.orders.count_active(now) == len(active)
            assert reader.orders.search(active_at=now) == active[::-1]
            over = [o.number for o in orders if o.ends is not None and NOON <= o.ends <= now]
            assert reader.orders.ended_between(NOON, now) == frozenset(over)


@pytest.fixture
def several(database: Database) -> list[Order]:
    port = BlockPort(Selection((ip_network("2001:db8::/32"),), ("hosting",)), (6,), ())
    return [
        place(database, reason="100% sure"),
        place(database, port, reason="Größe_1"),
        place(database, SuspendCustomer("bakery", Selection(customers=("hosting",)))),
        place(database, BlockAddress(ip_network("198.51.100.7/32")), reason="C:\\x"),
    ]


@pytest.mark.parametrize(
    "asked, found",
    [
        ({}, [4, 3, 2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"limit": 2, "before_number": 3}, [2, 1]),
        ({"numbers": [1, 3, 99]}, [3, 1]),
        ({"numbers": []}, []),
        ({"numbers": range(1, 20_000), "limit": 3}, [4, 3, 2]),
        ({"numbers": range(2, 20_000), "kinds": ["block_address"]}, [4]),
        ({"kinds": ["block_port", "suspend_customer"]}, [3, 2]),
        ({"kinds": []}, []),
        ({"customer": "hosting"}, [2]),
        ({"customer": "host"}, []),
        ({"text": "198.51"}, [4]),
        ({"text": "GRÖSSE_"}, [2]),
        ({"text": "0%"}, [1]),
        ({"text": "%"}, [1]),
        ({"text": "_"}, [2]),
        ({"text": "c:\\"}, [4]),
        ({"text": order_id(3)}, [3]),
        ({"text": "abuse", "customer": "bakery"}, [3]),
    ],
)
def test_search(
    database: Database, several: list[Order], asked: dict[str, Any], found: list[int]
) -> None:
    with database.read() as reader:
        result = reader.orders.search(**asked)
    assert result == [several[number - 1] for number in found]


def test_many_orders_in_one_transaction(database: Database) -> None:
    count = 6_000
    with database.write() as unit:
        first = unit.next_sequence()
        notes = (
            Note("order.placed", {"row": row}, subject=order_id(first + row))
            for row in range(count)
        )
        numbers = unit.record_many(notes, ANN, at=NOON)
        unit.orders.add_many([an_order(number, CutFeed(f"c{number}")) for number in numbers])
    assert numbers == range(1, count + 1)
    with database.read() as reader:
        assert [o.number for o in reader.orders.changed_since(0)] == list(numbers)
        assert reader.orders.search(customer="c5999") == [an_order(5999, CutFeed("c5999"))]
        assert reader.audit.entries(subject=order_id(5_999))[0].payload["row"] == 5_998
        assert reader.audit.verify().entries == count


def test_many_orders_are_changed_together_or_not_at_all(database: Database) -> None:
    orders = [place(database) for _ in range(3)]
    assert change_many(database, [replace(o, lifted=NOON) for o in orders]) == range(4, 7)
    with database.read() as reader:
        assert reader.orders.count_active(NOON) == 0
        assert [order.changed for order in reader.orders.changed_since(0)] == [4, 5, 6]
    with pytest.raises(NotFound):
        change_many(database, [*orders, an_order(99)])
    with database.read() as reader:
        assert reader.orders.count_active(NOON) == 0


def test_what_no_database_holds_is_not_looked_up(database: Database) -> None:
    # On PostgreSQL a question that was refused spoils its snapshot.
    refused = pytest.raises(InvalidInput, match="cannot hold")
    with refused, database.read() as reader:
        reader.orders.by_key("\udcff")
    with refused, database.read() as reader:
        reader.orders.get(2**63)
    with database.read() as reader:
        assert reader.orders.search() == []


def test_nothing_many_times_is_nothing(database: Database) -> None:
    with database.write() as unit:
        assert list(unit.record_many([], ANN, at=NOON)) == []
        unit.orders.add_many([])
        unit.orders.update_many([])
    assert database.head() == 0
