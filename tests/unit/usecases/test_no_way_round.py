# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways round the second person that are closed: lists that grow, tokens that nobody owns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd, ImportList, LiftOrder
from enforcer.application.views import ListView
from enforcer.core.access import Rights, Role
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList
from enforcer.errors import AwaitingApproval, OrderRefused
from enforcer.service_settings import FourEyesSettings
from enforcer.storage.lists import ListReader
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.desks import GUARDED, equip, payloads
from tests.unit.usecases.office import ANN, HOUR, Office
from tests.unit.usecases.people import BOB, ENGINEER, EVE, SMALL, asks, person, proposed

ABUSE = person("abby", Role.ABUSE)
ROBOT = Actor("robot (enf_1)", "robot", Rights(frozenset({Role.ENGINEER}), nobodys=True))
W = BlockList("w")
LITTLE = "8.8.8.8\n8.8.4.4\n"
MUCH = "8.0.0.0/9\n1.0.0.0/8\n"


def imports(office: Office, text: str, actor: Actor = ABUSE, **changes: Any) -> ListView:
    command = ImportList(name="w", text=text, source="a file")
    return office.app.import_list(actor, command.model_copy(update=changes))


def grows(office: Office, text: str, **changes: Any) -> str:
    with pytest.raises(OrderRefused) as refused:
        imports(office, text, **changes)
    assert refused.value.code == "list-grows"
    return str(refused.value)


def test_a_list_that_an_order_follows_grows_wide_by_nobody_alone(office: Office) -> None:
    imports(office, LITTLE)
    order = office.app.place(ABUSE, asks(demand=W))
    assert order.id in grows(office, LITTLE + MUCH)
    (told,) = payloads(office, "list.refused")
    assert told["code"] == "list-grows"
    grows(office, LITTLE + MUCH, confirm_shrink=True)
    grows(office, LITTLE + MUCH, dry_run=True)
    grows(office, LITTLE + "8.10.0.0/23\n8.12.0.0/23\n")
    grows(office, LITTLE + "2a00::/44\n")
    assert office.app.lists(ANN)[0].version == 1
    assert imports(office, LITTLE + "8.10.0.0/23\n").version == 2, "a little more is daily work"


def test_an_order_that_is_to_come_counts_and_one_that_is_over_does_not(office: Office) -> None:
    imports(office, LITTLE)
    order = office.app.place(ABUSE, asks(demand=W, start_after=HOUR))
    grows(office, MUCH + LITTLE)
    office.app.lift(ABUSE, LiftOrder(order=order.id, reason="clean"))
    assert imports(office, MUCH + LITTLE).entries == 4
    with pytest.raises(AwaitingApproval, match="entries of the list"):
        office.app.place(ABUSE, asks(demand=W))


def test_a_list_that_grows_while_it_is_ordered_is_measured_as_it_is_then(office: Office) -> None:
    imports(office, LITTLE)

    def between(step: str) -> None:
        if step == "placing":
            imports(office, LITTLE + MUCH)

    app = LocalApplication(replace(office.world, step=between))
    with pytest.raises(AwaitingApproval, match="entries of the list"):
        app.place(ABUSE, asks(demand=W))
    assert office.app.orders(ANN, office.everything) == []


def test_a_list_that_is_imported_while_it_is_looked_for_is_not_known_yet(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an order about it would stand whose entries nobody measured."""
    equip(office, GUARDED)
    find, wide = ListReader.current, iter((LITTLE + MUCH,))

    def found(reader: ListReader, name: str) -> ListContent | None:
        before = find(reader, name)
        for text in wide:
            imports(office, text)
        return before

    monkeypatch.setattr(ListReader, "current", found)
    with pytest.raises(OrderRefused) as refused:
        office.app.place(ABUSE, asks(demand=W))
    assert refused.value.code == "unknown-list"
    with pytest.raises(AwaitingApproval, match="entries of the list"):
        office.app.place(ABUSE, asks(demand=W))


def test_the_shell_makes_lists_of_any_width_and_a_later_end_waits_then(office: Office) -> None:
    imports(office, LITTLE)
    order = office.app.place(ABUSE, asks(demand=W))
    assert imports(office, LITTLE + MUCH, ANN).version == 2
    with pytest.raises(AwaitingApproval, match="entries of the list"):
        office.app.change_end(ABUSE, ChangeEnd(order=order.id, extend=True, duration=2 * HOUR))


def test_the_growth_of_lists_can_be_switched_off_too(office: Office) -> None:
    off = replace(office.world, four_eyes=FourEyesSettings(prefix4=0))
    office.app = LocalApplication(off)
    imports(office, LITTLE)
    office.app.place(ABUSE, asks(demand=W))
    assert imports(office, LITTLE + MUCH).version == 2


def test_a_token_of_nobody_proposes_nothing_and_has_no_emergencies(office: Office) -> None:
    for command in (asks(), asks(emergency="now")):
        with pytest.raises(OrderRefused, match="owner") as refused:
            office.app.place(ROBOT, command)
        assert refused.value.code == "needs-approval"
    small = office.app.place(ROBOT, asks(demand=SMALL))
    endless = ChangeEnd(order=small.id, extend=True, open_ended=True)
    with pytest.raises(OrderRefused, match="owner"):
        office.app.change_end(ROBOT, endless)
    assert office.app.proposals(BOB, None) == []
    assert office.app.alarms(BOB) == []
    proposed(office, EVE)
    office.app.place(ENGINEER, asks(emergency="now"))
