# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload never rejects a full table, or opens a filter, because a file was edited."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from enforcer.core.orders import Demand, DropRoutes, Network, Scope, Sessions
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Attachment, Customer, Device, Neighbor
from tests.unit.usecases.office import Office
from tests.unit.usecases.plant import ANN, Plant, files, router

FIRST, SECOND, TRANSIT = "192.0.2.130", "192.0.2.131", "192.0.2.132"
WITH_ACME = Neighbor(ip_address(FIRST), 64501, "acme")
AGAIN = Neighbor(ip_address(SECOND), 64501, "acme")
UPSTREAM = Neighbor(ip_address(TRANSIT), 64502, "upstream")
EDGE = replace(router("edge1"), neighbors=(WITH_ACME,))
OTHER = router("edge2")
LOW, HIGH = ip_network("198.51.100.0/25"), ip_network("198.51.100.128/25")
WHAT_ACME_LEAKS = DropRoutes(Sessions(customers=("acme",)), choice="unregistered")
ALL_FROM_ACME = DropRoutes(Sessions(customers=("acme",)), choice="every")
CONFIRMED = {"confirm_routes": True}


def acme(*prefixes: Network) -> Customer:
    return Customer("acme", prefixes, (Attachment("edge1", "eth1"),))


ACME = acme(LOW, HIGH)


@pytest.fixture
def exchange(office: Office) -> Plant:
    """`acme` has two prefixes and a session at edge1, in force."""
    found = Plant(office.database, files(EDGE, OTHER, ACME))
    found.reload()
    return found


def stands(plant: Plant, name: str = "edge1") -> dict[str, Rule]:
    """By neighbor, the rule about routes on the device itself."""
    return {rule.neighbor: rule for rule in plant.box(name).table().members if rule.by_route}


def lets_through(plant: Plant, prefix: Network, neighbor: str = FIRST) -> bool:
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    exempt = stands(plant)[neighbor].exempt
    return any(one.first <= first and last <= one.last for one in exempt)


def enforced(plant: Plant, demand: Demand, **more: object) -> None:
    plant.place(demand, **{**CONFIRMED, **more})
    plant.reconcile()
    assert set(stands(plant)) == {FIRST}


def held(plant: Plant, *entries: Device | Customer) -> list[str]:
    """What the reload of `entries` says, which the brake holds on edge1 until its release."""
    plant.state(*entries)
    (moved,) = plant.app.inventory_diff(ANN).devices
    assert (moved.device, moved.braked) == ("edge1", True)
    done = plant.reload()
    assert done.applied and plant.alarms()["braked"] == ["edge1"]
    before = dict(stands(plant))
    plant.reconcile()
    assert stands(plant) == before
    return [said for said in done.warnings if "enforcer device release edge1" in said]


def release(plant: Plant) -> None:
    plant.app.device_release(ANN, "edge1", "looked at it")
    plant.reconcile()


def test_a_prefix_that_is_taken_from_a_customer_is_let_through_until_the_release(
    exchange: Plant,
) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    (said,) = held(exchange, EDGE, OTHER, acme(LOW))
    assert f"IPv4 routes from {FIRST} on edge1 inside {HIGH}, which" in said
    assert lets_through(exchange, HIGH)
    release(exchange)
    assert not lets_through(exchange, HIGH) and lets_through(exchange, LOW)


def test_a_prefix_more_is_let_through_at_once(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    more = ip_network("203.0.113.0/24")
    done = exchange.reload(EDGE, OTHER, acme(LOW, HIGH, more))
    assert [moved.braked for moved in done.devices] == [False] and done.warnings == []
    exchange.reconcile()
    assert lets_through(exchange, more)


def test_a_customer_without_prefixes_keeps_its_filter(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    assert len(held(exchange, EDGE, OTHER, acme())) == 1
    assert lets_through(exchange, LOW) and lets_through(exchange, HIGH)


def test_a_session_that_is_no_longer_a_customers_keeps_its_filter(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    moved = replace(EDGE, neighbors=(replace(WITH_ACME, behind="upstream"),))
    (said,) = held(exchange, moved, OTHER, ACME)
    assert f"would no longer reject IPv4 routes from {FIRST} on edge1" in said
    assert lets_through(exchange, LOW)
    release(exchange)
    assert stands(exchange) == {}


@pytest.mark.parametrize("demand", [WHAT_ACME_LEAKS, ALL_FROM_ACME], ids=lambda d: d.choice)
def test_a_session_that_comes_is_not_filtered_by_itself(exchange: Plant, demand: Demand) -> None:
    enforced(exchange, demand)
    (said,) = held(exchange, replace(EDGE, neighbors=(WITH_ACME, AGAIN)), OTHER, ACME)
    assert f"IPv4 routes from {SECOND} on edge1 as well" in said
    assert set(stands(exchange)) == {FIRST}
    release(exchange)
    assert set(stands(exchange)) == {FIRST, SECOND}


def test_an_upstream_that_comes_keeps_its_table(exchange: Plant) -> None:
    everyone = DropRoutes(Sessions(), choice="every")
    enforced(exchange, everyone, scope=Scope(("edge1",)))
    (said,) = held(exchange, replace(EDGE, neighbors=(WITH_ACME, UPSTREAM)), OTHER, ACME)
    assert TRANSIT in said and TRANSIT not in stands(exchange)


def test_the_hold_ends_when_the_files_are_put_right(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    held(exchange, EDGE, OTHER, acme(LOW))
    exchange.reload(EDGE, OTHER, ACME)
    assert exchange.control("edge1").hold is None and exchange.alarms() == {}


def test_named_prefixes_are_rejected_from_a_session_that_comes_and_it_is_said(
    exchange: Plant,
) -> None:
    enforced(exchange, DropRoutes(Sessions(customers=("acme",)), (ip_network("8.8.8.0/24"),)))
    done = exchange.reload(replace(EDGE, neighbors=(WITH_ACME, AGAIN)), OTHER, ACME)
    assert [moved.braked for moved in done.devices] == [False]
    (said,) = done.warnings
    assert said.endswith(f"would reject IPv4 routes from {SECOND} on edge1 as well")
    exchange.reconcile()
    assert {rule.key for rule in stands(exchange).values()} == {Key.RECEIVED}
    assert set(stands(exchange)) == {FIRST, SECOND}


def test_a_device_that_comes_is_filtered_from_the_start_and_it_is_said(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    new = replace(router("edge3"), neighbors=(AGAIN,))
    done = exchange.reload(EDGE, OTHER, new, ACME)
    assert [(moved.device, moved.braked) for moved in done.devices] == [("edge3", False)]
    assert [said for said in done.warnings if f"from {SECOND} on edge3 as well" in said]
    exchange.reconcile()
    assert set(stands(exchange, "edge3")) == {SECOND}


def test_a_session_that_is_taken_down_for_good_takes_its_filter_along(exchange: Plant) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    done = exchange.reload(replace(EDGE, neighbors=()), OTHER, ACME)
    assert [moved.braked for moved in done.devices] == [False]
    exchange.reconcile()
    assert stands(exchange) == {}


def test_a_filter_stays_under_a_pause_until_its_replacement_may_be_written(
    exchange: Plant,
) -> None:
    enforced(exchange, WHAT_ACME_LEAKS)
    exchange.app.pause(ANN, "a look")
    more = ip_network("203.0.113.0/24")
    exchange.reload(EDGE, OTHER, acme(LOW, HIGH, more))
    exchange.reconcile()
    assert lets_through(exchange, more) and lets_through(exchange, HIGH)
