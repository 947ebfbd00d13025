# SPDX-License-Identifier: GPL-2.0-or-later
"""What ended, or was never put everywhere, is not said to be gone, or there, before its proof."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enforcer.application.commands import ImportList
from enforcer.application.views import WhyView
from enforcer.core.orders import BlockList
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, Plant, customer

ASKED = "198.51.100.9"
GONE = ("none", "none", "verified")
MAYBE = ("all", "all", "assumed")


def why(plant: Plant, address: str = ASKED) -> WhyView:
    return plant.app.why(ANN, address)


def words(plant: Plant, address: str = ASKED) -> tuple[str, str, str]:
    view = why(plant, address)
    return view.blocked_from, view.blocked_to, view.certainty


def listed(plant: Plant, *entries: str) -> None:
    text = "".join(f"{entry}\n" for entry in entries)
    plant.app.import_list(
        ANN, ImportList(name="bad", text=text, source="test", confirm_shrink=True)
    )


def test_a_lifted_order_blocks_until_it_is_proved_gone(plant: Plant) -> None:
    order = plant.place(ASKED)
    plant.reconcile()
    plant.clock.advance(60)
    plant.lift(order)
    assert plant.drops("edge1", ASKED)
    view = why(plant)
    assert words(plant) == MAYBE
    assert [(o.id, o.status) for o in view.orders] == [(order.id, "removing")]
    assert f"{order.id} is removing on edge1" in view.missing
    plant.reconcile("edge1")
    assert words(plant) == ("some", "some", "assumed"), "edge2 was not looked at"
    plant.reconcile("edge2")
    assert words(plant) == GONE
    assert (why(plant).orders, why(plant).missing) == ([], [])


def test_an_expired_order_blocks_until_it_is_proved_gone(plant: Plant) -> None:
    plant.place(ASKED, duration=timedelta(hours=1))
    plant.clock.advance(3_590)
    plant.reconcile()
    plant.clock.advance(20)
    assert words(plant) == MAYBE
    assert [order.status for order in why(plant).orders] == ["removing"]
    plant.reconcile()
    assert words(plant) == GONE


def test_what_ended_while_everything_is_frozen_still_blocks(plant: Plant) -> None:
    order = plant.place(ASKED)
    plant.reconcile()
    plant.app.freeze(ANN, "an incident")
    plant.lift(order)
    plant.reconcile()
    assert plant.drops("edge1", ASKED)
    assert words(plant) == MAYBE


def test_what_ended_long_ago_is_gone_for_good(plant: Plant) -> None:
    order = plant.place(ASKED)
    plant.reconcile()
    plant.lift(order)
    plant.reconcile()
    plant.clock.advance(7 * 86_400)
    plant.reconcile()
    assert words(plant) == GONE


def test_a_removed_entry_of_a_list_blocks_until_a_pass_has_followed(plant: Plant) -> None:
    listed(plant, ASKED, "198.51.100.10", "198.51.100.11")
    order = plant.place(BlockList("bad"), confirm_collateral=True, confirm_wide=True)
    plant.reconcile()
    assert words(plant) == ("all", "all", "verified")
    listed(plant, "198.51.100.10", "198.51.100.11")
    assert plant.drops("edge1", ASKED)
    assert words(plant) == MAYBE
    assert [(o.id, o.status) for o in why(plant).orders] == [(order.id, "removing")]
    plant.reconcile("edge1")
    assert {d.device for o in why(plant).orders for d in o.devices} == {"edge2"}
    plant.reconcile()
    assert words(plant) == GONE


def test_a_new_entry_of_a_list_is_not_proved_by_an_older_look(plant: Plant) -> None:
    listed(plant, "198.51.100.10")
    plant.place(BlockList("bad"), confirm_collateral=True, confirm_wide=True)
    plant.reconcile()
    listed(plant, ASKED, "198.51.100.10")
    assert not plant.drops("edge1", ASKED)
    assert why(plant).certainty == "assumed"
    plant.reconcile()
    assert words(plant) == ("all", "all", "verified")


def test_a_border_without_the_order_leaves_it_at_some(plant: Plant) -> None:
    plant.place(ASKED)
    plant.reconcile("edge1")
    assert not plant.drops("edge2", ASKED)
    view = why(plant)
    assert [order.status for order in view.orders] == ["partial"]
    assert words(plant) == ("some", "some", "assumed")
    assert any("edge2" in said for said in view.missing)
    plant.reconcile("edge2")
    assert words(plant) == ("all", "all", "verified")


@pytest.mark.parametrize("address", [ASKED, "203.0.113.7"])
def test_an_inventory_that_no_look_knew_of_proves_nothing(plant: Plant, address: str) -> None:
    plant.reconcile()
    assert words(plant, address) == GONE
    plant.reload(*EDGES, HOSTING, customer("new", "203.0.113.0/24", at=("edge2 eth2",)))
    assert why(plant, address).certainty == "assumed"
    plant.reconcile()
    assert words(plant, address) == GONE


def test_orders_about_others_do_not_make_it_less_sure(plant: Plant) -> None:
    plant.place(ASKED)
    plant.reconcile()
    plant.place("198.51.100.77")
    assert words(plant) == ("all", "all", "verified")
