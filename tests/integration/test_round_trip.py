# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation that moves, files and database, finds nothing to do on its devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory.render import render
from inventory.yaml_files import load
from lab.installation import Installation
from tests.integration.nft_router import namespaces
from tests.postgres import Cluster

pytestmark = pytest.mark.root

ROUTER = "edge1"
REASON = ("--reason", "a test", "--open-ended")
PLACED = (
    ("block-address", "198.18.0.0/25", "--confirm-wide"),
    ("block-address", "203.0.113.0/24", "--confirm-wide"),
    ("block-port", "hosting", "--port", "25", "--except", "essentials"),
    ("cut-feed", "hosting"),
    ("suspend-customer", "hosting", "--except", "essentials", "--by", "interface"),
    ("block-list", "botnets"),
)
BOTNETS = "198.18.9.0/28\n198.18.9.64 ; a word\n2001:db8:bad::/48\n"


def stated(namespace: str) -> dict[str, Any]:
    """Something of every section, not in the order in which it is written out."""
    return {
        "protected": [{"prefix": "203.0.113.0/28", "reason": "our own"}],
        "settings": {"documentation_space": True},
        "service_sets": {
            "essentials": {"entries": [{"prefixes": ["203.0.113.53", "2001:db8:53::53"]}]},
            "news": {
                "entries": [{"prefixes": ["203.0.113.119"], "protocol": "tcp", "ports": [119]}]
            },
        },
        "customers": {
            "hosting": {
                "prefixes": ["192.0.2.0/25", "2001:db8:1::/48"],
                "attachments": [{"device": ROUTER, "interface": "eth1"}],
            }
        },
        "sources": {"*": {"per_minute": 1000}},
        "limits": {"brake": {"rows": 500, "percent": 10, "floor": 5}},
        "devices": {
            ROUTER: {
                "platform": "nftables",
                "roles": ["border"],
                "mode": "enforce",
                "transport": {"netns": namespace},
                "interfaces": {"eth1": {}, "eth0": {"addresses": ["198.18.0.1/30"]}},
            }
        },
    }


@dataclass
class Site:
    """An installation that enforces; no controller runs. `folder`: for its copies."""

    here: Installation
    inventory: Path
    folder: Path

    def moved(self, database: str) -> Installation:
        """The inventory written out anew, the database copied, other settings."""
        self.here.text("database", "copy", "--to", database, "--yes")
        folder = self.folder / "there"
        folder.mkdir()
        (folder / "all.yaml").write_text(render(load(self.inventory)), encoding="utf-8")
        there = Installation(folder, folder / "all.yaml")
        settings = {"database": database, "inventory": str(folder / "all.yaml"), "actor": "lab"}
        lines = (f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        there.config.write_text("".join(lines), encoding="utf-8")
        return there


@pytest.fixture
def site(root: None, tmp_path: Path) -> Iterator[Site]:
    """One router in a namespace of its own, with an order of nearly every kind."""
    folder = tmp_path / "here"
    folder.mkdir()
    with namespaces() as namespace:
        inventory = folder / "inventory.yaml"
        # JSON is YAML.
        inventory.write_text(json.dumps(stated(namespace)), encoding="utf-8")
        here = Installation(folder, inventory)
        here.create()
        here.text("inventory", "reload", "--reason", "first")
        (folder / "botnets.txt").write_text(BOTNETS, encoding="utf-8")
        here.text("list", "import", "botnets", str(folder / "botnets.txt"))
        for words in PLACED:
            here.text("order", *words, *REASON)
        here.text("device", "reconcile", ROUTER)
        yield Site(here, inventory, tmp_path)


def planned(installation: Installation) -> tuple[int, int, list[str]]:
    """(added, removed, findings) of what a fresh process would do on the router."""
    (shown,) = installation.ask("device", "plan", ROUTER)["devices"]
    assert shown["error"] is None
    return shown["adds"], shown["removes"], shown["findings"]


def nothing_to_do(there: Installation) -> None:
    """No plan, no drift, no difference between files and what is in force; and it would show."""
    (drift,) = there.ask("device", "drift", ROUTER)
    assert drift["verified"] > 20
    assert (drift["missing"], drift["extra"], drift["altered"]) == (0, 0, 0)
    added, removed, findings = planned(there)
    assert (added, removed) == (0, 0)
    assert all(finding.endswith("mark") for finding in findings), findings
    diff = there.ask("inventory", "diff")
    assert diff["ok"] and diff["changes"] == [] and diff["devices"] == []
    assert there.ask("audit", "verify")["ok"]
    written = there.folder / "all.yaml"
    written.write_text(written.read_text().replace("192.0.2.0/25", "192.0.2.0/26"))
    assert there.ask("inventory", "diff")["changes"]
    first, *_ = there.ask("order", "list")
    there.text("order", "lift", first["id"], "--reason", "over")
    assert planned(there)[1] > 0


def test_from_sqlite_to_sqlite(site: Site) -> None:
    nothing = planned(site.here)
    assert nothing == (0, 0, [])
    nothing_to_do(site.moved(f"sqlite:///{site.folder / 'moved.db'}"))


def test_from_sqlite_to_postgresql(site: Site, cluster: Cluster) -> None:
    nothing_to_do(site.moved(cluster.empty()))
