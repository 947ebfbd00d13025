# SPDX-License-Identifier: GPL-2.0-or-later
"""An order that a device has no room for is refused; what frees or shares room is not."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.application.commands import ImportList, LiftOrder, PlaceOrder
from enforcer.core.orders import BlockAddress, BlockList, Direction, Scope
from enforcer.errors import OrderRefused
from tests.unit.usecases.office import ANN, HOUR, Office

HERE = Scope(devices=("edge1",))


@pytest.fixture
def full(office: Office) -> Office:
    """edge1 can hold two entries, and is to hold one."""
    office.limit("edge1", 2)
    office.place(block(10), scope=HERE)
    return office


def block(last: int) -> BlockAddress:
    return BlockAddress(ip_network(f"203.0.113.{last}"), Direction.FROM)


def test_up_to_its_capacity_and_not_beyond(full: Office) -> None:
    full.place(block(20), scope=HERE)
    with pytest.raises(OrderRefused, match=r"edge1 would have to hold 3 .*\(now 2\)") as refused:
        full.place(block(30), scope=HERE)
    assert refused.value.code == "over-capacity"
    assert len(full.app.orders(ANN, full.everything)) == 2


def test_elsewhere_is_room(full: Office) -> None:
    full.place(block(20), scope=HERE)
    full.place(block(30), scope=Scope(devices=("edge2",)))


def test_what_stands_already_needs_no_more_room(full: Office) -> None:
    full.place(block(20), scope=HERE)
    full.place(block(20), scope=HERE, duration=5 * HOUR)


def test_what_is_lifted_makes_room(full: Office) -> None:
    second = full.place(block(20), scope=HERE)
    full.app.lift(ANN, LiftOrder(order=second.id, reason="clean"))
    full.place(block(30), scope=HERE)


def test_a_list_counts_with_its_entries_and_a_preview_is_refused_alike(full: Office) -> None:
    text = "203.0.113.20\n203.0.113.30\n"
    full.app.import_list(ANN, ImportList(name="botnets", text=text, source="test"))
    listed = BlockList("botnets", Direction.FROM)
    command = PlaceOrder(demand=listed, reason="x", duration=HOUR, scope=HERE)
    for ask in (full.app.preview, full.app.place):
        with pytest.raises(OrderRefused, match="would have to hold 3"):
            ask(ANN, command)
