# SPDX-License-Identifier: GPL-2.0-or-later
"""What cannot wait is placed at once, loudly, and looked at by somebody else afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enforcer.application.commands import ChangeEnd
from enforcer.core.access import Role
from enforcer.errors import AwaitingApproval, Forbidden, InvalidInput, NotFound
from tests.unit.usecases.desks import entries
from tests.unit.usecases.office import ANN, Office
from tests.unit.usecases.people import (
    BOB,
    CAROL,
    ENGINEER,
    EVE,
    SMALL,
    VIEWER,
    asks,
    open_alarms,
    person,
)

NOW = "the mail cluster is down"


def test_an_emergency_stands_at_once_and_is_loud(office: Office) -> None:
    order = office.app.place(ENGINEER, asks(emergency=NOW))
    assert (order.issuer, order.end is not None) == ("ernie", True)
    (entry,) = entries(office, "order.emergency")
    assert (entry.actor, entry.subject, entry.payload["emergency"]) == ("ernie", order.id, NOW)
    assert entry.payload["why"] == ["the target 8.8.0.0/22 is as wide as a /22, or wider"]
    assert open_alarms(office, "emergency-review") == [order.id]
    assert office.app.proposals(BOB, None) == []
    assert office.app.audit_verify(BOB).ok


def test_somebody_else_reviews_it_once(office: Office) -> None:
    order = office.app.place(ENGINEER, asks(emergency=NOW))
    with pytest.raises(InvalidInput, match="reason"):
        office.app.review(BOB, order.id, "")
    assert office.app.review(BOB, order.id, "was right").id == order.id
    assert open_alarms(office, "emergency-review") == []
    assert office.app.review(CAROL, order.id, "me too").id == order.id
    (entry,) = entries(office, "order.reviewed")
    assert (entry.actor, entry.subject, entry.payload["reason"]) == ("bob", order.id, "was right")
    assert office.app.audit_verify(BOB).ok


def test_nobody_reviews_his_own(office: Office) -> None:
    token = person("enf_7", Role.ENGINEER, source="script", owner="ernie")
    order = office.app.place(token, asks(emergency=NOW))
    for own in (token, person("ernie", Role.APPROVER), person("enf_7", Role.APPROVER)):
        with pytest.raises(Forbidden):
            office.app.review(own, order.id, "trust me")
    for without in (VIEWER, person("ina", Role.ENGINEER)):
        with pytest.raises(Forbidden, match="approve"):
            office.app.review(without, order.id, "fine")
    assert open_alarms(office, "emergency-review") == [order.id]


def test_an_emergency_needs_the_right(office: Office) -> None:
    with pytest.raises(Forbidden, match="emergency"):
        office.app.place(EVE, asks(emergency=NOW))
    assert office.app.orders(BOB, office.everything) == []
    assert office.app.proposals(BOB, None) == []


def test_without_a_need_it_says_nothing(office: Office) -> None:
    for actor, command in (
        (EVE, asks(demand=SMALL, emergency=NOW)),
        (ENGINEER, asks(demand=SMALL, emergency=NOW)),
        (ANN, asks(emergency=NOW)),
    ):
        order = office.app.place(actor, command)
        with pytest.raises(NotFound, match="not placed as an emergency"):
            office.app.review(BOB, order.id, "looked")
    assert entries(office, "order.emergency") == []


def test_the_same_key_is_the_same_emergency(office: Office) -> None:
    command = asks(emergency=NOW, idempotency_key="K")
    first, again = office.app.place(ENGINEER, command), office.app.place(ENGINEER, command)
    assert again.id == first.id
    assert len(entries(office, "order.emergency")) == 1


def test_a_later_end_of_an_emergency_waits(office: Office) -> None:
    order = office.app.place(ENGINEER, asks(emergency=NOW))
    with pytest.raises(AwaitingApproval):
        office.app.change_end(
            ENGINEER, ChangeEnd(order=order.id, extend=True, duration=timedelta(days=1))
        )


def test_lines_are_emergencies_by_themselves(office: Office) -> None:
    results = office.app.place_many(ENGINEER, [asks(), asks(emergency=NOW), asks(demand=SMALL)])
    assert [result.code for result in results] == ["awaiting-approval", None, None]
    assert results[1].order is not None
    assert open_alarms(office, "emergency-review") == [results[1].order.id]
    assert office.app.audit_verify(BOB).ok


def test_a_later_end_that_cannot_wait_is_set_at_once_and_reviewed(office: Office) -> None:
    order = office.app.place(ENGINEER, asks(emergency=NOW))
    office.app.review(BOB, order.id, "was right")
    ina = person("ina", Role.ENGINEER)
    later = ChangeEnd(order=order.id, extend=True, duration=timedelta(days=1), emergency=NOW)
    extended = office.app.change_end(ina, later)
    assert extended.end == office.clock.now() + timedelta(days=1)
    told = entries(office, "order.emergency")[-1]
    assert (told.actor, told.payload["person"]) == ("ina", "ina")
    assert told.payload["end"] == extended.end.isoformat()
    assert open_alarms(office, "emergency-review") == [order.id]
    with pytest.raises(Forbidden):
        office.app.review(person("ina", Role.APPROVER), order.id, "trust me")
    office.app.review(CAROL, order.id, "fine")
    assert open_alarms(office, "emergency-review") == []
    assert office.app.audit_verify(BOB).ok


def test_who_may_not_extends_nothing_at_once(office: Office) -> None:
    order = office.app.place(ENGINEER, asks(emergency=NOW))
    later = ChangeEnd(order=order.id, extend=True, duration=timedelta(days=1), emergency=NOW)
    with pytest.raises(Forbidden, match="emergency"):
        office.app.change_end(EVE, later)
    assert office.app.order(BOB, order.id).end == order.end
    assert len(entries(office, "order.emergency")) == 1
    assert office.app.proposals(BOB, None) == []


def test_a_later_end_that_needs_nobody_is_no_emergency(office: Office) -> None:
    order = office.app.place(EVE, asks(demand=SMALL))
    later = ChangeEnd(order=order.id, extend=True, duration=timedelta(hours=9), emergency=NOW)
    office.app.change_end(EVE, later)
    assert entries(office, "order.emergency") == []
