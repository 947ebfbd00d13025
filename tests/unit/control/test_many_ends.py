# SPDX-License-Identifier: GPL-2.0-or-later
"""Where very many orders end at once, nobody waits for all of them."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.brake import PauseState
from enforcer.core.orders import BlockAddress, Direction, Order
from enforcer.core.status import Status
from tests.unit.control.conftest import Start
from tests.unit.control.desk import Desk, eventually

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
