# SPDX-License-Identifier: GPL-2.0-or-later
"""Many orders at once: each line by itself, nothing twice, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from enforcer.application.commands import OrderFilter, PlaceOrder
from enforcer.core.orders import BlockAddress, Direction, Scope
from enforcer.core.topology import SourceLimits
from enforcer.errors import StorageError
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.place_many import PORTION
from tests.unit.usecases.desks import GUARDED, entries, equip
from tests.unit.usecases.office import ANN, HOUR, Office

MANY = 2 * PORTION + 10
ALL = OrderFilter(limit=10 * PORTION)


def line(number: int, **changes: Any) -> PlaceOrder:
    """Each its own address of 16.0.0.0/8, none beside another."""
    address = ip_network(ip_address("16.0.0.0") + 2 * number)
    demand = BlockAddress(address, Direction.FROM)
    made = PlaceOrder(demand=demand, reason="swarm", duration=HOUR, idempotency_key=f"k{number}")
    return made.model_copy(update=changes)


def protected(number: int) -> PlaceOrder:
    return line(number, demand=BlockAddress(ip_network("203.0.113.9")))


@pytest.fixture
def guarded(office: Office) -> Office:
    equip(office, GUARDED)
    return office


def placed(office: Office) -> int:
    return len(office.app.orders(ANN, ALL))


def test_a_refused_line_stops_no_other_one(guarded: Office) -> None:
    commands = [
        line(1),
        protected(2),
        line(3, reason=""),
        line(4, end=guarded.clock.now()),
        line(5),
    ]
    results = guarded.app.place_many(ANN, commands)
    assert [one.line for one in results] == [1, 2, 3, 4, 5]
    assert [one.code for one in results] == [None, "protected", "invalid", "invalid", None]
    assert [one.order is not None for one in results] == [True, False, False, False, True]
    assert "our servers" in results[1].message
    assert "--reason" in results[2].message
    assert "exactly one of" in results[3].message
    assert placed(guarded) == 2
    assert len(entries(guarded, "order.refused")) == 1


def test_each_order_has_its_own_entry_and_number(guarded: Office) -> None:
    results = guarded.app.place_many(ANN, [line(1), protected(2), line(3)])
    views = [one.order for one in results if one.order]
    said = entries(guarded, "order.placed")
    assert [(view.number, view.id) for view in views] == [(e.seq, e.subject) for e in said]
    assert guarded.app.audit_verify(ANN).ok
    assert [view.target for view in views] == ["16.0.0.2 from", "16.0.0.6 from"]


def test_a_key_counts_within_the_lines_too(guarded: Office) -> None:
    again, other = line(1), line(2, idempotency_key="k1")
    results = guarded.app.place_many(ANN, [line(1), again, other])
    assert results[0].order is not None and results[1].order is not None
    assert results[0].order.id == results[1].order.id
    assert results[2].code == "key-reused"
    assert results[0].order.id in results[2].message
    assert placed(guarded) == 1


def test_limits_count_within_the_lines_too(guarded: Office) -> None:
    sources = {"cli": SourceLimits("cli", active=5, per_minute=3)}
    equip(guarded, replace(GUARDED, sources=sources))
    results = guarded.app.place_many(ANN, [line(n) for n in range(6)])
    assert [one.code for one in results] == [None] * 3 + ["too-fast"] * 3
    guarded.clock.advance(61)
    results = guarded.app.place_many(ANN, [line(n) for n in range(6)])
    assert [one.code for one in results] == [None] * 5 + ["too-many-active"]
    assert placed(guarded) == 5


def test_room_counts_within_the_lines_too(guarded: Office) -> None:
    guarded.limit("edge1", 3)
    here = Scope(devices=("edge1",))
    guarded.place(line(0).demand, scope=here)
    results = guarded.app.place_many(ANN, [line(n, scope=here) for n in (0, 1, 2, 3, 1)])
    assert [one.code for one in results] == [None, None, None, "over-capacity", None]
    assert "hold 4 entries (now 3) and can hold 3" in results[3].message
    elsewhere = [line(n, scope=Scope(devices=("edge2",))) for n in range(5, 9)]
    assert {one.code for one in guarded.app.place_many(ANN, elsewhere)} == {None}


def test_many_lines_are_few_transactions_and_one_ring(guarded: Office) -> None:
    seen: Counter[str] = Counter()
    app = LocalApplication(replace(guarded.world, step=lambda name: seen.update([name])))
    results = app.place_many(ANN, [line(n) for n in range(MANY)])
    assert len(results) == MANY and all(one.order for one in results)
    assert seen["committed"] == 3
    assert seen["rung"] == 1
    assert placed(guarded) == MANY
    assert guarded.app.audit_verify(ANN).ok


class PowerCut(BaseException):
    """Nothing more is done."""


@pytest.mark.parametrize("step, whole", [("placing", PORTION), ("placed", PORTION)])
def test_a_crash_leaves_whole_portions_and_the_same_lines_again_place_the_rest(
    guarded: Office, step: str, whole: int
) -> None:
    seen: Counter[str] = Counter()

    def cut(name: str) -> None:
        seen.update([name])
        if seen[step] == 2:
            raise PowerCut

    commands = [protected(0), *(line(n) for n in range(1, MANY))]
    app = LocalApplication(replace(guarded.world, step=cut))
    with pytest.raises(PowerCut):
        app.place_many(ANN, commands)
    first = guarded.app.orders(ANN, ALL)
    assert len(first) == whole - 1
    assert len(entries(guarded, "order.refused")) == 1
    results = guarded.app.place_many(ANN, commands)
    assert placed(guarded) == MANY - 1
    again = {one.order.id for one in results if one.order}
    assert {view.id for view in first} <= again and len(again) == MANY - 1
    assert guarded.app.audit_verify(ANN).ok


def test_what_is_placed_is_told_to_the_controller_even_if_the_rest_fails(guarded: Office) -> None:
    seen: Counter[str] = Counter()

    def full_disk(name: str) -> None:
        seen.update([name])
        if seen["placing"] == 2 and name == "placing":
            raise StorageError("the disk is full: make room")

    app = LocalApplication(replace(guarded.world, step=full_disk))
    with pytest.raises(StorageError):
        app.place_many(ANN, [line(n) for n in range(MANY)])
    assert placed(guarded) == PORTION
    assert seen["rung"] == 1


def test_nothing_is_nothing(guarded: Office) -> None:
    assert guarded.app.place_many(ANN, []) == []


def test_a_paused_desk_takes_what_starts_later(guarded: Office) -> None:
    guarded.app.pause(ANN, "maintenance")
    commands = [line(1), line(2, start_after=timedelta(minutes=10))]
    results = guarded.app.place_many(ANN, commands)
    assert [one.code for one in results] == ["paused", None]
