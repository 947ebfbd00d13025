# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller's state and identity, and what is known of devices, survive a restart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enforcer.core.brake import PauseState
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Mode
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.database import Database
from enforcer.storage.records import ControlState
from tests.integration.storage.placing import NOON
from tests.integration.storage.tampering import tamper


def test_a_new_database_runs(database: Database) -> None:
    with database.read() as reader:
        assert reader.control.state() == ControlState(PauseState.RUNNING, None, None, None)


@pytest.mark.parametrize("state", ["paused", "frozen", "running"])
def test_the_state_survives_a_restart(database: Database, url: str, state: str) -> None:
    with database.write() as unit:
        unit.control.set_state(state, at=NOON, by="ann", reason="maintenance")
    database.close()
    again = Database(url)
    with again.read() as reader:
        assert reader.control.state() == ControlState(PauseState(state), NOON, "ann", "maintenance")
    again.close()


def test_another_state_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput, match="paused"), database.write() as unit:
        unit.control.set_state("stopped", at=NOON, by="ann", reason="")


def test_the_controller_has_no_name_before_init(database: Database) -> None:
    with database.read() as reader, pytest.raises(StorageError, match="init"):
        reader.control.identity()
    with pytest.raises(StorageError, match="init"), database.write() as unit:
        unit.control.new_epoch()


def test_an_installation_is_named_once_and_its_epochs_only_rise(database: Database) -> None:
    with database.write() as unit:
        assert unit.control.initialise("c0ffee") is True
        assert unit.control.identity() == Owner("c0ffee", 1)
    with database.write() as unit:
        assert unit.control.new_epoch() == Owner("c0ffee", 2)
    with database.write() as unit:
        assert unit.control.initialise("other") is False
    with database.read() as reader:
        assert reader.control.identity() == Owner("c0ffee", 2)


def test_adopted_devices(database: Database) -> None:
    with database.write() as unit:
        unit.devices.set_adopted("edge1", Owner("c0ffee", 1), NOON)
        unit.devices.set_adopted("edge2", Owner("c0ffee", 1), NOON)
        unit.devices.set_adopted("edge1", Owner("decaf", 7), NOON + timedelta(hours=1))
    with database.read() as reader:
        assert reader.devices.adopted("edge1") == Owner("decaf", 7)
        assert reader.devices.adopted("edge3") is None
        assert reader.devices.all_adopted() == {
            "edge1": Owner("decaf", 7),
            "edge2": Owner("c0ffee", 1),
        }


def test_facts_come_back_equal(database: Database) -> None:
    full = DeviceFacts(
        verified_seq=2**40,
        verified_at=NOON + timedelta(microseconds=1),
        proved_for=NOON,
        failing_since=NOON,
        error_code="unreachable",
        error="edge1: no route",
        drift_open=3,
        mode=Mode.OBSERVE,
        paused=True,
        unsupported_orders=frozenset({1, 2}),
        held_orders=frozenset({3}),
        inventory="0123456789abcdef",
        present="fedcba9876543210",
        braked="new software",
        marker=True,
        contested_orders=frozenset({4}),
        contested_by=("nft",),
        braked_orders=frozenset({5}),
        waiting="waits for the maintenance window",
    )
    assert all(
        getattr(full, name) != getattr(DeviceFacts(), name) for name in DeviceFacts.__slots__
    )
    with database.write() as unit:
        unit.devices.save_facts("edge1", DeviceFacts())
        unit.devices.save_facts("edge1", full)
        unit.devices.save_facts("edge2", DeviceFacts())
    with database.read() as reader:
        assert reader.devices.facts("edge1") == full
        assert reader.devices.facts("edge3") is None
        assert reader.devices.all_facts() == {"edge1": full, "edge2": DeviceFacts()}


def test_unreadable_facts_are_not_no_facts(database: Database, url: str) -> None:
    tamper(url, "INSERT INTO device_facts VALUES ('edge1', 'x')")
    with database.read() as reader:
        assert reader.devices.facts("edge2") is None
        with pytest.raises(StorageError, match="edge1"):
            reader.devices.facts("edge1")
