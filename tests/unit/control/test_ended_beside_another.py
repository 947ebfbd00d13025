# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that are over beside another one for the same: which of them still stands."""

from __future__ import annotations

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.brake import PauseState
from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.status import Status
from tests.fakes.router import fake_router_box
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import Desk, block


@pytest.fixture
def router(make_desk: MakeDesk) -> Desk:
    """A desk whose only device is a router."""
    desk = make_desk()
    desk.boxes["edge1"] = fake_router_box("edge1", desk.time)
    return desk


def test_a_device_that_names_its_orders_names_only_one_of_two(make_desk: MakeDesk) -> None:
    desk = make_desk()
    orders = desk.place(), desk.place()
    desk.run()
    desk.pause = PauseState.FROZEN
    over = [desk.change(order, lift=True) for order in orders]
    for _ in range(2):
        desk.run()
        assert desk.drops() and [desk.status(order) for order in over] == [Status.REMOVING] * 2
        desk.restart()
    desk.pause = PauseState.RUNNING
    desk.run()
    assert [desk.status(order) for order in over] == [Status.LIFTED] * 2 and not desk.drops()


def test_interfaces_that_stay_suspended(router: Desk) -> None:
    suspend = SuspendCustomer("hosting", Selection(), by="shutdown")
    orders = router.place(suspend), router.place(suspend)
    router.run()
    router.pause = PauseState.FROZEN
    over = [router.change(order, lift=True) for order in orders]
    for _ in range(2):
        router.run()
        assert [router.status(order) for order in over] == [Status.REMOVING] * 2
        router.restart()
    router.pause = PauseState.RUNNING
    router.run()
    assert [router.status(order) for order in over] == [Status.LIFTED] * 2
    assert not router.box().rows()


def test_an_order_whose_remains_are_wanted_by_another_is_gone(router: Desk) -> None:
    order, stays = router.place(), router.place(block("198.51.100.0/24"))
    router.run()
    router.pause = PauseState.FROZEN
    order = router.change(order, lift=True)
    wide = router.change(router.place(block("203.0.113.0/28")), lift=True)
    for look in (router.quick, router.run, router.restart):
        look()
        assert router.worker().once().outcome is Outcome.CLEAN
        assert router.status(order) is router.status(wide) is Status.LIFTED
        assert router.status(stays) is Status.ENFORCED
