# SPDX-License-Identifier: GPL-2.0-or-later
"""Where very many orders end at once, nobody waits for all of them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.control.look import BEHIND
from enforcer.core.brake import PauseState
from enforcer.core.orders import BlockAddress, Direction, Order, Scope
from enforcer.core.status import Status
from tests.unit.control.conftest import Start
from tests.unit.control.desk import Desk, edge, eventually, inventory

ADDRESSES = tuple(f"198.51.100.{2 * n}" for n in range(8))
AT_ONCE = 3
"""Their members are one batch: between two of them the others, few as they are, would go too."""


def outgoing(address: str) -> BlockAddress:
    return BlockAddress(ip_network(address), Direction.FROM)


@pytest.fixture
def ending(desk: Desk) -> list[Order]:
    """Enforced orders that end in the same second, more than are followed at once."""
    desk.at_once = AT_ONCE
    orders = [desk.place(outgoing(address), lasts=60) for address in ADDRESSES]
    assert desk.run().outcome is Outcome.APPLIED
    return orders


def standing(desk: Desk) -> int:
    return sum(desk.drops(address) for address in ADDRESSES)


def test_a_pass_removes_some_and_says_that_the_others_still_stand(
    desk: Desk, ending: list[Order]
) -> None:
    desk.clock.advance(60)
    state, left = desk.reconciler().state, len(ADDRESSES)
    while left:
        desk.quick()
        left = max(0, left - AT_ONCE)
        assert (standing(desk), state.behind) == (left, left > 0)
        told = {desk.status(order) for order in ending}
        assert told == {Status.REMOVING if left else Status.EXPIRED}
    assert desk.quick().outcome is desk.run().outcome is Outcome.CLEAN


def test_the_worker_goes_on_until_all_are_gone(
    desk: Desk, ending: list[Order], start: Start
) -> None:
    worker = start(desk)
    assert desk.clock.sleeping(1)
    desk.clock.advance(60)
    worker.wake("orders end")
    assert eventually(lambda: all(desk.status(one) is Status.EXPIRED for one in ending))
    assert standing(desk) == 0


def test_a_freeze_keeps_the_others_and_after_it_they_go(desk: Desk, ending: list[Order]) -> None:
    desk.clock.advance(60)
    desk.quick()
    desk.pause = PauseState.FROZEN
    held = desk.run()
    assert held.held and standing(desk) == len(ADDRESSES) - AT_ONCE
    desk.pause = PauseState.RUNNING
    assert desk.run().outcome is Outcome.APPLIED
    assert standing(desk) == 0
    assert {desk.status(order) for order in ending} == {Status.EXPIRED}


def test_a_new_process_finds_the_others(desk: Desk, ending: list[Order]) -> None:
    desk.clock.advance(60)
    desk.quick()
    desk.restart()
    assert desk.run().outcome is not Outcome.CLEAN
    assert standing(desk) == 0
    assert {desk.status(order) for order in ending} == {Status.EXPIRED}


@pytest.mark.parametrize("act", [Desk.run, Desk.quick])
def test_one_that_is_lifted_or_prolonged_meanwhile_is_as_it_was_said(
    desk: Desk, ending: list[Order], act: Callable[[Desk], object]
) -> None:
    desk.change(ending[-1], lasts=600)
    desk.clock.advance(60)
    desk.quick()
    desk.change(ending[-2], lift=True)
    while desk.reconciler().state.behind:
        act(desk)
    assert [address for address in ADDRESSES if desk.drops(address)] == [ADDRESSES[-1]]
    assert desk.run().outcome is Outcome.CLEAN


def test_what_is_lifted_waits_for_the_start_of_what_replaces_it(desk: Desk) -> None:
    """A lift comes as it is known; the start of the other order waits behind many others."""
    desk.at_once = AT_ONCE
    replaced = desk.place(outgoing("198.51.100.100"))
    desk.run()
    for address in ADDRESSES:
        desk.place(outgoing(address), after=60)
    desk.place(outgoing("198.51.100.100"), after=60)
    desk.quick()
    desk.clock.advance(61)
    desk.change(replaced, lift=True)
    dropped: list[bool] = []
    while not dropped or desk.reconciler().state.behind:
        desk.quick()
        dropped.append(desk.drops("198.51.100.100"))
    assert all(dropped)
    assert standing(desk) == len(ADDRESSES)


def test_nothing_is_taken_away_ahead_of_starts_that_wait(
    new_database: Callable[[], Path],
) -> None:
    """Starts about another device fill the portion in which the replacement would be."""
    desk = Desk(new_database(), inventory(edge("edge1"), edge("edge2")))
    state = DesiredState("edge1", desk.book)
    here, there = Scope(devices=("edge1",)), Scope(devices=("edge2",))
    replaced = desk.place(outgoing("198.51.100.100"), scope=here)
    for address in ADDRESSES[:5]:
        desk.place(outgoing(address), after=60, scope=there)
    desk.place(outgoing("198.51.100.100"), after=60, scope=here)
    desk.follow()
    state.advance(desk.clock.now())
    desk.clock.advance(60)
    desk.change(replaced, lift=True)
    desk.follow()
    now = desk.clock.now()
    ahead = state.ahead(now, 1)
    assert ahead.moves is None
    assert not any(
        len(change.remove) for change in state.foresee(ahead, now).delta.addresses.values()
    )
    desk.close()


def test_while_some_still_stand_the_device_is_not_recorded_as_proved(
    desk: Desk, ending: list[Order]
) -> None:
    desk.clock.advance(60)
    ends = desk.clock.now()
    desk.clock.advance(2)
    desk.quick()
    desk.clock.advance(3)
    between = desk.clock.now()
    desk.quick()
    assert desk.reconciler().state.behind
    assert standing(desk)
    with desk.database.read() as reader:
        facts, period = reader.devices.facts("edge1"), reader.periods.around("edge1", between)
    assert facts is not None and facts.waiting == BEHIND
    assert period is None or period.since < ends
    while desk.reconciler().state.behind:
        desk.quick()
    with desk.database.read() as reader:
        facts, period = reader.devices.facts("edge1"), reader.periods.newest("edge1")
    assert facts is not None and not facts.waiting
    assert period is not None and period.until >= between
