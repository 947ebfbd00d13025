# SPDX-License-Identifier: GPL-2.0-or-later
"""Detectors place what their token allows, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    ImportList,
    LiftOrder,
    PlaceOrder,
    Reconfirm,
)
from enforcer.application.views import OrderView
from enforcer.core.orders import BlockAddress
from enforcer.core.topology import SourceLimits
from enforcer.errors import Forbidden, NotFound, OrderRefused
from tests.unit.usecases.desks import GUARDED, equip, payloads
from tests.unit.usecases.office import ANN, HOUR, Office
from tests.unit.usecases.people import BOB, machine, proposed

BOT = machine()


def asking(prefix: str = "192.0.2.7", **changes: object) -> PlaceOrder:
    demand = BlockAddress(ip_network(prefix))
    command = PlaceOrder(demand=demand, reason="scan", duration=HOUR)
    return command.model_copy(update=changes)


def refusal(office: Office, actor: Actor, command: PlaceOrder) -> str:
    with pytest.raises(OrderRefused) as refused:
        office.app.place(actor, command)
    return refused.value.code


def test_a_detector_blocks_an_own_address(office: Office) -> None:
    order = office.app.place(BOT, asking())
    assert (order.issuer, order.source) == ("enf_detector", "detector")


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("machine-too-late", asking(start_after=HOUR)),
        ("machine-too-long", asking(duration=25 * HOUR)),
        ("machine-too-long", asking(duration=None, open_ended=True)),
        ("machine-too-wide", asking("192.0.2.0/31")),
        ("machine-foreign-space", asking("8.8.8.8")),
        ("machine-may-not-confirm", asking(confirm_collateral=True)),
    ],
)
def test_a_detector_is_refused_what_its_token_does_not_allow(
    office: Office, code: str, command: PlaceOrder
) -> None:
    assert refusal(office, BOT, command) == code
    (told,) = payloads(office, "order.refused")
    assert told["codes"][0] == code
    (result,) = office.app.place_many(BOT, [command])
    assert result.code == code
    (checked,) = office.app.check_many(BOT, [command])
    assert checked.code == code
    with pytest.raises(OrderRefused):
        office.app.preview(BOT, command)
    assert office.app.orders(ANN, office.everything) == []


def test_only_the_kinds_of_its_token(office: Office) -> None:
    assert refusal(office, machine(kinds=frozenset({"block_port"})), asking()) == "machine-kind"


def test_a_detector_is_refused_what_a_person_would_propose(office: Office) -> None:
    wild = machine(widest4=8, own_space=False)
    assert refusal(office, wild, asking("8.8.0.0/22")) == "too-wide", "of its source"
    limits = {"detector": SourceLimits("detector", widest4=None)}
    equip(office, replace(GUARDED, sources=limits))
    assert refusal(office, wild, asking("8.8.0.0/22")) == "needs-approval"
    assert refusal(office, wild, asking("8.8.0.0/22", emergency="now")) == "needs-approval"
    assert refusal(office, wild, asking("198.18.0.0/23")) == "collateral"
    office.app.place(wild, asking("8.8.0.0/23"))
    assert office.app.proposals(BOB, None) == []


def test_only_so_many_a_minute_and_those_of_a_portion_count(office: Office) -> None:
    bot = machine(per_minute=3)
    results = office.app.place_many(bot, [asking(f"192.0.2.{last}") for last in range(5)])
    assert [r.code for r in results] == [None] * 3 + ["machine-too-fast"] * 2
    assert refusal(office, machine(per_minute=3), asking("192.0.2.9")) == "machine-too-fast"
    office.clock.advance(61)
    office.app.place(bot, asking("192.0.2.9"))


def test_its_source_has_a_kill_switch(office: Office) -> None:
    office.app.place(BOT, asking())
    office.app.source_stop(ANN, "detector", "runs wild")
    assert refusal(office, BOT, asking("192.0.2.8")) == "source-stopped"


def standing(office: Office, actor: Actor) -> OrderView:
    return office.app.place(actor, asking())


def test_a_detector_changes_what_its_own_source_ordered(office: Office) -> None:
    order = standing(office, BOT)
    twin = replace(BOT, name="enf_other")
    longer = ChangeEnd(order=order.id, extend=True, duration=2 * HOUR)
    assert office.app.change_end(twin, longer).end == office.clock.now() + 2 * HOUR
    office.app.amend(twin, AmendOrder(order=order.id, ticket="T-1"))
    lifted = office.app.lift(BOT, LiftOrder(order=order.id, reason="resolved"))
    assert lifted.lifted is not None


def test_a_detector_changes_nothing_of_others(office: Office) -> None:
    order = standing(office, ANN)
    longer = ChangeEnd(order=order.id, extend=True, duration=2 * HOUR)
    sooner = ChangeEnd(order=order.id, extend=False, duration=HOUR / 2)
    for actor in (BOT, machine("other")):
        with pytest.raises(NotFound, match="no order"):
            office.app.lift(actor, LiftOrder(order=order.id, reason="resolved"))
        with pytest.raises(NotFound, match="no order"):
            office.app.amend(actor, AmendOrder(order=order.id, ticket="T-1"))
        for command in (longer, sooner):
            with pytest.raises(NotFound, match="no order"):
                office.app.change_end(actor, command)
    assert office.app.order(ANN, order.id) == order


@pytest.mark.parametrize("end", [{"duration": 25 * HOUR}, {"open_ended": True}])
def test_a_detector_extends_within_its_limits(office: Office, end: dict[str, object]) -> None:
    order = standing(office, BOT)
    command = ChangeEnd(order=order.id, extend=True).model_copy(update=end)
    with pytest.raises(OrderRefused) as refused:
        office.app.change_end(BOT, command)
    assert refused.value.code == "machine-too-long"


def test_step_by_step_is_no_longer_either(office: Office) -> None:
    order = standing(office, BOT)
    for _ in range(23):
        office.clock.advance(HOUR.total_seconds() - 1)
        command = ChangeEnd(order=order.id, extend=True, duration=HOUR)
        office.app.change_end(BOT, command)
    office.clock.advance(HOUR.total_seconds() - 1)
    with pytest.raises(OrderRefused, match="at most"):
        office.app.change_end(BOT, ChangeEnd(order=order.id, extend=True, duration=HOUR))


def test_some_things_are_for_people(office: Office) -> None:
    order = standing(office, BOT)
    with pytest.raises(Forbidden):
        office.app.reconfirm(BOT, Reconfirm(order=order.id, reason="stays"))
    with pytest.raises(Forbidden):
        office.app.import_list(BOT, ImportList(name="mine", text="8.8.8.8\n", source="x"))
    with pytest.raises(Forbidden):
        office.app.list_refresh(BOT, "mine")
    waiting = proposed(office)
    with pytest.raises(Forbidden):
        office.app.approve(BOT, waiting.id, "right")
