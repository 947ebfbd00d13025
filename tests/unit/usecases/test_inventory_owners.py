# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders about addresses that a reload gives to another customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

import pytest

from enforcer.application.commands import ChangeEnd, Reconfirm
from enforcer.core.topology import Customer, Tenant
from enforcer.errors import InvalidInput, OrderRefused
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, HOUR, SUSPENDED, Plant, customer

TAKEN = (
    replace(HOSTING, prefixes=(ip_network("192.0.2.0/25"),)),
    customer("newcomer", "192.0.2.128/25", at=("edge2 eth5",)),
)


def ends(plant: Plant, order_id: str) -> datetime:
    end = plant.app.order(ANN, order_id).end
    assert end is not None
    return end


def test_an_order_about_addresses_with_a_new_owner_ends_after_a_day(plant: Plant) -> None:
    hit, spared = plant.place("192.0.2.200/32"), plant.place("192.0.2.5/32")
    by_name = plant.place(SUSPENDED)
    short = plant.place("192.0.2.201/32", duration=2 * HOUR)
    done = plant.reload(*EDGES, *TAKEN)
    assert sum("enforcer order reconfirm" in w for w in done.warnings) == 2
    assert plant.alarms()["owner-changed"] == sorted([hit.id, short.id])
    assert ends(plant, hit.id) == plant.clock.now() + 24 * HOUR
    assert ends(plant, short.id) == short.end
    assert ends(plant, spared.id) == spared.end and ends(plant, by_name.id) == by_name.end
    changed = {entry.subject: entry.payload for entry in plant.audit("order.owner-changed")}
    assert changed[hit.id]["from"] == hit.end.isoformat() if hit.end else None
    assert (changed[hit.id]["was"], changed[hit.id]["now"]) == ("hosting", "newcomer")


def test_an_open_ended_order_ends_too(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32", duration=None, open_ended=True)
    plant.reload(*EDGES, *TAKEN)
    assert ends(plant, order.id) == plant.clock.now() + 24 * HOUR
    kept = plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason="the same person"))
    assert kept.end is None


def test_reconfirmed_the_order_has_its_old_end_and_the_alarm_is_over(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.reload(*EDGES, *TAKEN)
    command = Reconfirm(order=order.id, reason="the same person")
    assert plant.app.reconfirm(ANN, command).end == order.end
    assert "owner-changed" not in plant.alarms()
    with pytest.raises(OrderRefused) as refused:
        plant.app.reconfirm(ANN, command)
    assert refused.value.code == "nothing-to-reconfirm"
    assert [e.payload["reason"] for e in plant.audit("order.reconfirmed")] == ["the same person"]


def test_a_reconfirmation_needs_a_reason_and_an_order_that_runs(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.reload(*EDGES, *TAKEN)
    with pytest.raises(InvalidInput, match="reason"):
        plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason=" "))
    plant.lift(order)
    with pytest.raises(OrderRefused, match="place a new order"):
        plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason="late"))


def test_an_end_that_somebody_set_since_stays(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.reload(*EDGES, *TAKEN)
    sooner = ChangeEnd(order=order.id, extend=False, duration=HOUR)
    end = plant.app.change_end(ANN, sooner).end
    assert plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason="known")).end == end


def test_changing_hands_twice_the_first_end_comes_back(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.reload(*EDGES, *TAKEN)
    plant.clock.advance(3600)
    third = customer("third", "192.0.2.128/25", at=("edge2 eth5",))
    plant.reload(*EDGES, TAKEN[0], replace(TAKEN[1], prefixes=()), third)
    assert len(plant.audit("order.owner-changed")) == 2
    assert ends(plant, order.id) == plant.clock.now() + 23 * HOUR
    kept = plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason="known"))
    assert kept.end == order.end


def test_what_was_nobodys_for_a_while_has_changed_hands_all_the_same(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.clock.advance(10)
    plant.reload(*EDGES, TAKEN[0])
    assert "owner-changed" not in plant.alarms()
    plant.reload(*EDGES, *TAKEN)
    assert plant.alarms()["owner-changed"] == [order.id]
    (changed,) = plant.audit("order.owner-changed")
    assert changed.payload["was"] == "hosting"


def test_what_comes_back_to_its_owner_has_not_changed_hands(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.clock.advance(10)
    plant.reload(*EDGES, TAKEN[0])
    plant.reload(*EDGES, HOSTING)
    assert "owner-changed" not in plant.alarms()
    assert ends(plant, order.id) == order.end


def test_what_was_nobodys_and_is_a_customers_now_hits_the_innocent_too(plant: Plant) -> None:
    stranger, far = plant.place("198.51.100.200/32"), plant.place("203.0.113.77/32")
    plant.clock.advance(10)
    done = plant.reload(*EDGES, HOSTING, customer("newcomer", "198.51.100.0/24"))
    assert plant.alarms()["owner-changed"] == [stranger.id]
    assert any("belonged to nobody and now belongs to newcomer" in w for w in done.warnings)
    assert ends(plant, stranger.id) == plant.clock.now() + 24 * HOUR
    assert ends(plant, far.id) == far.end


def rented(**tenants: str) -> Customer:
    """The hosting company with tenants, each with a prefix."""
    named = (Tenant(name, (ip_network(prefix),)) for name, prefix in tenants.items())
    return replace(HOSTING, tenants=tuple(named))


def test_from_tenant_to_tenant_is_another_owner(plant: Plant) -> None:
    plant.reload(*EDGES, rented(shop="192.0.2.64/28", blog="192.0.2.80/28"))
    order, spared = plant.place("192.0.2.64/32"), plant.place("192.0.2.80/32")
    done = plant.reload(*EDGES, rented(club="192.0.2.64/28", blog="192.0.2.80/28"))
    said = "belonged to shop (tenant of hosting) and now belongs to club (tenant of hosting)"
    assert any(said in w for w in done.warnings)
    assert plant.alarms()["owner-changed"] == [order.id]
    assert ends(plant, order.id) == plant.clock.now() + 24 * HOUR
    assert ends(plant, spared.id) == spared.end


def test_a_tenant_who_leaves_is_followed_by_its_customer_and_then_by_another(
    plant: Plant,
) -> None:
    plant.reload(*EDGES, rented(shop="192.0.2.64/28"))
    plant.clock.advance(10)
    order = plant.place("192.0.2.64/32")
    plant.clock.advance(10)
    plant.reload(*EDGES, HOSTING)
    assert "owner-changed" not in plant.alarms()
    plant.reload(*EDGES, rented(shop="192.0.2.64/28"))
    assert "owner-changed" not in plant.alarms()
    plant.reload(*EDGES, rented(club="192.0.2.64/28"))
    assert plant.alarms()["owner-changed"] == [order.id]


def test_a_customers_address_that_gets_a_tenant_changes_hands(plant: Plant) -> None:
    order = plant.place("192.0.2.64/32")
    plant.clock.advance(10)
    plant.reload(*EDGES, rented(shop="192.0.2.64/28"))
    assert plant.alarms()["owner-changed"] == [order.id]


def test_an_extension_does_not_go_around_the_new_owner(plant: Plant) -> None:
    order = plant.place("192.0.2.200/32")
    plant.reload(*EDGES, *TAKEN)
    longer = ChangeEnd(order=order.id, extend=True, duration=72 * HOUR)
    with pytest.raises(OrderRefused, match=f"enforcer order reconfirm {order.id}") as refused:
        plant.app.change_end(ANN, longer)
    assert refused.value.code == "owner-changed"
    assert ends(plant, order.id) == plant.clock.now() + 24 * HOUR
    assert plant.alarms()["owner-changed"] == [order.id]
    plant.app.reconfirm(ANN, Reconfirm(order=order.id, reason="the same person"))
    assert plant.app.change_end(ANN, longer).end == plant.clock.now() + 72 * HOUR
