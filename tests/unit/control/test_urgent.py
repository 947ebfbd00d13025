# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that come while a plan of many batches is being written do not wait for its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.core.orders import Order
from enforcer.core.status import Status
from enforcer.errors import DeviceUnreachable, StaleState
from tests.fakes.faults import Point
from tests.oracle import packet
from tests.unit.control.desk import Desk, block

MANY = tuple(f"198.51.100.{2 * n}" for n in range(20, 32))
URGENT = "203.0.113.77"
FIRST, SECOND = 2, 3
"""The structure is the first batch; the first members come with the second."""


@pytest.fixture
def many(desk: Desk) -> list[Order]:
    """Orders that take several batches of three members."""
    return [desk.place(block(f"{address}/32")) for address in MANY]


def at_batch(desk: Desk, number: int, act: Callable[[], object]) -> None:
    """Do something once so many batches are on the device."""
    done: list[object] = []

    def step(name: str) -> None:
        if name == "confirmed" and not done and desk.steps.count("confirmed") == number:
            done.append(True)
            act()

    desk.step = step


def standing_when(desk: Desk, address: str) -> list[int]:
    """How many of `MANY` stood when `address` was first seen to be dropped, after the fact."""
    seen: list[int] = []
    before = desk.step

    def step(name: str) -> None:
        before(name)
        if name == "staged" and not seen and desk.drops(address):
            seen.append(sum(desk.drops(one) for one in MANY))

    desk.step = step
    return seen


def test_it_is_written_between_two_batches(desk: Desk, many: list[Order]) -> None:
    at_batch(desk, FIRST, lambda: desk.place(block(f"{URGENT}/32")))
    seen = standing_when(desk, URGENT)
    facts = desk.run()
    assert facts.outcome is Outcome.APPLIED
    assert seen and seen[0] < len(MANY) / 2
    assert all(desk.drops(address) for address in (*MANY, URGENT))
    assert desk.quick().outcome is Outcome.CLEAN
    assert desk.run().outcome is Outcome.CLEAN


def test_it_has_an_intent_and_an_outcome_of_its_own(desk: Desk, many: list[Order]) -> None:
    placed: list[Order] = []
    at_batch(desk, FIRST, lambda: placed.append(desk.place(block(f"{URGENT}/32"))))
    desk.run()
    whole, urgent = desk.audit("device.intent")
    assert whole.payload["orders"] == [order.id for order in many]
    assert urgent.payload["orders"] == [placed[0].id]
    assert desk.results() == ["applied", "applied"] and desk.open_intents() == []


def test_it_is_enforced_while_the_others_are_not_proved(desk: Desk, many: list[Order]) -> None:
    placed: list[Order] = []
    told: list[tuple[Status, Status]] = []
    at_batch(desk, FIRST, lambda: placed.append(desk.place(block(f"{URGENT}/32"))))
    before = desk.step

    def step(name: str) -> None:
        before(name)
        if name == "outcome-committed" and not told:
            told.append((desk.status(placed[0]), desk.status(many[-1])))

    desk.step = step
    desk.run()
    assert told == [(Status.ENFORCED, Status.ENFORCING)]
    assert all(desk.status(order) is Status.ENFORCED for order in (*placed, *many))


def test_what_it_shares_with_a_batch_to_come_goes_first(desk: Desk, many: list[Order]) -> None:
    again: list[Order] = []
    at_batch(desk, FIRST, lambda: again.append(desk.place(block(f"{MANY[-1]}/32"), lasts=600)))
    seen = standing_when(desk, MANY[-1])
    assert desk.run().outcome is Outcome.APPLIED
    assert seen and seen[0] < len(MANY) - 3
    assert all(desk.drops(address) for address in MANY)
    assert desk.status(again[0]) is Status.ENFORCED
    assert desk.run().outcome is Outcome.CLEAN


@pytest.mark.parametrize("which", [0, -1])
def test_one_of_the_plan_is_lifted_meanwhile(desk: Desk, many: list[Order], which: int) -> None:
    at_batch(desk, SECOND, lambda: desk.change(many[which], lift=True))
    assert desk.run().outcome is Outcome.APPLIED
    desk.quick()
    assert not desk.drops(MANY[which])
    assert sum(desk.drops(address) for address in MANY) == len(MANY) - 1
    assert desk.run().outcome is Outcome.CLEAN


def test_a_rule_that_the_plan_does_not_know(desk: Desk, many: list[Order]) -> None:
    at_batch(desk, FIRST, lambda: desk.place(block("2001:db8:77::1/128")))
    assert desk.run().outcome is Outcome.APPLIED
    desk.quick()
    assert desk.box().would_drop(packet("2001:db8:77::1", "2001:db8:99::1"))
    assert all(desk.drops(address) for address in MANY)
    assert desk.run().outcome is Outcome.CLEAN


def test_many_come_one_after_the_other(desk: Desk, many: list[Order]) -> None:
    coming = [f"203.0.113.{n}" for n in range(60, 66)]

    def step(name: str) -> None:
        if name == "confirmed" and coming:
            desk.place(block(f"{coming.pop()}/32"))

    desk.step = step
    assert desk.run().outcome is Outcome.APPLIED
    desk.quick()
    assert all(desk.drops(f"203.0.113.{n}") for n in range(60, 66))
    assert desk.run().outcome is Outcome.CLEAN and desk.open_intents() == []


def test_the_device_goes_away_at_it(desk: Desk, many: list[Order]) -> None:
    def place() -> None:
        desk.place(block(f"{URGENT}/32"))
        desk.box().faults.fail(Point.STAGE, DeviceUnreachable)

    at_batch(desk, FIRST, place)
    with pytest.raises(DeviceUnreachable):
        desk.run()
    assert desk.open_intents() == [] and desk.results() == ["unknown", "unknown"]
    assert desk.run().outcome in (Outcome.APPLIED, Outcome.REPAIRED)
    assert all(desk.drops(address) for address in (*MANY, URGENT))


def test_somebody_else_writes_before_it(desk: Desk, many: list[Order]) -> None:
    def place() -> None:
        desk.place(block(f"{URGENT}/32"))
        desk.box().flush(by="nft, pid 4711")

    at_batch(desk, FIRST, place)
    with pytest.raises(StaleState):
        desk.run()
    assert desk.open_intents() == []
    desk.run()
    assert all(desk.drops(address) for address in (*MANY, URGENT))


def test_what_is_big_waits_and_is_not_lost(desk: Desk) -> None:
    state = DesiredState("edge1", desk.book)
    state.advance(desk.time.now())
    orders = [desk.place(block(f"{address}/32")) for address in MANY[:2]]
    # Both ways, so two members each: the second does not fit beside the first.
    ahead = state.ahead(desk.time.now(), 3)
    assert [entry.order.number for entry in ahead.entries] == [orders[0].number]
    assert ahead.moves is None and len(ahead.region) == 2
    head = state.head
    first = state.foresee(ahead, desk.time.now())
    assert state.orders == frozenset() and not state.desired.addresses
    state.follow(first)
    assert {len(change.add) for change in first.delta.addresses.values()} == {1}
    assert state.head == head and state.orders == {orders[0].number}
    rest = state.advance(desk.time.now())
    assert {len(change.add) for change in rest.addresses.values()} == {1}
    assert state.orders == {order.number for order in orders} and state.head > head
    fresh = DesiredState("edge1", desk.book)
    fresh.advance(desk.time.now())
    assert fresh.desired.same_as(state.desired)
