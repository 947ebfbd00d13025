# SPDX-License-Identifier: GPL-2.0-or-later
"""Under a pause or a freeze no order is taken that would have to start at once; one that is to
start later is stored, and nobody waits for what cannot come.

The clock here does not move by itself: a wait that slept would never return.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.commands import LiftOrder
from enforcer.core.orders import BlockAddress
from enforcer.errors import OrderRefused
from tests.unit.usecases.office import ANN, Office

PATIENCE = timedelta(hours=1)
BAD = BlockAddress(ip_network("203.0.113.66"))


@pytest.mark.parametrize("stop, code", [("pause", "paused"), ("freeze", "frozen")])
def test_an_order_for_now_is_refused_until_the_resume(office: Office, stop: str, code: str) -> None:
    getattr(office.app, stop)(ANN, "maintenance")
    with pytest.raises(OrderRefused, match=r"by ann \(maintenance\).*enforcer resume") as refused:
        office.place(BAD)
    assert refused.value.code == code
    assert office.app.orders(ANN, office.everything) == []
    office.app.resume(ANN)
    office.place(BAD)


@pytest.mark.parametrize("stop", ["pause", "freeze"])
def test_an_order_for_later_is_stored_and_the_wait_ends_at_once(office: Office, stop: str) -> None:
    getattr(office.app, stop)(ANN, "maintenance")
    placed = office.place(BAD, start_after=timedelta(seconds=1))
    office.clock.advance(2)
    waited = office.app.wait(ANN, placed.id, PATIENCE)
    assert (waited.id, waited.status) == (placed.id, "enforcing")
    office.app.resume(ANN)
    assert office.app.wait(ANN, placed.id, PATIENCE).status == "enforced"


def test_a_pause_lets_removals_finish_and_a_freeze_does_not(office: Office) -> None:
    first, second = office.place(BAD), office.place(BlockAddress(ip_network("203.0.113.67")))
    for placed in (first, second):
        assert office.app.wait(ANN, placed.id, PATIENCE).status == "enforced"
    office.app.pause(ANN, "maintenance")
    office.app.lift(ANN, LiftOrder(order=first.id, reason="clean"))
    assert office.app.wait(ANN, first.id, PATIENCE).status == "lifted"
    office.app.freeze(ANN, "maintenance")
    office.app.lift(ANN, LiftOrder(order=second.id, reason="clean"))
    assert office.app.wait(ANN, second.id, PATIENCE).status == "removing"
    office.app.resume(ANN)
    assert office.app.wait(ANN, second.id, PATIENCE).status == "lifted"
