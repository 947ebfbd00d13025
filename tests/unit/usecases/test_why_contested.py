# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody takes out of one device again and again is not said to be blocked there."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.usecases.plant import ANN, Plant


def contested(plant: Plant, device: str, number: int) -> None:
    """As a pass leaves it that gave a member up."""
    with plant.database.write() as work:
        facts = work.devices.facts(device)
        assert facts is not None
        lost = replace(facts, contested_orders=frozenset({number}), contested_by=("nft (pid 1)",))
        work.devices.save_facts(device, lost)


def words(plant: Plant, address: str) -> tuple[str, str, str]:
    view = plant.app.why(ANN, address)
    return view.blocked_from, view.blocked_to, view.certainty


def test_a_member_that_is_missing_on_one_device_is_blocked_for_some(plant: Plant) -> None:
    order = plant.place("198.51.100.9")
    plant.reconcile()
    assert words(plant, "198.51.100.9") == ("all", "all", "verified")
    contested(plant, "edge1", order.number)
    assert words(plant, "198.51.100.9") == ("some", "some", "assumed")
    assert plant.app.why(ANN, "198.51.100.9").orders[0].status == "partial"
    contested(plant, "edge2", order.number)
    assert words(plant, "198.51.100.9")[:2] == ("none", "none")
