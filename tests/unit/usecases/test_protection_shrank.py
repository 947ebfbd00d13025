# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload by which less is guarded: it warns, alarms, and the alarm stays for a person."""

from __future__ import annotations

from ipaddress import ip_network

from enforcer.control.evidence import CONTROLLER
from enforcer.core.topology import ProtectedPrefix
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, Plant

OURS = (ProtectedPrefix(ip_network("203.0.113.0/24"), "our own servers"),)


def shrank(plant: Plant) -> bool:
    return "protection-shrank" in plant.alarms()


def test_space_that_is_no_longer_protected_is_warned_of_and_alarmed(plant: Plant) -> None:
    plant.reload(*EDGES, HOSTING, protected=OURS)
    assert not shrank(plant)
    plant.state(*EDGES, HOSTING)
    (warning,) = plant.app.inventory_diff(ANN).warnings
    assert "203.0.113.0/24 (our own servers, stated)" in warning
    assert not shrank(plant)
    assert plant.reload().warnings == [warning]
    assert plant.alarms()["protection-shrank"] == ["inventory"]
    (raised,) = plant.audit("alarm.raised")
    assert raised.payload["said"] == warning


def test_a_second_reload_by_a_person_ends_it_and_one_by_the_controller_does_not(
    plant: Plant,
) -> None:
    plant.reload(*EDGES, HOSTING, protected=OURS)
    plant.reload(*EDGES, HOSTING)
    plant.app.inventory_reload(CONTROLLER)
    assert shrank(plant)
    plant.app.inventory_reload(ANN)
    assert not shrank(plant)


def test_a_reload_by_the_controller_alarms_too_and_putting_it_back_ends_it(plant: Plant) -> None:
    plant.reload(*EDGES, HOSTING, protected=OURS)
    plant.state(*EDGES, HOSTING)
    plant.app.inventory_reload(CONTROLLER)
    assert shrank(plant)
    plant.reload(*EDGES, HOSTING, protected=OURS)
    assert not shrank(plant)
