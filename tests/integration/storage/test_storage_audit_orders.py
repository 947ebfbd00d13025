# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that are not what the audit chain tells of: edited, removed, inserted behind its back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.core.orders import BlockList, Order
from enforcer.errors import StorageError
from enforcer.storage.database import Database
from enforcer.storage.order_rows import digest_of
from enforcer.storage.records import Note, VerifyResult
from enforcer.wire import encode_order
from tests.integration.storage.placing import ANN, HOUR, NOON, an_order, place, place_in
from tests.integration.storage.tampering import tamper


def verdict(database: Database) -> VerifyResult:
    with database.read() as reader:
        return reader.audit.verify()


def extend(database: Database, order: Order, kind: str = "order.extended") -> Order:
    with database.write() as unit:
        seq = unit.record(kind, ANN, at=NOON + HOUR, subject=order.id, payload={})
        changed = replace(order, changed=seq, end=NOON + 9 * HOUR)
        unit.orders.update(changed)
    return changed


@pytest.fixture
def three(database: Database) -> list[Order]:
    """Three orders at 1, 2 and 3; the second was extended at 4."""
    orders = [place(database, end=NOON + 8 * HOUR) for _ in range(3)]
    orders[1] = extend(database, orders[1])
    assert verdict(database).ok
    return orders


EDITS = {
    "its reason": ("UPDATE orders SET body = REPLACE(body, 'abuse', 'theft') WHERE number = 1", 1),
    "what it is about": (
        "UPDATE orders SET body = REPLACE(body, '192.0.2.0/24', '192.0.3.0/24') WHERE number = 3",
        3,
    ),
    "its end": ("UPDATE orders SET ends_us = ends_us + 1 WHERE number = 2", 4),
    "its column only": ("UPDATE orders SET issuer = 'bob' WHERE number = 1", 1),
    "what it was found by": ("UPDATE orders SET search = 'x' WHERE number = 1", 1),
    "its past": (
        "UPDATE order_versions SET body = REPLACE(body, 'abuse', 'theft') WHERE number = 1",
        1,
    ),
    "an earlier past": (
        "UPDATE order_versions SET body = REPLACE(body, 'abuse', 'theft')"
        " WHERE number = 2 AND seq = 2",
        2,
    ),
    "a removed past": ("DELETE FROM order_versions WHERE number = 2 AND seq = 2", 2),
    "a removed present": ("DELETE FROM order_versions WHERE number = 2 AND seq = 4", 4),
    "an invented past": (
        "INSERT INTO order_versions SELECT number, 3, at_us, body FROM order_versions"
        " WHERE number = 1",
        3,
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edited_order_is_found(
    database: Database, url: str, three: list[Order], what: str
) -> None:
    statement, first_bad = EDITS[what]
    tamper(url, statement)
    found = verdict(database)
    assert (found.ok, found.first_bad) == (False, first_bad), found.why
    assert "order 000" in found.why


def test_a_removed_order_is_found(database: Database, url: str, three: list[Order]) -> None:
    tamper(
        url,
        "DELETE FROM order_versions WHERE number = 3",
        "DELETE FROM orders WHERE number = 3",
    )
    assert verdict(database).first_bad == 3


def test_an_inserted_order_is_found(database: Database, url: str, three: list[Order]) -> None:
    """With a version of its own, or without one."""
    columns = "kind, created_us, start_us, end_us, lifted_us, ends_us, issuer, source, search"
    tamper(
        url,
        f"INSERT INTO orders (number, changed, body, {columns})"
        f" SELECT 4, 4, body, {columns} FROM orders WHERE number = 1",
    )
    found = verdict(database)
    assert (found.ok, found.first_bad) == (False, 4)
    tamper(
        url,
        "INSERT INTO order_versions SELECT 4, 4, at_us, body FROM order_versions"
        " WHERE number = 1 AND seq = 1",
    )
    found = verdict(database)
    assert (found.ok, found.first_bad) == (False, 4)


def test_the_chain_says_as_what_an_order_was_stored(database: Database) -> None:
    order = place(database)
    with database.read() as reader:
        (entry,) = reader.audit.entries()
    assert entry.payload["sha256"] == {order.id: digest_of(encode_order(order).decode())}


def test_an_order_that_changes_with_another_entry_is_told_of_at_the_end(
    database: Database,
) -> None:
    """Such as a reload of the inventory that ends orders: one entry for all of them."""
    orders = [place(database) for _ in range(2)]
    with database.write() as unit:
        seq = unit.record("inventory.loaded", ANN, at=NOON, payload={})
        ended = [replace(o, changed=seq, end=NOON + HOUR) for o in orders]
        unit.orders.update_many(ended)
    with database.read() as reader:
        told = reader.audit.entries(after=seq)
        versions = [reader.order_versions.of(o.number)[-1] for o in orders]
    assert [entry.kind for entry in told] == ["orders.stored"]
    assert told[0].payload["sha256"] == {o.id: digest_of(encode_order(o).decode()) for o in ended}
    assert [(v.seq, v.order) for v in versions] == [(seq, o) for o in ended]
    assert verdict(database).ok


def test_following_a_list_is_no_new_version_of_an_order(database: Database) -> None:
    order = place(database, BlockList("botnets"))
    with database.write() as unit:
        seq = unit.record("list.imported", ANN, at=NOON, subject="botnets", payload={})
        unit.orders.update(replace(order, changed=seq))
    assert database.head() == seq, "nothing is told twice"
    with database.read() as reader:
        assert [v.seq for v in reader.order_versions.of(order.number)] == [order.number]
    assert verdict(database).ok


def test_many_orders_are_walked_in_pages(database: Database) -> None:
    count = 6_000
    with database.write() as unit:
        notes = (Note("order.placed", {}) for _ in range(count))
        numbers = unit.record_many(notes, ANN, at=NOON)
        unit.orders.add_many([an_order(number) for number in numbers])
    told: list[tuple[int, int]] = []
    with database.read() as reader:
        assert reader.audit.verify(lambda done, of: told.append((done, of))).ok
    assert told == [(5_000, count), (count, count)]


def test_an_order_as_it_stood(database: Database) -> None:
    first = place(database, end=NOON + HOUR)
    later = extend(database, first)
    with database.read() as reader:
        at = reader.order_versions.at
        assert list(at([first.number], NOON - timedelta(microseconds=1))) == []
        assert [v.order for v in at([first.number], NOON)] == [first]
        just_before = NOON + HOUR - timedelta(microseconds=1)
        assert [v.order for v in at([first.number], just_before)] == [first]
        assert [v.order for v in at([first.number, 99], NOON + HOUR)] == [later]
        assert [v.seq for v in reader.order_versions.of(first.number)] == [1, 2]


def test_what_is_undone_leaves_no_version(database: Database) -> None:
    def fail() -> None:
        with database.write() as unit:
            place_in(unit)
            unit.orders.add(an_order(99))

    with pytest.raises(StorageError, match="record it first"):
        fail()
    with database.read() as reader:
        assert reader.order_versions.of(1) == []
        assert reader.audit.verify().ok


def test_an_order_that_changes_twice_in_one_transaction(database: Database) -> None:
    """By two entries, and by one entry twice: the chain tells of what is left."""
    order = place(database)
    with database.write() as unit:
        for kind in ("inventory.loaded", "device.retired"):
            seq = unit.record(kind, ANN, at=NOON, payload={})
            for hours in (1, 2):
                end = NOON + (seq + hours) * HOUR
                unit.orders.update(replace(order, changed=seq, end=end))
    assert verdict(database).ok
    with database.read() as reader:
        assert [v.seq for v in reader.order_versions.of(order.number)] == [1, 2, 3]


COPIED = "at_us, kind, actor, source, subject, device, prev, hash, body"
INSERTED = {
    "in the middle": (
        (
            "UPDATE audit SET seq = -(seq + 1) WHERE seq >= 3",
            "UPDATE audit SET seq = -seq WHERE seq < 0",
            f"INSERT INTO audit (seq, {COPIED}) SELECT 3, {COPIED} FROM audit WHERE seq = 2",
            "UPDATE audit_head SET seq = seq + 1",
        ),
        3,
    ),
    "at the end": (
        (f"INSERT INTO audit (seq, {COPIED}) SELECT 5, {COPIED} FROM audit WHERE seq = 4",),
        5,
    ),
    "at the end, with the head": (
        (
            f"INSERT INTO audit (seq, {COPIED}) SELECT 5, {COPIED} FROM audit WHERE seq = 4",
            "UPDATE audit_head SET seq = 5",
        ),
        5,
    ),
    "before the first": (
        (f"INSERT INTO audit (seq, {COPIED}) SELECT -7, {COPIED} FROM audit WHERE seq = 1",),
        -7,
    ),
}


@pytest.mark.parametrize("where", INSERTED)
def test_an_inserted_entry_is_found(
    database: Database, url: str, three: list[Order], where: str
) -> None:
    statements, first_bad = INSERTED[where]
    tamper(url, *statements)
    found = verdict(database)
    assert (found.ok, found.first_bad) == (False, first_bad), found.why
