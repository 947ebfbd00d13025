# SPDX-License-Identifier: GPL-2.0-or-later
"""A report whose order needs a second person says what became of the proposal."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.core.access import Role
from enforcer.core.orders import BlockAddress, Demand, SuspendCustomer
from enforcer.errors import AwaitingApproval, InvalidInput
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import ReportOffice, signal
from tests.unit.usecases.office import ESSENTIALS
from tests.unit.usecases.people import BOB, asks, person

EVE = person("eve", Role.ABUSE)


@pytest.fixture
def desk(office: MakeOffice) -> ReportOffice:
    """Report 1 waits for a person."""
    made = office()
    made.take_one(signal("8.8.0.1"), trusted=False)
    return made


def proposed(desk: ReportOffice, **changes: object) -> str:
    with pytest.raises(AwaitingApproval) as waits:
        desk.desk.order_for(EVE, 1, asks(**changes))
    return waits.value.proposal


def test_it_is_ordered_once_the_proposal_is_approved(desk: ReportOffice) -> None:
    proposal = proposed(desk)
    assert f"{proposal} waits" in desk.desk.report(EVE, 1).said
    order = desk.app.approve(BOB, proposal, "go on")
    for report in (desk.desk.report(EVE, 1), desk.reports(states=("ordered",))[0]):
        assert (report.state, report.order) == ("ordered", desk.placed()[0].id)
        assert "approved by bob: go on" in report.said
    assert order is not None
    assert desk.desk.order_for(EVE, 1, asks()).id == desk.placed()[0].id
    assert len(desk.placed()) == 1


def test_asking_for_a_state_finds_what_was_decided_before_anybody_looked(
    desk: ReportOffice,
) -> None:
    proposal = proposed(desk)
    assert [one.id for one in desk.reports(states=("open",))] == [1]
    desk.app.approve(BOB, proposal, "go on")
    assert [one.id for one in desk.reports(states=("ordered",))] == [1]
    assert desk.reports(states=("open",)) == []


def test_it_waits_again_once_the_proposal_is_rejected(desk: ReportOffice) -> None:
    proposal = proposed(desk)
    assert proposed(desk) == proposal, "asking twice is one proposal"
    desk.app.reject(BOB, proposal, "too wide")
    (report,) = desk.reports()
    assert report.state == "open" and "rejected by bob: too wide" in report.said
    narrow = asks(demand=BlockAddress(ip_network("8.8.0.1")))
    assert desk.desk.order_for(EVE, 1, narrow).id == desk.placed()[0].id
    assert desk.reports()[0].state == "ordered"


def test_the_same_may_be_proposed_again(desk: ReportOffice) -> None:
    first = proposed(desk)
    desk.app.reject(BOB, first, "say why")
    second = proposed(desk)
    assert second != first and proposed(desk) == second
    desk.app.approve(BOB, second, "now I see")
    assert desk.desk.report(EVE, 1).state == "ordered"


def test_a_proposal_that_nobody_decided(desk: ReportOffice) -> None:
    first = proposed(desk)
    desk.clock.advance(timedelta(days=desk.world.four_eyes.days).total_seconds())
    assert f"{first} is lapsed" in desk.desk.report(EVE, 1).said
    assert proposed(desk) != first


def test_dismissing_what_was_approved_is_too_late(desk: ReportOffice) -> None:
    desk.app.approve(BOB, proposed(desk), "go on")
    with pytest.raises(InvalidInput, match="is ordered: there is nothing to decide"):
        desk.desk.dismiss(EVE, 1, "no")


@pytest.mark.parametrize(
    ("demand", "about"),
    [
        (BlockAddress(ip_network("192.0.2.7")), True),
        (BlockAddress(ip_network("192.0.2.0/28")), True),
        (SuspendCustomer("cust1", ESSENTIALS), True),
        (BlockAddress(ip_network("198.51.100.7")), False),
        (BlockAddress(ip_network("2001:db8:1::7")), False),
        (SuspendCustomer("twice", ESSENTIALS), False),
    ],
    ids=str,
)
def test_an_order_about_something_else_is_told(
    office: MakeOffice, demand: Demand, about: bool
) -> None:
    desk = office()
    desk.take_one(signal("192.0.2.7"), trusted=False)
    command = PlaceOrder(
        demand=demand, reason="spam", duration=timedelta(hours=1), confirm_collateral=True
    )
    desk.desk.order_for(EVE, 1, command)
    assert ("not about 192.0.2.7" in desk.reports()[0].said) is not about
