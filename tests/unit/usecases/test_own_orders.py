# SPDX-License-Identifier: GPL-2.0-or-later
"""A detector sees what its own source ordered, and nothing of what others did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    CommentOrder,
    LiftOrder,
    OrderFilter,
)
from enforcer.core.access import Rights, Role
from enforcer.core.orders import BlockAddress
from enforcer.errors import Forbidden, InvalidInput, NotFound
from tests.unit.usecases.office import ANN, Office
from tests.unit.usecases.people import VIEWER, asks, machine

SOME = timedelta(0)
BOT = machine()
Look = Callable[[Application, Actor, str], object]
LOOKS: tuple[Look, ...] = (
    lambda app, actor, order: app.order(actor, order),
    lambda app, actor, order: app.history(actor, order),
    lambda app, actor, order: app.wait(actor, order, SOME),
)


def placed(office: Office, actor: Actor, last: int) -> str:
    """The id of a new order about one address."""
    demand = BlockAddress(ip_network(f"192.0.2.{last}"))
    return office.app.place(actor, asks(demand=demand, confirm_wide=False)).id


@pytest.mark.parametrize("look", LOOKS)
def test_its_own_are_shown_and_those_of_others_are_not_there(office: Office, look: Look) -> None:
    mine, theirs = placed(office, BOT, 7), placed(office, ANN, 8)
    other = placed(office, machine("other"), 9)
    look(office.app, BOT, mine)
    for hidden in (theirs, other):
        with pytest.raises(NotFound, match=f"no order {hidden}"):
            look(office.app, BOT, hidden)
    for order in (mine, theirs, other):
        look(office.app, VIEWER, order)


def test_a_list_has_its_own_alone(office: Office) -> None:
    mine = [placed(office, BOT, last) for last in (1, 2)]
    placed(office, ANN, 3)
    found = office.app.orders(BOT, OrderFilter(limit=10))
    assert [one.id for one in found] == mine[::-1]
    assert office.app.orders(BOT, OrderFilter(source="detector", limit=1))[0].id == mine[1]
    with pytest.raises(Forbidden, match="its own source"):
        office.app.orders(BOT, OrderFilter(source="cli"))
    assert len(office.app.orders(VIEWER, OrderFilter())) == 3
    assert len(office.app.orders(VIEWER, OrderFilter(source="cli"))) == 1


def test_it_hears_of_a_lift_but_not_what_people_say_to_each_other(office: Office) -> None:
    mine = placed(office, BOT, 7)
    office.app.comment(ANN, CommentOrder(order=mine, text="the customer called"))
    office.app.lift(ANN, LiftOrder(order=mine, reason="cleaned up"))
    assert [e.kind for e in office.app.history(BOT, mine)] == ["order.placed", "order.lifted"]
    assert len(office.app.history(VIEWER, mine)) == 3


def test_who_may_look_at_nothing_sees_nothing(office: Office) -> None:
    mine = placed(office, BOT, 7)
    nobody = Actor("nobody", "detector", Rights(frozenset()))
    with pytest.raises(Forbidden):
        office.app.order(nobody, mine)
    with pytest.raises(Forbidden):
        office.app.orders(nobody, OrderFilter())
    assert Role.DETECTOR in (BOT.rights or Rights()).roles


CHANGES: tuple[Look, ...] = (
    lambda app, actor, order: app.lift(actor, LiftOrder(order=order, reason="over")),
    lambda app, actor, order: app.amend(actor, AmendOrder(order=order, ticket="T-1")),
    lambda app, actor, order: app.change_end(actor, longer(order)),
)


def longer(order: str) -> ChangeEnd:
    """A later end."""
    return ChangeEnd(order=order, extend=True, duration=timedelta(hours=2))


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_another_s_is_not_there_to_be_changed_either(office: Office, change: Look) -> None:
    theirs = placed(office, ANN, 8)
    with pytest.raises(NotFound) as changed:
        change(office.app, BOT, theirs)
    with pytest.raises(NotFound) as looked:
        office.app.order(BOT, theirs)
    assert str(changed.value) == str(looked.value)
    assert "cli" not in str(changed.value)


def test_what_a_detector_may_not_do_at_all_tells_nothing_of_what_there_is(office: Office) -> None:
    said = set()
    for order in (placed(office, ANN, 8), "0009-Y"):
        with pytest.raises(Forbidden) as refused:
            office.app.comment(BOT, CommentOrder(order=order, text="hello"))
        said.add(str(refused.value))
    assert len(said) == 1


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"kinds": ("nope",)}, "there is no kind 'nope': choose of block_address, "),
        ({"statuses": ("nope",)}, "there is no status 'nope': choose of "),
        ({"customer": "cust9"}, "there is no customer 'cust9': did you mean cust"),
        ({"customer": "zzz"}, "see `enforcer customer list`"),
    ],
)
def test_a_filter_by_what_there_is_not_is_told(
    office: Office, wrong: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        office.app.orders(VIEWER, OrderFilter.model_validate(wrong))
    assert said in str(refused.value)


def test_a_filter_by_a_kind_that_there_is_finds_it(office: Office) -> None:
    mine = placed(office, ANN, 1)
    found = office.app.orders(VIEWER, OrderFilter(kinds=("block_address",), active=True))
    assert [one.id for one in found] == [mine]
    assert office.app.orders(VIEWER, OrderFilter(kinds=("shutdown_session", "cut_feed"))) == []


def test_a_customer_without_orders_has_an_empty_list(office: Office) -> None:
    assert office.app.orders(VIEWER, OrderFilter(customer="cust1")) == []
    # To a detector it makes no difference: whose customer somebody is, is not told it.
    for name in ("cust1", "cust9"):
        assert office.app.orders(BOT, OrderFilter(customer=name)) == []
