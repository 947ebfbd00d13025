# SPDX-License-Identifier: GPL-2.0-or-later
"""A bouncer that goes on through restarts of ours ends up with what stands, whatever happened."""

from __future__ import annotations

import random
from dataclasses import replace
from ipaddress import ip_network

import pytest
from structlog.testing import capture_logs

from enforcer.application.commands import LiftOrder
from enforcer.core.orders import BlockAddress, BlockList, SuspendCustomer
from enforcer.core.topology import ProtectedPrefix, Topology
from enforcer.intake.lapi_book import DecisionBook
from enforcer.usecases import inventory
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.test_lapi import Lapi, bring, client_of
from tests.unit.usecases.office import ANN, ESSENTIALS, HOUR, TOPOLOGY


@pytest.fixture
def lapi(office: MakeOffice) -> Lapi:
    desk = office()
    inventory.reload(desk.world, ANN, "the start")
    made = Lapi(desk, client_of(desk))
    made.pull(startup=True)
    return made


def standing(lapi: Lapi) -> set[str]:
    """What somebody holds who asks for the first time."""
    return {one["value"] for one in lapi.ask("decisions") or []}


def put_in_force(lapi: Lapi, topology: Topology) -> None:
    world = replace(lapi.office.world, load_topology=lambda: topology)
    assert inventory.reload(world, ANN, "changed").applied


def lift(lapi: Lapi, order: str) -> None:
    lapi.office.app.lift(ANN, LiftOrder(order=order, reason="over"))


def test_a_list_whose_order_was_lifted_and_that_changed_then(lapi: Lapi) -> None:
    bring(lapi, "203.0.113.64\n203.0.113.66\n")
    order = lapi.office.place(BlockList("bad"))
    assert len(lapi.pull()) == 2
    lift(lapi, order.id)
    bring(lapi, "203.0.113.99\n")
    lapi.again()
    assert lapi.pull() == {}


def test_what_is_forgotten_of_a_long_life_is_said(lapi: Lapi) -> None:
    """Only where far more went than a book keeps; then it names the bouncer."""
    book = DecisionBook(lapi.office.world, most_gone=2)
    book.told("edge", book.pull("edge", startup=True))
    bring(lapi, "203.0.113.64\n203.0.113.66\n203.0.113.68\n")
    order = lapi.office.place(BlockList("bad"))
    book.told("edge", book.pull("edge", startup=False))
    lift(lapi, order.id)
    lapi.office.place(BlockAddress(ip_network("198.51.100.9")))
    with capture_logs() as said:
        pull = book.pull("edge", startup=False)
    assert len(pull.deleted) == 2 and [value for value, _ in pull.new] == ["198.51.100.9"]
    assert [one["bouncer"] for one in said] == ["edge"]


def test_customers_and_protected_space_that_changed_meanwhile(lapi: Lapi) -> None:
    lapi.office.place(SuspendCustomer("cust2", ESSENTIALS))
    lapi.office.place(BlockAddress(ip_network("198.51.100.0/28")))
    assert set(lapi.pull()) == {"192.0.2.64/26", "198.51.100.0/28"}
    moved = replace(TOPOLOGY.customers["cust2"], prefixes=(ip_network("192.0.2.64/27"),))
    fewer = replace(TOPOLOGY, customers={**TOPOLOGY.customers, "cust2": moved})
    put_in_force(lapi, fewer)
    guarded = ProtectedPrefix(ip_network("198.51.100.4/30"), "ours")
    put_in_force(lapi, replace(fewer, protected=(*fewer.protected, guarded)))
    lapi.again()
    assert set(lapi.pull()) == standing(lapi)
    assert "192.0.2.64/26" not in lapi.held and "198.51.100.0/28" not in lapi.held
    assert {"192.0.2.64/27", "198.51.100.0/30", "198.51.100.8/29"} == set(lapi.held)


@pytest.mark.parametrize("seed", range(4))
def test_any_history(lapi: Lapi, seed: int) -> None:
    """Orders, lists, ends, pulls and restarts as they come."""
    dice = random.Random(seed)
    orders: list[str] = []
    bring(lapi, "203.0.113.64\n")
    for step in range(40):
        match dice.randrange(6):
            case 0:
                target = ip_network(f"198.51.100.{dice.randrange(1, 40)}")
                orders.append(lapi.office.place(BlockAddress(target)).id)
            case 1:
                orders.append(lapi.office.place(BlockList("bad")).id)
            case 2 if orders:
                lift(lapi, orders.pop(dice.randrange(len(orders))))
            case 3:
                entries = (f"203.0.113.{dice.randrange(64, 74)}\n" for _ in range(4))
                bring(lapi, "".join({*entries, f"203.0.113.{80 + step}\n"}))
            case 4:
                lapi.office.clock.advance(dice.choice((60, int(HOUR.total_seconds()))))
            case _:
                lapi.again()
        if dice.random() < 0.5:
            assert set(lapi.pull()) == standing(lapi), step
    lapi.again()
    assert set(lapi.pull()) == standing(lapi)
