# SPDX-License-Identifier: GPL-2.0-or-later
"""Comments on orders: what is kept, what is refused, and that the order stays as it is."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import AmendOrder, CommentOrder, LiftOrder, OrderFilter
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.orders import BlockAddress, order_id
from enforcer.errors import Forbidden, InvalidInput, NotFound
from tests.unit.usecases.office import ANN, Office

DEMAND = BlockAddress(ip_network("192.0.2.7"))


def test_a_comment_is_in_the_history_and_the_order_stays(office: Office) -> None:
    order = office.place(DEMAND)
    said = office.app.comment(
        ANN, CommentOrder(order=order.id, text=" the customer called \r\nasks for a look\n")
    )
    assert said.detail == {"text": "the customer called\nasks for a look"}
    assert (said.kind, said.subject, said.actor) == ("order.commented", order.id, "ann")
    assert office.app.history(ANN, order.id)[-1] == said
    assert office.app.order(ANN, order.id) == order


def test_orders_are_found_by_what_was_said_of_them(office: Office) -> None:
    said, _, written = (office.place(BlockAddress(ip_network(f"192.0.2.{n}"))) for n in (7, 8, 9))
    office.app.comment(ANN, CommentOrder(order=said.id, text="Called the\nHotline at 9"))
    office.app.amend(ANN, AmendOrder(order=written.id, reason="hotline asked"))

    def found(**stated: Any) -> list[str]:
        return [view.id for view in office.app.orders(ANN, OrderFilter(**stated))]

    assert found(text="HOTLINE") == [written.id, said.id]
    assert found(text="hotline", limit=1) == [written.id]
    assert found(text="hotline", before=written.id) == [said.id]
    assert found(text="hotline", source="elsewhere") == []
    assert found(text="9%") == []


def test_an_order_that_is_over_can_be_commented(office: Office) -> None:
    order = office.place(DEMAND)
    office.app.lift(ANN, LiftOrder(order=order.id, reason="done"))
    office.app.comment(ANN, CommentOrder(order=order.id, text="it was the wrong host"))
    kinds = [event.kind for event in office.app.history(ANN, order.id)]
    assert kinds == ["order.placed", "order.lifted", "order.commented"]


@pytest.mark.parametrize("text", ["", " \n ", "a\x07b", "turned \u202e around", "x" * 2_001])
def test_what_is_no_text_is_refused(office: Office, text: str) -> None:
    order = office.place(DEMAND)
    with pytest.raises(InvalidInput, match="comment"):
        office.app.comment(ANN, CommentOrder(order=order.id, text=text))
    assert len(office.app.history(ANN, order.id)) == 1


def test_a_detector_does_not_comment_and_an_unknown_order_is_not_found(office: Office) -> None:
    order = office.place(DEMAND)
    rights = Rights(frozenset({Role.DETECTOR}), machine=MachineLimits())
    with pytest.raises(Forbidden, match="detector"):
        office.app.comment(Actor("bot", "cli", rights), CommentOrder(order=order.id, text="still"))
    with pytest.raises(NotFound):
        office.app.comment(ANN, CommentOrder(order=order_id(9), text="which?"))
