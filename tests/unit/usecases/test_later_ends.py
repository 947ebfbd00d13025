# SPDX-License-Identifier: GPL-2.0-or-later
"""A later end waits for a second person where it is none, or where the order needed one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd, LiftOrder
from enforcer.errors import AwaitingApproval, OrderRefused
from enforcer.service_settings import FourEyesSettings
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.desks import entries
from tests.unit.usecases.office import ANN, HOUR, Office
from tests.unit.usecases.people import BOB, CAROL, ENGINEER, EVE, SMALL, asks, later, proposed

DAY = timedelta(days=1)


def extended(office: Office, actor: Actor, order: str, **changes: object) -> str:
    """The proposal that a later end became."""
    command = ChangeEnd(order=order, extend=True, duration=DAY, reason="still open")
    with pytest.raises(AwaitingApproval) as waits:
        office.app.change_end(actor, command.model_copy(update=changes))
    return waits.value.proposal


def test_an_open_end_waits(office: Office) -> None:
    order = office.app.place(EVE, asks(demand=SMALL))
    waiting = extended(office, EVE, order.id, duration=None, open_ended=True)
    shown = office.app.proposal(BOB, waiting)
    assert (shown.what, shown.order, shown.why) == ("change_end", order.id, ["it has no end"])
    assert office.app.order(EVE, order.id).end == order.end
    changed = office.app.approve(BOB, waiting, "right")
    assert (changed.id, changed.open_ended) == (order.id, True)
    (entry,) = entries(office, "order.extended")
    assert (entry.actor, entry.payload["approved_by"]) == ("eve", "bob")
    assert office.app.approve(CAROL, waiting, "again").id == order.id
    assert len(entries(office, "order.extended")) == 1
    assert office.app.audit_verify(BOB).ok


def test_a_later_end_of_what_needed_approval_waits_and_counts_from_then(office: Office) -> None:
    order = office.app.approve(BOB, proposed(office).id, "right")
    waiting = extended(office, EVE, order.id)
    later(office, HOUR / 2)
    changed = office.app.approve(CAROL, waiting, "right")
    assert changed.end == office.clock.now() + DAY


def test_what_needed_approval_once_still_does(office: Office) -> None:
    order = office.app.approve(BOB, proposed(office).id, "right")
    rule = FourEyesSettings(prefix4=8)
    office.app = LocalApplication(replace(office.world, four_eyes=rule))
    waiting = extended(office, EVE, order.id)
    assert "when it was placed" in office.app.proposal(BOB, waiting).why[0]


def test_an_end_that_is_far_away_waits_as_an_open_one_does(office: Office) -> None:
    order = office.app.place(EVE, asks(demand=SMALL))
    waiting = extended(office, EVE, order.id, duration=91 * DAY)
    assert office.app.proposal(BOB, waiting).why == ["it lasts longer than 90 days"]
    command = ChangeEnd(order=order.id, extend=True, duration=89 * DAY)
    office.app.change_end(EVE, command)
    later(office, 30 * DAY)
    assert office.app.change_end(EVE, command).end == office.clock.now() + 89 * DAY


def test_an_earlier_end_and_the_end_of_small_orders_do_not_wait(office: Office) -> None:
    order = office.app.approve(BOB, proposed(office).id, "right")
    sooner = ChangeEnd(order=order.id, extend=False, duration=HOUR / 2)
    assert office.app.change_end(EVE, sooner).end == office.clock.now() + HOUR / 2
    small = office.app.place(EVE, asks(demand=SMALL))
    command = ChangeEnd(order=small.id, extend=True, duration=DAY)
    assert office.app.change_end(EVE, command).end == office.clock.now() + DAY
    assert office.app.proposals(BOB) == []


def test_asking_for_the_same_end_again_is_the_same_proposal(office: Office) -> None:
    order = office.app.place(ANN, asks())
    first = extended(office, EVE, order.id)
    assert extended(office, EVE, order.id) == first
    assert extended(office, ENGINEER, order.id) != first
    assert extended(office, EVE, order.id, duration=2 * DAY) != first


def test_an_end_that_is_refused_later_stays_proposed(office: Office) -> None:
    order = office.app.place(ANN, asks())
    waiting = extended(office, EVE, order.id)
    office.app.lift(ANN, LiftOrder(order=order.id, reason="clean"))
    with pytest.raises(OrderRefused) as refused:
        office.app.approve(BOB, waiting, "right")
    assert refused.value.code == "already-ended"
    assert office.app.proposal(BOB, waiting).state == "waiting"
