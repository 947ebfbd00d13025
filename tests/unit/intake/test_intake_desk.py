# SPDX-License-Identifier: GPL-2.0-or-later
"""People decide on reports."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.core.access import Rights, Role
from enforcer.core.orders import BlockAddress
from enforcer.errors import Forbidden, InvalidInput, NotFound, OrderRefused
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, signal

ANN = Actor("ann", "cli")
BOB = Actor("bob", "web", Rights(frozenset({Role.VIEWER})))
COMMAND = PlaceOrder(
    demand=BlockAddress(ip_network("192.0.2.7")), reason="spam", duration=timedelta(hours=1)
)


def test_reports_are_shown_with_what_came(office: MakeOffice) -> None:
    desk = office()
    receipt = desk.take_one(signal(severity="high"), raw=b'{"a": "\xff\x00"}', trusted=False)
    shown = desk.desk.report(BOB, receipt.id)
    assert (shown.state, shown.customer, shown.trusted) == ("open", "cust1", False)
    assert shown.raw == '{"a": "\ufffd\ufffd"}'
    assert shown.fields["severity"] == "high" and shown.fields["evidence"] == "tcp-established"
    assert desk.reports()[0].raw is None
    with pytest.raises(NotFound):
        desk.desk.report(BOB, 99)


def test_they_are_found(office: MakeOffice) -> None:
    desk = office(BLOCK)
    desk.take(signal("192.0.2.1"), signal("192.0.2.2", type="spam"))
    assert [one.target for one in desk.reports(states=("ignored",))] == ["192.0.2.2"]
    assert [one.target for one in desk.reports(text="2.1")] == ["192.0.2.1"]
    assert [one.id for one in desk.reports(limit=1)] == [2]
    assert [one.id for one in desk.reports(before=2)] == [1]


def test_dismissing(office: MakeOffice) -> None:
    desk = office()
    receipt = desk.take_one(signal(), trusted=False)
    with pytest.raises(Forbidden):
        desk.desk.dismiss(BOB, receipt.id, "no")
    with pytest.raises(InvalidInput, match="reason"):
        desk.desk.dismiss(ANN, receipt.id, " ")
    shown = desk.desk.dismiss(ANN, receipt.id, "our own scanner")
    assert shown.state == "dismissed" and "ann: our own scanner" in shown.said
    with desk.database.read() as reader:
        (entry,) = reader.audit.entries(kinds=("report.dismissed",))
    assert entry.payload["reason"] == "our own scanner"
    assert desk.desk.dismiss(ANN, receipt.id, "again").said == shown.said


def test_what_was_dismissed_of_a_detector_is_not_opened_again_at_once(office: MakeOffice) -> None:
    desk = office({"name": "look", "do": "open"})
    receipt = desk.take_one(signal())
    desk.desk.dismiss(ANN, receipt.id, "our own scanner")
    assert desk.take_one(signal()).id == receipt.id
    desk.clock.advance(3601)
    assert desk.take_one(signal()).state == "open"


def test_ordering_because_of_a_report(office: MakeOffice) -> None:
    desk = office()
    receipt = desk.take_one(signal(), trusted=False)
    with pytest.raises(Forbidden):
        desk.desk.order_for(BOB, receipt.id, COMMAND)
    order = desk.desk.order_for(ANN, receipt.id, COMMAND)
    again = desk.desk.order_for(ANN, receipt.id, COMMAND)
    assert order.id == again.id and len(desk.placed()) == 1
    (report,) = desk.reports()
    assert (report.state, report.order) == ("ordered", order.id)
    with pytest.raises(InvalidInput, match="nothing to decide"):
        desk.desk.dismiss(ANN, receipt.id, "late")


def test_a_refusal_leaves_it_open(office: MakeOffice) -> None:
    desk = office()
    receipt = desk.take_one(signal(), trusted=False)
    wide = COMMAND.model_copy(update={"demand": BlockAddress(ip_network("192.0.0.0/16"))})
    with pytest.raises(OrderRefused):
        desk.desk.order_for(ANN, receipt.id, wide)
    assert desk.reports()[0].state == "open"


def test_what_a_person_ordered_is_not_lifted_by_a_detector(office: MakeOffice) -> None:
    from enforcer.core.signals import Status

    desk = office({"name": "look", "do": "open"})
    receipt = desk.take_one(signal(key="k"))
    desk.desk.order_for(ANN, receipt.id, COMMAND)
    over = desk.take_one(signal(key="k", status=Status.RESOLVED))
    assert over.state == "ordered" and desk.placed()[0].lifted is None
