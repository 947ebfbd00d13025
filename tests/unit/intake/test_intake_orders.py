# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of reports: orders, thresholds, the ladder, what is over."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder
from enforcer.core.orders import BlockAddress, Direction
from enforcer.core.signals import Status
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, FLOW, signal


def test_a_rule_makes_an_order(office: MakeOffice) -> None:
    desk = office(BLOCK)
    receipt = desk.take_one(signal())
    (order,) = desk.placed()
    assert (receipt.state, receipt.order) == ("ordered", order.id)
    assert isinstance(order.demand, BlockAddress)
    assert str(order.demand.prefix) == "192.0.2.7/32" and order.demand.direction is Direction.FROM
    assert order.end == order.start + timedelta(hours=1)
    assert (order.issuer, order.source) == ("ids-1", "ids")
    assert order.reason == "scanner reported by ids"
    (report,) = desk.reports()
    assert (report.state, report.order, report.customer) == ("ordered", order.id, "cust1")


def test_no_rule_no_order(office: MakeOffice) -> None:
    desk = office(BLOCK)
    assert desk.take_one(signal(type="spam")).state == "ignored"
    assert desk.placed() == []


def test_a_flood_is_one_report_and_one_order(office: MakeOffice) -> None:
    desk = office(BLOCK)
    desk.take(*[signal(id=f"n{n}") for n in range(200)])
    desk.take(*[signal(id=f"m{n}") for n in range(200)])
    (report,) = desk.reports()
    assert report.count == 400 and len(desk.placed()) == 1


def test_one_delivered_twice_counts_once(office: MakeOffice) -> None:
    desk = office({**BLOCK, "threshold": 2})
    first = desk.take_one(signal(id="a"))
    again = desk.take_one(signal(id="a"))
    assert again.duplicate and again.id == first.id and desk.placed() == []
    assert desk.take_one(signal(id="b")).state == "ordered"


def test_two_detectors_share_one_order(office: MakeOffice) -> None:
    desk = office(BLOCK)
    one = desk.take_one(signal())
    two = desk.take_one(signal(), actor=FLOW)
    assert one.order == two.order and len(desk.placed()) == 1
    assert len(desk.reports()) == 2


def test_a_threshold_counts_within_its_time(office: MakeOffice) -> None:
    desk = office({**BLOCK, "threshold": 3, "within": "10m"})
    assert [one.state for one in desk.take(signal(), signal())] == ["counted", "counted"]
    desk.clock.advance(601)
    assert [one.state for one in desk.take(signal(), signal())] == ["counted", "counted"]
    assert desk.take_one(signal()).state == "ordered"


def test_a_threshold_is_per_target(office: MakeOffice) -> None:
    desk = office({**BLOCK, "threshold": 2})
    desk.take(signal("192.0.2.1"), signal("192.0.2.2"), signal("192.0.2.3"))
    assert desk.placed() == []


def test_a_repeat_offender_climbs_and_is_forgotten(office: MakeOffice) -> None:
    desk = office(
        {**BLOCK, "duration": "asked", "ladder": ["1h", "6h", "1d"], "decay": "10d"}
        | {"again": "10m"}
    )
    lasting = []
    for pause in (0, 2 * 3600, 7 * 3600, 25 * 3600, 16 * 86_400):
        desk.clock.advance(pause)
        assert desk.take_one(signal()).state == "ordered"
        newest = desk.placed()[-1]
        assert newest.end is not None
        lasting.append((newest.end - newest.start) // timedelta(hours=1))
    assert lasting == [1, 6, 24, 24, 24]
    desk.clock.advance(31 * 86_400)
    desk.take_one(signal())
    newest = desk.placed()[-1]
    assert newest.end == newest.start + timedelta(hours=6)


def test_it_goes_on_after_the_order_ended(office: MakeOffice) -> None:
    desk = office({**BLOCK, "duration": "10m"})
    desk.take_one(signal())
    desk.clock.advance(300)
    desk.take_one(signal())
    assert len(desk.placed()) == 1
    desk.clock.advance(301)
    desk.take_one(signal())
    assert len(desk.placed()) == 2


def test_what_is_over_lifts_what_the_rule_made(office: MakeOffice) -> None:
    desk = office({**BLOCK, "lift": True})
    desk.take_one(signal(key="fp1"))
    over = desk.take_one(signal(key="fp1", status=Status.RESOLVED))
    (order,) = desk.placed()
    assert over.state == "lifted" and order.lifted is not None
    assert "says that it is over" in (order.lift_reason or "")
    assert desk.take_one(signal(key="fp1")).state == "ordered"
    assert len(desk.placed()) == 2


def test_without_lift_the_order_runs_on(office: MakeOffice) -> None:
    desk = office(BLOCK)
    desk.take_one(signal(key="fp1"))
    over = desk.take_one(signal(key="fp1", status=Status.RESOLVED))
    assert over.state == "ordered" and desk.placed()[0].lifted is None


def test_only_the_last_that_says_so_ends_it(office: MakeOffice) -> None:
    desk = office({**BLOCK, "lift": True})
    desk.take(signal(key="a"), signal(key="b"))
    assert desk.take_one(signal(key="a", status=Status.RESOLVED)).state == "lifted"
    assert desk.placed()[0].lifted is None
    desk.take_one(signal(key="b", status=Status.RESOLVED))
    assert desk.placed()[0].lifted is not None


def test_another_source_cannot_say_that_it_is_over(office: MakeOffice) -> None:
    desk = office({**BLOCK, "lift": True})
    desk.take_one(signal(key="a"))
    over = desk.take_one(signal(key="a", status=Status.RESOLVED), actor=FLOW)
    assert over.state == "ignored" and desk.placed()[0].lifted is None


def test_what_a_person_lifted_stays_lifted(office: MakeOffice) -> None:
    desk = office({**BLOCK, "again": "2h"})
    desk.take_one(signal())
    (order,) = desk.placed()
    desk.app.lift(Actor("ann", "cli"), LiftOrder(order=order.id, reason="our own scanner"))
    again = desk.take_one(signal())
    assert again.state == "open" and "was lifted" in again.said and len(desk.placed()) == 1
    desk.clock.advance(2 * 3600 + 1)
    assert desk.take_one(signal()).state == "ordered"


def test_what_waits_for_a_person_is_over_too(office: MakeOffice) -> None:
    desk = office({"name": "look", "do": "open"})
    desk.take_one(signal(key="k"))
    assert desk.take_one(signal(key="k", status=Status.RESOLVED)).state == "lifted"
    assert [one.state for one in desk.reports()] == ["lifted"]


def test_it_is_over_before_it_counted(office: MakeOffice) -> None:
    desk = office({**BLOCK, "threshold": 2, "lift": True})
    desk.take_one(signal(key="a"))
    assert desk.take_one(signal(key="a", status=Status.RESOLVED)).state == "lifted"
    assert desk.take_one(signal(key="a")).state == "counted"
