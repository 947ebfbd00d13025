# SPDX-License-Identifier: GPL-2.0-or-later
"""Intents and outcomes of many devices in one transaction: what was decided meanwhile counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from enforcer.control.fleet import Fleet
from enforcer.core.orders import Order
from enforcer.core.status import Status
from enforcer.storage.records import AuditEntry
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, PATIENCE, Desk, block, edge, eventually, inventory

NAMES = tuple(f"edge{number}" for number in range(8))


@pytest.fixture
def town(make_desk: MakeDesk) -> Desk:
    """Eight border routers, by the machine's clock."""
    return make_desk(inventory(*map(edge, NAMES)), live=True)


@pytest.fixture
def fleet(town: Desk) -> Iterator[Fleet]:
    made = Fleet(town.topology.devices, town.book, town.means())
    made.start()
    assert eventually(lambda: all(town.facts(name).verified_at for name in NAMES))
    yield made
    made.stop(PATIENCE)


def waiting(town: Desk) -> int:
    return len(town.evidence._joint[False]._waiting)


def since(town: Desk, order: Order, kind: str) -> list[AuditEntry]:
    return [entry for entry in town.audit(kind) if entry.seq > order.number]


def test_who_was_paused_while_the_intents_waited_is_left_alone(town: Desk, fleet: Fleet) -> None:
    order = town.place()
    paused = NAMES[3]
    with town.database.write() as work:
        fleet.wake_all("rung")
        assert eventually(lambda: waiting(town) == len(NAMES))
        work.record("device.paused", ANN, at=town.time.now(), device=paused, payload={})
        control = replace(work.device_controls.get(paused), paused=True, paused_by="ann")
        work.device_controls.save(paused, control)
    others = [name for name in NAMES if name != paused]
    assert eventually(lambda: all(town.status(order, name) is Status.ENFORCED for name in others))
    assert eventually(lambda: town.facts(paused).paused)
    assert not town.drops(name=paused) and town.open_intents() == []
    assert {entry.device for entry in since(town, order, "device.intent")} == {*others}


def test_each_has_entries_of_its_own_and_the_chain_holds(town: Desk, fleet: Fleet) -> None:
    order = town.place(block("198.51.100.9/32"))
    with town.database.write():
        fleet.wake_all("rung")
        assert eventually(lambda: waiting(town) == len(NAMES))
    assert eventually(lambda: all(town.status(order, name) is Status.ENFORCED for name in NAMES))
    intents = {entry.seq: str(entry.device) for entry in since(town, order, "device.intent")}
    outcomes = since(town, order, "device.outcome")
    assert intents == {entry.payload["intent"]: entry.device for entry in outcomes}
    assert sorted(intents.values()) == sorted(NAMES)
    with town.database.read() as reader:
        assert reader.audit.verify().ok
