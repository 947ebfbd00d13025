# SPDX-License-Identifier: GPL-2.0-or-later
"""What was refused for a reason that passes is ordered when it has passed, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder
from enforcer.core.access import Rights, Role
from enforcer.core.orders import BlockAddress
from enforcer.core.signals import Status
from enforcer.intake.engine import Intake
from enforcer.storage.api_tokens import StoredToken
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, IDS, LIMITS, ReportOffice, signal

ANN = Actor("ann", "cli")
TWICE = Actor(
    "ids-1", "ids", Rights(frozenset({Role.DETECTOR}), machine=replace(LIMITS, per_minute=1))
)


def refused(office: MakeOffice, stop: str = "pause", **rule: object) -> ReportOffice:
    """A desk with a report that came during a pause."""
    desk = office({**BLOCK, **rule})
    getattr(desk.app, stop)(ANN, "maintenance")
    assert desk.take_one(signal()).state == "failed"
    return desk


def blocked(desk: ReportOffice) -> list[str]:
    """What is blocked, oldest first."""
    demands = [one.demand for one in desk.placed()]
    return [str(one.prefix) for one in demands if isinstance(one, BlockAddress)]


@pytest.mark.parametrize("stop", ["pause", "freeze"])
def test_it_is_ordered_when_the_pause_ends_for_what_is_left(office: MakeOffice, stop: str) -> None:
    desk = refused(office, stop)
    desk.clock.advance(600)
    head = desk.app.control(ANN).head
    assert desk.intake.repair() == 0
    assert desk.app.control(ANN).head == head, "nothing is asked for, nothing refused anew"
    desk.app.resume(ANN)
    assert desk.intake.repair() == 1
    (order,) = desk.placed()
    assert order.end is not None
    assert order.end - order.start == timedelta(minutes=50)
    (report,) = desk.reports()
    assert (report.state, report.order) == ("ordered", order.id)
    assert desk.intake.repair() == 0


def test_it_is_ordered_though_reports_never_stop(office: MakeOffice) -> None:
    desk = refused(office)
    desk.app.resume(ANN)
    desk.clock.advance(61)
    desk.take(signal("192.0.2.8"))
    assert blocked(desk) == ["192.0.2.8/32", "192.0.2.7/32"]


def test_a_report_older_than_its_order_would_be_is_left(office: MakeOffice) -> None:
    desk = refused(office)
    desk.clock.advance(3600)
    desk.app.resume(ANN)
    assert desk.intake.repair() == 0
    assert (desk.placed(), desk.reports()[0].state) == ([], "failed")


def test_what_is_over_meanwhile_is_not_ordered(office: MakeOffice) -> None:
    desk = refused(office)
    assert desk.take_one(signal(status=Status.RESOLVED)).state == "lifted"
    desk.app.resume(ANN)
    desk.clock.advance(120)
    assert (desk.intake.repair(), desk.placed()) == (0, [])


@pytest.mark.parametrize("rules", [(), ({**BLOCK, "do": "open"},), ({**BLOCK, "type": "spam"},)])
def test_it_goes_by_the_rules_as_they_are_then(
    office: MakeOffice, rules: tuple[dict[str, object], ...]
) -> None:
    desk = refused(office)
    desk.app.resume(ANN)
    desk.clock.advance(120)
    plain = [
        {k: v for k, v in rule.items() if rule["do"] == "order" or k in ("name", "do", "type")}
        for rule in rules
    ]
    later = Intake(desk.world, desk.app, desk.settings.model_copy(update={"rules": tuple(plain)}))
    assert (later.repair(), desk.placed()) == (0, [])
    shorter = desk.settings.model_copy(update={"rules": ({**BLOCK, "duration": "10m"},)})
    assert Intake(desk.world, desk.app, shorter).repair() == 1
    (order,) = desk.placed()
    assert order.end is not None and order.end - order.start == timedelta(minutes=8)


def test_whose_token_was_revoked_meanwhile_has_nothing_ordered(office: MakeOffice) -> None:
    desk = refused(office)
    now = desk.clock.now()
    with desk.database.write() as work:
        work.tokens.add(StoredToken("ids-1", "0", "ids", "", now, None, None, None, "{}"))
        work.tokens.revoke("ids-1", now)
    desk.app.resume(ANN)
    desk.clock.advance(120)
    assert (desk.intake.repair(), desk.placed()) == (0, [])


def test_what_came_too_fast_is_ordered_one_after_the_other(office: MakeOffice) -> None:
    desk = office(BLOCK)
    targets = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    states = [one.state for one in desk.take(*map(signal, targets), actor=TWICE)]
    assert sorted(states) == ["failed", "failed", "ordered"]
    for passed in range(10):
        desk.clock.advance(61)
        desk.intake.repair()
        assert len(desk.placed()) <= passed + 2, "its limit holds as ever"
    assert sorted(blocked(desk)) == [f"{t}/32" for t in targets]


def test_what_is_refused_for_good_is_not_tried_again(office: MakeOffice) -> None:
    desk = office({**BLOCK, "type": "*"})
    assert desk.take_one(signal("198.18.0.0/16"), actor=IDS).state == "failed"
    desk.clock.advance(300)
    head = desk.app.control(ANN).head
    assert desk.intake.repair() == 0
    assert desk.app.control(ANN).head == head


def test_what_a_person_lifted_meanwhile_stays_lifted(office: MakeOffice) -> None:
    desk = office(BLOCK)
    desk.take_one(signal())
    (order,) = desk.placed()
    desk.app.lift(ANN, LiftOrder(order=order.id, reason="a friend"))
    desk.clock.advance(10)
    desk.app.pause(ANN, "maintenance")
    assert desk.take_one(signal(port=22, key="other")).state == "open"
    desk.app.resume(ANN)
    desk.clock.advance(120)
    assert desk.intake.repair() == 0
    assert len(desk.placed()) == 1
