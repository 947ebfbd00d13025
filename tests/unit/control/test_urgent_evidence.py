# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on record of a device while an urgent order was written, and the rest is not yet."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

import pytest

from enforcer.control.facts import Outcome
from enforcer.control.proved_record import proves
from enforcer.core.status import DeviceFacts, Status
from enforcer.errors import StaleState
from tests.unit.control.desk import BAD, Desk, a_member, block
from tests.unit.control.test_proof_periods import spans
from tests.unit.control.test_urgent import FIRST, MANY, URGENT, at_batch

EXTRAS = [(int(ip_address("203.0.113.0")) + 2 * n,) * 2 for n in range(12)]


def recorded(desk: Desk) -> list[DeviceFacts]:
    """What is on record after each outcome."""
    found: list[DeviceFacts] = []
    before = desk.step

    def step(name: str) -> None:
        before(name)
        if name == "outcome-committed":
            found.append(desk.facts())

    desk.step = step
    return found


@pytest.fixture
def strange(desk: Desk) -> Callable[[], int]:
    """A device with much that no order explains, proved before; how much of it stands."""
    desk.place()
    desk.run()
    rule, _ = a_member(desk.box())
    for place in EXTRAS:
        desk.box().add(rule, place)
    return lambda: sum(place in desk.box().table().members[rule] for place in EXTRAS)


def begun(desk: Desk) -> int:
    return desk.steps.count("confirmed")


def test_extras_that_are_yet_to_go_are_differences_on_record(
    desk: Desk, strange: Callable[[], int]
) -> None:
    at_batch(desk, begun(desk) + 1, lambda: desk.place(block(f"{URGENT}/32")))
    facts = recorded(desk)
    assert desk.run().outcome is Outcome.REPAIRED
    urgent, whole = facts
    assert urgent.drift_open == len(EXTRAS) and not proves(urgent)
    assert proves(whole) and not strange()


def test_a_pass_that_ends_before_they_are_gone_leaves_them_on_record(
    desk: Desk, strange: Callable[[], int]
) -> None:
    order = desk.place(block("198.51.100.9/32"))

    def act() -> None:
        desk.place(block(f"{URGENT}/32"))

    desk.run()
    rule, _ = a_member(desk.box())
    for place in EXTRAS:
        desk.box().add(rule, place)
    at_batch(desk, begun(desk) + 1, act)
    facts = recorded(desk)
    before = desk.step

    def step(name: str) -> None:
        before(name)
        if name == "outcome-committed" and len(facts) == 1:
            desk.box().touch_foreign("table operator", "moved")

    desk.step = step
    with pytest.raises(StaleState):
        desk.run()
    assert strange()
    assert [proves(one) for one in facts] == [False, False]
    assert desk.status(order) is Status.DRIFTED


def test_nobody_says_that_it_was_proved_while_they_stood(
    desk: Desk, strange: Callable[[], int]
) -> None:
    desk.clock.advance(10)

    def act() -> None:
        desk.clock.advance(10)
        desk.place(block(f"{URGENT}/32"))

    at_batch(desk, begun(desk) + 1, act)
    desk.run()
    assert spans(desk) == [(0, 0), (20, 20)]


def test_what_stood_before_a_plan_of_ours_was_proved_until_it_began(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.clock.advance(10)
    for address in MANY:
        desk.place(block(f"{address}/32"))

    def act() -> None:
        desk.clock.advance(10)
        desk.place(block(f"{URGENT}/32"))

    at_batch(desk, begun(desk) + FIRST - 1, act)
    assert desk.quick().outcome is Outcome.APPLIED
    assert desk.drops(URGENT) and desk.drops(BAD)
    assert spans(desk) == [(0, 10), (20, 20)]


def test_orders_that_ended_and_still_stand_are_named(desk: Desk) -> None:
    desk.place()
    orders = [desk.place(block(f"{address}/32")) for address in MANY]
    desk.run()
    desk.clock.advance(1)
    for order in orders:
        desk.change(order, lift=True)
    at_batch(desk, begun(desk) + 1, lambda: desk.place(block("198.51.100.99/32")))
    facts = recorded(desk)
    desk.run()
    urgent, whole = facts
    assert urgent.held_orders == {order.number for order in orders}
    assert not proves(urgent) and not urgent.drift_open
    assert proves(whole)
