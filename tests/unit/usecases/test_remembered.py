# SPDX-License-Identifier: GPL-2.0-or-later
"""What is remembered of orders: never more than is asked for, never out of date."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from enforcer.application.commands import AmendOrder, OrderFilter
from enforcer.control.book import Basis
from enforcer.core.orders import BlockAddress
from enforcer.core.topology import Topology
from enforcer.usecases.in_force import InForce
from enforcer.usecases.remembered import Known, Remembered
from enforcer.usecases.world import World
from tests.unit.usecases.office import ANN, TOPOLOGY, Office


def address(number: int) -> BlockAddress:
    return BlockAddress(IPv4Network(IPv4Address("192.0.2.0") + number))


def fresh(office: Office) -> World:
    """A world that remembers nothing, on the same database."""
    return replace(office.world)


def test_a_page_costs_what_it_shows(office: Office) -> None:
    placed = [office.place(address(number)).id for number in range(6)]
    world = fresh(office)
    app = type(office.app)(world)
    assert [one.id for one in app.orders(ANN, OrderFilter(limit=2))] == placed[:3:-1]
    assert len(world.remembered) == 2
    rest = app.orders(ANN, OrderFilter(limit=2, before=placed[4]))
    assert [one.id for one in rest] == [placed[3], placed[2]]
    assert len(app.orders(ANN, OrderFilter(limit=6))) == 6
    assert len(app.orders(ANN, OrderFilter(limit=50))) == 6


def test_the_same_is_shown_whether_it_is_remembered_or_not(office: Office) -> None:
    placed = office.place(address(1))
    shown = office.app.order(ANN, placed.id)
    assert office.app.order(ANN, placed.id) == shown
    assert type(office.app)(fresh(office)).order(ANN, placed.id) == shown


def test_a_change_of_the_order_shows_at_once(office: Office) -> None:
    placed = office.place(address(1))
    office.app.order(ANN, placed.id)
    office.app.amend(ANN, AmendOrder(order=placed.id, reason="corrected"))
    assert office.app.order(ANN, placed.id).reason == "corrected"
    assert office.app.orders(ANN, OrderFilter())[0].reason == "corrected"


def known(office: Office, number: int, standing: InForce) -> Known:
    view = office.place(address(number))
    with office.database.read() as reader:
        order = reader.orders.get(view.number)
    assert order is not None
    basis = Basis(standing.topology, {}, standing.owners)
    return Known(order, standing, basis.entry(order, {}), {})


def test_another_inventory_is_another_answer(office: Office) -> None:
    standing, other = InForce(TOPOLOGY), InForce(Topology())
    one = known(office, 1, standing)
    remembered = Remembered()
    remembered.keep(one)
    assert remembered.of(one.order, standing) is one
    assert remembered.of(one.order, other) is None
    assert remembered.of(replace(one.order, reason="another"), standing) is None


def test_the_one_looked_at_longest_ago_is_forgotten(office: Office) -> None:
    standing = InForce(TOPOLOGY)
    some = [known(office, number, standing) for number in range(3)]
    remembered = Remembered(most=2)
    remembered.keep(some[0])
    remembered.keep(some[1])
    assert remembered.of(some[0].order, standing) is some[0]
    remembered.keep(some[2])
    assert [remembered.of(one.order, standing) is not None for one in some] == [True, False, True]
