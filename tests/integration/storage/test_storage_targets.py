# SPDX-License-Identifier: GPL-2.0-or-later
"""An address finds its orders, and its entries of a list, in the database as a scan would."""

from __future__ import annotations

import random
from dataclasses import replace
from ipaddress import ip_address, ip_network

import numpy as np
import pytest

from enforcer.core.intervals import Ranges, inside, rows_of
from enforcer.core.lists import ListContent, content_of
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    Demand,
    Network,
    Selection,
    SuspendCustomer,
)
from enforcer.errors import StorageError
from enforcer.storage import migrate
from enforcer.storage.columns import ROWS
from enforcer.storage.database import Database
from enforcer.storage.inventories import CONTENT
from enforcer.storage.records import Note
from enforcer.wire import JSONValue
from tests.integration.storage.placing import ANN, HOUR, NOON, an_order, place
from tests.integration.storage.tampering import ask, tamper

RANDOM = random.Random(20)
NAMES = ("alpha", "beta", "gamma")
ASKED = [
    ip_network(text)
    for text in ("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "::/0", "fd00::/9")
]


def prefix() -> Network:
    """Around a few addresses, so that many overlap."""
    if RANDOM.random() < 0.5:
        length = RANDOM.choice((0, 8, 15, 16, 17, 24, 31, 32))
        address = int(ip_address("10.1.2.0")) + RANDOM.choice((0, 3, 255, 2**16, 2**24))
    else:
        length = RANDOM.choice((0, 7, 8, 9, 48, 64, 127, 128))
        address = int(ip_address("fd00::")) + RANDOM.choice((0, 1, 2**64, 2**120))
    return ip_network((address, length), strict=False)


def demand() -> Demand:
    match RANDOM.randrange(4):
        case 0:
            return SuspendCustomer(RANDOM.choice(NAMES), Selection())
        case 1:
            return BlockFlow(Selection((prefix(),)), Selection((prefix(),), (NAMES[0],)))
        case 2:
            return BlockList(RANDOM.choice(NAMES))
    return BlockAddress(prefix())


def is_about(one: Demand, asked: Network, names: set[str]) -> bool:
    match one:
        case SuspendCustomer():
            return one.customer in names
        case BlockFlow():
            prefixes = (*one.source.prefixes, *one.destination.prefixes)
            named = names & {*one.source.customers, *one.destination.customers}
            return bool(named) or any(overlap(asked, own) for own in prefixes)
        case BlockAddress():
            return overlap(asked, one.prefix)
    return False


def overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def test_the_index_finds_what_a_scan_finds(database: Database) -> None:
    with database.write() as unit:
        first = unit.next_sequence()
        orders = [an_order(first + at, demand(), end=NOON + HOUR * (at % 3)) for at in range(300)]
        unit.record_many([Note("order.placed", {}, o.id) for o in orders], ANN, at=NOON)
        unit.orders.add_many(orders)
    with database.read() as reader:
        targets = reader.order_targets
        for asked in (*ASKED, *(prefix() for _ in range(60))):
            names = set(RANDOM.sample(NAMES, RANDOM.randrange(3)))
            found = targets.about(asked, names)
            assert found == {o.number for o in orders if is_about(o.demand, asked, names)}, asked
            alive = targets.alive(found, NOON + HOUR, NOON)
            kept = {o.number for o in orders if o.end is not None and o.end > NOON + HOUR}
            assert alive == sorted(found & kept)
            assert targets.alive(found, NOON + HOUR, NOON - HOUR) == []
        for name, numbers in targets.by_list().items():
            assert numbers == [o.number for o in orders if o.demand == BlockList(name)]


def test_an_order_that_is_about_something_else_now_is_found_there(database: Database) -> None:
    old, new = ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")
    order = place(database, BlockAddress(old))
    with database.write() as unit:
        seq = unit.record("order.amended", ANN, at=NOON, subject=order.id, payload={})
        unit.orders.update(replace(order, changed=seq, demand=BlockAddress(new)))
    with database.read() as reader:
        assert reader.order_targets.about(old, ()) == set()
        assert reader.order_targets.about(new, ()) == {order.number}
        assert reader.audit.verify().ok


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM order_targets WHERE number = 1",
        "INSERT INTO order_targets (key, number) SELECT blobs.body, 2 FROM blobs",
        "INSERT INTO order_targets (key, number) SELECT key, 999 FROM order_targets"
        " WHERE number = 1",
    ],
)
def test_an_index_that_was_changed_is_found_by_verifying(
    database: Database, url: str, statement: str
) -> None:
    for _ in range(2):
        place(database)
    with database.write() as unit:
        unit.blob(b"something")
        unit.record("note", ANN, at=NOON, payload={"said": unit.blob(b"something")})
    with database.read() as reader:
        assert reader.audit.verify().ok
    tamper(url, statement)
    with database.read() as reader:
        found = reader.audit.verify()
    assert not found.ok
    assert "target" in found.why


def test_orders_that_are_there_are_indexed_when_the_index_comes(url: str) -> None:
    database = Database(url)
    placed = [place(database, demand()) for _ in range(40)]
    database.close()
    count = ask(url, "SELECT count(*) FROM order_targets")
    migrate.downgrade(url, "0004")
    migrate.upgrade(url)
    assert ask(url, "SELECT count(*) FROM order_targets") == count
    database = Database(url)
    with database.read() as reader:
        assert reader.audit.verify().ok
        for asked in ASKED:
            wanted = {o.number for o in placed if is_about(o.demand, asked, set(NAMES))}
            assert reader.order_targets.about(asked, NAMES) == wanted
    database.close()


# -- lists -------------------------------------------------------------------------------


def imported(database: Database, content: ListContent) -> None:
    with database.write() as unit:
        unit.lists.add_version("l", content, source="x", at=NOON, rejected=0, sha256="0" * 64)


def ranges(family: int, count: int) -> Ranges:
    """Unsorted, some within others, over more than one part."""
    shift = 0 if family == 4 else 64
    step = 2**31 // count
    pairs = [((2**30 + at * step), RANDOM.randrange(3 * step)) for at in range(count)]
    RANDOM.shuffle(pairs)
    return Ranges.of((low << shift, (low + more) << shift) for low, more in pairs)


def some(family: int) -> list[Network]:
    sizes = (8, 20, 32) if family == 4 else (40, 64, 128)
    top = 32 if family == 4 else 128
    shift = 0 if family == 4 else 64
    kind = ip_address("0.0.0.0").__class__ if family == 4 else ip_address("::").__class__
    return [
        ip_network((kind((2**30 + RANDOM.randrange(2**31)) << shift), min(size, top)), strict=False)
        for size in sizes
        for _ in range(3)
    ]


@pytest.mark.parametrize("kept", [True, False], ids=["bounded", "from before"])
def test_what_is_near_an_address_is_what_the_whole_list_has_there(
    database: Database, url: str, kept: bool
) -> None:
    content = content_of(ranges(4, ROWS + 7), ranges(6, ROWS + 3))
    imported(database, content)
    if not kept:
        tamper(url, "DELETE FROM list_bounds")
    with database.read() as reader:
        for family in (4, 6):
            for asked in some(family):
                rows = content.ranges(family)
                expected = rows.take(inside(rows, rows_of((asked,))).source)
                found = reader.lists.near("l", 1, asked)
                assert np.array_equal(found.ranges(family).first, expected.first)
                assert np.array_equal(found.ranges(family).last, expected.last)
                assert not len(found.ranges(10 - family))
        assert reader.lists.entries("l") == len(content)
        assert not len(reader.lists.near("l", 2, ASKED[0]))
        assert not len(reader.lists.near("none", 1, ASKED[0]))
        assert reader.lists.entries("none") == 0


def test_a_list_that_lost_a_part_is_damaged_wherever_one_looks(
    database: Database, url: str
) -> None:
    imported(database, content_of(Ranges.of([(1, 5)]), Ranges.of([(7, 9)])))
    tamper(url, "DELETE FROM list_chunks WHERE family = 6")
    with database.read() as reader, pytest.raises(StorageError, match="incomplete"):
        reader.lists.near("l", 1, ip_network("0.0.0.3"))


def test_a_bound_that_was_changed_is_found_by_verifying(database: Database, url: str) -> None:
    content = content_of(Ranges.of([(1, 5)]), Ranges.of([(7, 9)]))
    with database.write() as unit:
        version = unit.lists.add_version(
            "l", content, source="x", at=NOON, rejected=0, sha256="0" * 64
        )
        payload: dict[str, JSONValue] = {
            "version": version,
            CONTENT: unit.lists.content_digest("l", version),
        }
        unit.record("list.imported", ANN, at=NOON, subject="l", payload=payload)
    with database.read() as reader:
        assert reader.audit.verify().ok
    tamper(url, "UPDATE list_bounds SET low = high WHERE family = 4")
    with database.read() as reader:
        found = reader.audit.verify()
    assert not found.ok
    assert "elsewhere" in found.why
