# SPDX-License-Identifier: GPL-2.0-or-later
"""What is repeated in an order's columns: exact instants, customers, words to search for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Order,
    PortRange,
    Selection,
    SuspendCustomer,
    in_force,
    order_id,
)
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.order_rows import customers_of, order_of, row_of
from enforcer.storage.times import EPOCH, NEVER, from_us, to_us
from tests.unit.storage.any_orders import instants, orders

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SET = BlockAddress(ip_network("192.0.2.0/24"))


def order(demand: Demand = SET, reason: str = "") -> Order:
    return Order(7, 7, demand, reason, "ann", "cli", NOON, NOON, None)


@given(instants)
def test_instants_are_exact(instant: datetime) -> None:
    assert from_us(to_us(instant)) == instant


def test_never_is_later_than_the_calendar() -> None:
    assert to_us(datetime.max.replace(tzinfo=UTC)) < NEVER
    assert to_us(EPOCH) == 0


@given(orders, instants, st.sampled_from([-1, 0, 1]))
def test_columns_decide_as_the_core_does(one: Order, now: datetime, step: int) -> None:
    row = row_of(one)
    for instant in (now, one.start, one.ends or now):
        moment = instant + timedelta(microseconds=step)
        held = row["start_us"] <= to_us(moment) < row["ends_us"]
        by_columns = held and row["lifted_us"] is None
        assert by_columns == in_force(one, moment)


@given(orders)
def test_a_row_holds_the_whole_order(one: Order) -> None:
    assert order_of(row_of(one)["body"]) == one


@pytest.mark.parametrize(
    "demand",
    [
        BlockAddress(ip_network("::ffff:192.0.2.1/128")),
        BlockPort(Selection(), (300,), (PortRange(1, 2),)),
        BlockPort(Selection(), (6,), (PortRange(9, 2),)),
        BlockList("a\0b"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(demand: Demand) -> None:
    with pytest.raises(InvalidInput):
        row_of(order(demand))


def test_an_unreadable_body_is_not_an_order() -> None:
    with pytest.raises(StorageError, match="stored order"):
        order_of('{"kind":"from the future"}')


@pytest.mark.parametrize(
    "demand, customers",
    [
        (SET, set()),
        (BlockPort(Selection(customers=("a", "b")), (6,), ()), {"a", "b"}),
        (BlockFlow(Selection(customers=("a",)), Selection(customers=("c",))), {"a", "c"}),
        (BlockList("botnets"), set()),
        (SuspendCustomer("a", Selection(customers=("kept",))), {"a"}),
        (CutFeed("a", exceptions=Selection(customers=("kept",))), {"a"}),
    ],
)
def test_customers_are_those_of_the_target(demand: Demand, customers: set[str]) -> None:
    assert customers_of(demand) == customers


def test_words_to_search_for() -> None:
    flow = BlockFlow(
        Selection((ip_network("2001:DB8::/32"),), customers=("Bakery",)),
        Selection(service_sets=("news",)),
    )
    said = replace(order(flow, "Größe"), ticket="INC-1", lift_reason="Done")
    words = row_of(said)["search"].split("\n")
    wanted = ["2001:db8::/32", "bakery", "news", "grösse", "inc-1", "ann", "done"]
    assert sorted(words) == sorted([*wanted, order_id(7).lower()])
