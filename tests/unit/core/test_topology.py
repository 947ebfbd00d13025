# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory's digest: equal for equal inventories, whatever order sets iterate in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_address, ip_network

from pydantic import TypeAdapter

from enforcer.core.sessions import of_device
from enforcer.core.topology import (
    Blackholing,
    Customer,
    Device,
    Neighbor,
    Topology,
    Witness,
)

INVENTORY = Topology(
    devices={"edge1": Device("edge1", "nftables", roles=frozenset({"edge", "border", "core"}))},
    customers={"hosting": Customer("hosting", (ip_network("198.51.100.0/24"),))},
)


def test_any_change_of_the_inventory_changes_it() -> None:
    wider = Customer("hosting", (ip_network("198.51.100.0/24"), ip_network("2001:db8::/48")))
    changed = [
        replace(INVENTORY, customers={"hosting": wider}),
        replace(INVENTORY, customers={}),
        replace(INVENTORY, devices={}),
        replace(INVENTORY, documentation_space=True),
    ]
    assert len({INVENTORY.digest, *(topology.digest for topology in changed)}) == 5


def test_what_later_versions_can_state_changes_it_only_where_it_is_stated() -> None:
    """So that proofs and holds from before, which name the digest, are still of this inventory."""
    edge = INVENTORY.devices["edge1"]
    neighbor = Neighbor(ip_address("192.0.2.1"), 64500, "upstream")
    plain = replace(INVENTORY, devices={"edge1": replace(edge, neighbors=(neighbor,))})
    assert plain.digest == "725dc2694fda0371"
    stated = [
        replace(edge, neighbors=(replace(neighbor, name="transit1"),)),
        replace(edge, neighbors=(replace(neighbor, families=(4, 6)),)),
        replace(edge, neighbors=(neighbor,), bgp=False),
        replace(edge, neighbors=(neighbor,), blackholing=Blackholing()),
    ]
    found = {replace(INVENTORY, devices={"edge1": one}).digest for one in stated}
    assert len({plain.digest, *found}) == 5


def test_an_inventory_that_was_stored_before_they_could_be_stated_is_read() -> None:
    edge = replace(INVENTORY.devices["edge1"], neighbors=(Neighbor(ip_address("192.0.2.1")),))
    topology = replace(INVENTORY, devices={"edge1": edge})
    adapter = TypeAdapter(Topology)
    stored = json.loads(adapter.dump_json(topology))
    device = stored["devices"]["edge1"]
    for key in ("bgp", "blackholing"):
        del device[key]
    for key in ("name", "families"):
        del device["neighbors"][0][key]
    read = adapter.validate_json(json.dumps(stored))
    assert read == topology and read.digest == topology.digest
    # What it is about has no sessions of its own, so nothing new is asked of it.
    assert list(of_device(read.devices["edge1"], read)) == []


def test_what_can_be_stated_comes_back_from_storage() -> None:
    neighbor = Neighbor(ip_address("192.0.2.1"), 64500, "upstream", name="t1", families=(4, 6))
    witness = Witness("edge1", "frr", {"netns": "edge1"}, "env:E", (neighbor,))
    found = Blackholing(("65535:666",), {"4": "192.0.2.9"}, {"t1": "1:2"}, {}, (witness,))
    speaker = Device("speaker", "gobgp", roles=frozenset({"rtbh"}), blackholing=found)
    topology = replace(INVENTORY, devices={"speaker": speaker})
    adapter = TypeAdapter(Topology)
    read = adapter.validate_json(adapter.dump_json(topology))
    assert read == topology and read.digest == topology.digest


def test_it_is_the_same_in_every_process() -> None:
    ask = "from tests.unit.core.test_topology import INVENTORY; print(INVENTORY.digest)"
    seen = {
        subprocess.run(
            [sys.executable, "-c", ask],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }
    assert seen == {INVENTORY.digest}
