# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders about addresses that a reload gives to another customer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_network

import pytest

from enforcer.application.commands import ChangeEnd, Reconfirm
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
    stranger = plant.place("198.51.100.200/32")
    plant.clock.advance(10)
    plant.reload(*EDGES, TAKEN[0])
    assert "owner-changed" not in plant.alarms()
    both = replace(TAKEN[1], prefixes=(*TAKEN[1].prefixes, ip_network("198.51.100.0/24")))
    plant.reload(*EDGES, TAKEN[0], both)
    assert plant.alarms()["owner-changed"] == [order.id]
    assert ends(plant, stranger.id) == stranger.end
