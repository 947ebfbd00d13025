# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory's digest: equal for equal inventories, whatever order sets iterate in."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from ipaddress import ip_network

from enforcer.core.topology import Customer, Device, Topology

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
