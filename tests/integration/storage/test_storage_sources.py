# SPDX-License-Identifier: GPL-2.0-or-later
"""Kill switches, what sources did, and limits that hold under a race, on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import BlockAddress
from enforcer.core.source_limits import Stop
from enforcer.core.topology import SourceLimits
from enforcer.errors import OrderRefused
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import UnitOfWork
from tests.integration.storage.placing import ANN, HOUR, NOON, an_order, place_in
from tests.unit.usecases.desks import equip
from tests.unit.usecases.office import TOPOLOGY, Office

STOP = Stop("ann", "runs wild", NOON)
SECOND = timedelta(seconds=1)


def from_source(unit: UnitOfWork, source: str, created: datetime, ends: datetime | None) -> int:
    number = unit.next_sequence()
    order = replace(an_order(number, end=ends), source=source, created=created)
    unit.record("order.placed", ANN, at=NOON, subject=order.id, payload={})
    unit.orders.add(order)
    return number


def test_a_stop_is_kept_as_it_was_first_given(database: Database) -> None:
    with database.write() as unit:
        assert unit.sources.stop("detector", STOP)
        assert not unit.sources.stop("detector", replace(STOP, by="eve"))
    with database.read() as reader:
        assert reader.sources.stop_of("detector") == STOP
        assert reader.sources.stop_of("cli") is None
        assert reader.sources.stops() == {"detector": STOP}
    with database.write() as unit:
        assert unit.sources.start("detector")
        assert not unit.sources.start("detector")
        assert unit.sources.stops() == {}


def test_a_stop_is_part_of_its_transaction(database: Database) -> None:
    def undone() -> None:
        with database.write() as unit:
            unit.sources.stop("detector", STOP)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with database.read() as reader:
        assert reader.sources.stop_of("detector") is None


def test_orders_are_counted_by_source_until_they_end(database: Database) -> None:
    with database.write() as unit:
        from_source(unit, "api", NOON - HOUR, NOON)
        from_source(unit, "api", NOON - HOUR, NOON + SECOND)
        from_source(unit, "api", NOON, None)
        lifted = from_source(unit, "api", NOON - SECOND, None)
        from_source(unit, "cli", NOON, None)
        number = unit.record("order.lifted", ANN, at=NOON, payload={})
        order = unit.orders.get(lifted)
        assert order is not None
        unit.orders.update(replace(order, changed=number, lifted=NOON, lift_reason="clean"))
    with database.read() as reader:
        orders = reader.orders
        assert orders.unfinished_by_source(NOON) == {"api": 2, "cli": 1}
        assert orders.unfinished_by_source(NOON + SECOND) == {"api": 1, "cli": 1}
        assert orders.unfinished_by_source(NOON, "api") == {"api": 2}
        assert orders.unfinished_by_source(NOON, "nobody") == {}
        assert orders.placed_by_source(NOON - SECOND) == {"api": 1, "cli": 1}
        assert orders.placed_by_source(NOON - 2 * SECOND) == {"api": 2, "cli": 1}
        assert orders.placed_by_source(NOON - HOUR * 2, "api") == {"api": 4}
        assert orders.sources() == ["api", "cli"]


def test_what_is_to_come_counts_too(database: Database) -> None:
    with database.write() as unit:
        place_in(unit, start=NOON + HOUR, end=NOON + 2 * HOUR)
    with database.read() as reader:
        assert reader.orders.unfinished_by_source(NOON) == {"cli": 1}


def test_two_programs_together_place_no_more_than_their_source_may(url: str) -> None:
    """Each with connections of its own, as two processes have them."""
    databases = [Database(url) for _ in range(2)]
    with databases[0].write() as unit:
        unit.control.initialise("C0FFEE")
    offices = [Office(database) for database in databases]
    for office in offices:
        equip(office, replace(TOPOLOGY, sources={"cli": SourceLimits("cli", active=10)}))

    def rush(at: int) -> list[str]:
        said = []
        for last in range(12):
            demand = BlockAddress(ip_network(f"8.8.{at}.{last}"))
            try:
                offices[at].app.place(ANN, PlaceOrder(demand=demand, reason="x", duration=HOUR))
                said.append("placed")
            except OrderRefused as refused:
                said.append(refused.code)
        return said

    with ThreadPoolExecutor(2) as pool:
        said = [word for words in pool.map(rush, range(2)) for word in words]
    assert sorted(said) == ["placed"] * 10 + ["too-many-active"] * 14
    with databases[0].read() as reader:
        assert reader.orders.unfinished_by_source(offices[0].clock.now()) == {"cli": 10}
    for database in databases:
        database.close()
