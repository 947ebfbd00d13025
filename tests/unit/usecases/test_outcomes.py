# SPDX-License-Identifier: GPL-2.0-or-later
"""When an order counts as proved everywhere, for notices and measurements."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

from enforcer.core.orders import BlockAddress
from enforcer.core.rules import Owner
from enforcer.usecases.outcomes import Outcomes
from enforcer.wire import demand_to_wire
from tests.fakes.table import PutMark
from tests.unit.usecases.office import ANN, HOUR, Office

BLOCK = BlockAddress(ip_network("203.0.113.9/32"))


def test_an_order_is_proved_once_every_device_is(office: Office) -> None:
    placed = office.place(BLOCK)
    outcomes = Outcomes(office.world)
    (state,) = outcomes.states([placed.number, 999])
    assert (state.number, state.status, state.proved) == (placed.number, "enforcing", False)
    office.clock.advance(1)
    office.app.wait(ANN, placed.id, HOUR)
    (state,) = outcomes.states([placed.number])
    assert (state.status, state.proved) == ("enforced", True)
    assert state.devices == ("edge1", "edge2")
    assert state.at is not None and state.at - state.since == timedelta(seconds=1)


def test_an_order_that_one_device_lacks_is_not_proved(office: Office) -> None:
    office.boxes["edge2"].mark(PutMark(Owner("STRANGER", 1)))
    placed = office.place(BLOCK)
    office.app.wait(ANN, placed.id, HOUR)
    (state,) = Outcomes(office.world).states([placed.number])
    assert not state.proved
    assert state.devices == ("edge2",)
    assert "edge2" in state.why


def test_an_order_that_has_not_begun_is_not_proved(office: Office) -> None:
    placed = office.place(BLOCK, start=office.clock.now() + HOUR)
    office.app.wait(ANN, placed.id, HOUR)
    (state,) = Outcomes(office.world).states([placed.number])
    assert (state.status, state.proved) == ("scheduled", False)
    assert state.since == office.clock.now() + HOUR


def test_orders_and_demands_in_words(office: Office) -> None:
    placed = office.place(BLOCK)
    outcomes = Outcomes(office.world)
    words = outcomes.described([placed.number])[placed.number]
    assert (words["id"], words["target"]) == (placed.id, "203.0.113.9 both")
    assert outcomes.target(demand_to_wire(BLOCK)) == "203.0.113.9 both"
    assert outcomes.target({"kind": "nonsense"}) == ""
