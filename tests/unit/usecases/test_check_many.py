# SPDX-License-Identifier: GPL-2.0-or-later
"""What would become of many orders: the verdicts of placing them, and nothing is stored."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import BlockAddress
from enforcer.core.topology import SourceLimits
from tests.unit.usecases.desks import GUARDED, equip
from tests.unit.usecases.office import ANN, Office
from tests.unit.usecases.test_place_many import line, placed, protected


@pytest.fixture
def guarded(office: Office) -> Office:
    equip(office, GUARDED)
    return office


def wide(number: int) -> PlaceOrder:
    return line(number, demand=BlockAddress(ip_network("198.18.0.0/24")))


def test_the_verdicts_are_those_of_placing(guarded: Office) -> None:
    guarded.app.place(ANN, line(9))
    commands = [
        line(1),
        protected(2),
        line(3, reason=""),
        line(4, end=guarded.clock.now()),
        wide(5),
        line(9, demand=line(8).demand),
        line(6),
    ]
    head = guarded.app.control(ANN).head
    checked = guarded.app.check_many(ANN, commands)
    assert guarded.app.control(ANN).head == head, "nothing was stored, no refusal recorded"
    assert placed(guarded) == 1
    done = guarded.app.place_many(ANN, commands)
    assert [(r.line, r.code) for r in checked] == [(r.line, r.code) for r in done]
    assert {r.code for r in checked} == {None, "protected", "invalid", "collateral", "key-reused"}
    for verdict, result in zip(checked, done, strict=True):
        if result.code is not None:
            assert verdict.message == result.message


def test_each_that_would_pass_counts_for_the_next(guarded: Office) -> None:
    limits = {"cli": SourceLimits("cli", active=3)}
    equip(guarded, replace(GUARDED, sources=limits))
    guarded.app.place(ANN, line(0))
    results = guarded.app.check_many(ANN, [line(n) for n in range(1, 5)])
    assert [r.code for r in results] == [None, None, "too-many-active", "too-many-active"]


def test_capacity_counts_line_by_line(guarded: Office) -> None:
    guarded.limit("edge1", 2)
    results = guarded.app.check_many(ANN, [line(n) for n in range(1, 5)])
    assert [r.code for r in results] == [None, None, "over-capacity", "over-capacity"]
    assert "edge1" in results[2].message


def test_a_line_says_where_it_would_stand_and_who_is_hit(guarded: Office) -> None:
    command = wide(1).model_copy(update={"confirm_collateral": True})
    first, second = guarded.app.check_many(ANN, [command, line(2)])
    assert first.code is None and "would be blocked on edge1" in first.message
    assert "also hits 198.18.0.0/24 is used by blog (tenant of host)" in first.message
    assert "no controller is running" in first.message
    assert "no controller is running" not in second.message, "a warning is said once"
    part = line(3, demand=BlockAddress(ip_network("203.0.113.0/24")), confirm_wide=True)
    (shown,) = guarded.app.check_many(ANN, [part])
    assert "203.0.113.0-203.0.113.127" in shown.message or "203.0.113.0/25" in shown.message


def test_a_key_that_is_known_shows_its_order(guarded: Office) -> None:
    known = guarded.app.place(ANN, line(1))
    again, new, twice = guarded.app.check_many(ANN, [line(1), line(2), line(2)])
    assert again.order is not None and again.order.id == known.id
    assert again.message == "was placed before"
    assert new.order is twice.order is None
    assert (twice.code, twice.message) == (None, "is the same as a line before: its key is")


def test_nothing_is_said_of_no_lines(guarded: Office) -> None:
    assert guarded.app.check_many(ANN, []) == []
