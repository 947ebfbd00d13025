# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of a million entries: a file's text, imported, ordered, in the kernel, read back."""

from __future__ import annotations

import random
import subprocess
import uuid
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from enforcer import bootstrap
from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList, LiftOrder, PlaceOrder
from enforcer.core.orders import BlockList, Direction
from enforcer.settings import Settings

ANN = Actor("ann", "cli")
SIZE = 1_000_000
INVENTORY = """\
devices:
  edge1:
    platform: nftables
    mode: enforce
    roles: [border]
    transport: {{netns: "{name}", counters: "no"}}
"""


@pytest.fixture
def namespace(root: None) -> Iterator[str]:
    name = f"million-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "del", name], check=True)


def a_million_lines() -> str:
    """Addresses of 11.0.0.0/8 to 99.0.0.0/8, none beside another, so that none merge."""
    places = random.Random(20_02).sample(range(11 << 23, 100 << 23), SIZE)
    return "\n".join(str(IPv4Address(place * 2)) for place in places) + "\n"


@pytest.mark.root
@pytest.mark.timeout(600)
def test_a_million_entries_are_loaded_compiled_enforced_read_back_and_lifted(
    tmp_path: Path, namespace: str
) -> None:
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY.format(name=namespace), encoding="utf-8")
    settings = Settings(database=f"sqlite:///{tmp_path}/enforcer.db", inventory=inventory)
    bootstrap.initialise(settings)
    app = bootstrap.application(settings)
    lines = a_million_lines()
    stored = app.import_list(ANN, ImportList(name="huge", text=lines, source="a test"))
    assert (stored.entries, stored.rejected) == (SIZE, 0)
    demand = BlockList("huge", Direction.FROM)
    placed = app.place(ANN, PlaceOrder(demand=demand, reason="test", duration=timedelta(days=1)))
    waited = app.wait(ANN, placed.id, timedelta(minutes=5))
    assert waited.status == "enforced"
    drift = app.device_drift(ANN, "edge1")
    assert not drift.drifted and drift.verified == SIZE
    fewer = lines.split("\n", 1)[1]
    app.import_list(ANN, ImportList(name="huge", text=fewer, source="a test"))
    assert app.device_drift(ANN, "edge1").extra == 1
    assert app.wait(ANN, placed.id, timedelta(minutes=5)).status == "enforced"
    app.lift(ANN, LiftOrder(order=placed.id, reason="done"))
    assert app.wait(ANN, placed.id, timedelta(minutes=5)).status == "lifted"
    empty = app.device_drift(ANN, "edge1")
    assert not empty.drifted and empty.verified == 0
