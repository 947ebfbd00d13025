# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that no driver takes: found before it is in force, and alone in its misfortune."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.core.topology import Device, Topology
from enforcer.errors import ConfigurationInvalid, OrderRefused
from enforcer.registry import driver_class
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, Plant, files, router

ODD = replace(router("edge3"), platform="unheard-of")
SAID = "devices.edge3: no driver for platform 'unheard-of'"


def put(plant: Plant, topology: Topology) -> None:
    """In force as an older version did, which did not look."""
    with plant.database.write() as work:
        seq = work.record("test", ANN, at=plant.clock.now(), payload={})
        work.inventories.add(seq, topology, at=plant.clock.now(), origin="an older version")


def test_check_diff_and_reload_name_the_device_and_change_nothing(plant: Plant) -> None:
    before = plant.world.topology.digest
    plant.state(*EDGES, HOSTING, ODD)
    report = plant.app.inventory_check(ANN)
    assert not report.ok and report.problems == [SAID]
    assert plant.app.inventory_diff(ANN).problems == [SAID]
    done = plant.reload()
    assert not done.ok and done.problems == [SAID]
    assert plant.alarms() == {"inventory-bad": ["inventory"]}
    assert plant.world.topology.digest == before
    plant.place("198.51.100.7/32")


def test_a_retired_device_needs_no_driver(plant: Plant) -> None:
    put(plant, files(*EDGES, HOSTING, ODD))
    plant.app.device_retire(ANN, "edge3", "sold")
    plant.state(*EDGES, HOSTING, ODD)
    assert plant.app.inventory_check(ANN).ok


def test_only_what_would_be_placed_there_is_refused(plant: Plant) -> None:
    put(plant, files(*EDGES, HOSTING, ODD))
    assert plant.place("192.0.2.5/32").devices
    with pytest.raises(OrderRefused, match="edge3 has no driver that takes it") as refused:
        plant.place("198.51.100.7/32")
    assert refused.value.code == "unsupported-on-device"
    assert "unheard-of" in str(refused.value)


def test_a_platform_with_a_typing_error_gets_a_near_match() -> None:
    with pytest.raises(ConfigurationInvalid, match="did you mean 'nftables'"):
        driver_class("nftable")


def boxed(name: str, netns: str) -> Device:
    return replace(router(name), transport={"netns": netns})


def test_a_new_name_for_a_box_waits_until_the_old_one_is_gone(plant: Plant) -> None:
    plant.reload(boxed("old", "box1"), boxed("edge2", "box2"))
    done = plant.reload(boxed("new", "box1"), boxed("edge2", "box2"))
    assert not done.ok
    (problem,) = done.problems
    assert problem.startswith("devices.new: ") and "enforcer device retire old" in problem
    assert plant.world.topology.devices.keys() >= {"old", "edge2"}
    plant.app.device_retire(ANN, "old", "renamed")
    assert "old" not in plant.world.topology.devices
    assert plant.reload(boxed("new", "box1"), boxed("edge2", "box2")).ok
