# SPDX-License-Identifier: GPL-2.0-or-later
"""The page about the inventory knows every key, and its imports work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from enforcer.core.topology import BrakeLimits, Mode
from inventory.customer_schema import TenantEntry
from inventory.desk_schema import (
    BrakeEntry,
    FeedEntry,
    InfrastructureEntry,
    LimitsEntry,
    PoolEntry,
    SharedEntry,
    SourceEntry,
)
from inventory.device_schema import InterfaceEntry, NeighborEntry, RtbhEntry, WindowEntry
from inventory.import_schema import ImportEntry, NetboxEntry
from inventory.yaml_files import load
from tests.unit.docs.pages import DOCS, blocks, first_column, inline_code

PAGE = DOCS / "inventory.md"
MODELS: tuple[type[BaseModel], ...] = (
    BrakeEntry,
    FeedEntry,
    ImportEntry,
    InfrastructureEntry,
    InterfaceEntry,
    LimitsEntry,
    NeighborEntry,
    NetboxEntry,
    PoolEntry,
    RtbhEntry,
    SharedEntry,
    SourceEntry,
    TenantEntry,
    WindowEntry,
)
IMPORTS = {block.title: block.text for block in blocks(PAGE, "yml")}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_in_a_table_or_a_sentence(model: type[BaseModel]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    said = {word for key in first_column(PAGE) for word in re.split(r"[.\[\]]+", key)}
    said |= set(inline_code(PAGE)) | set(re.findall(r"^## (\w+)$", text, re.MULTILINE))
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert keys - said == set()


def test_the_complete_example_has_something_of_every_section(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(blocks(PAGE, "yaml")[0].text, encoding="utf-8")
    topology = load(tmp_path)
    assert topology.shared and topology.pools and topology.feeds and topology.sources
    assert topology.brake != BrakeLimits() and topology.documentation_space
    assert {p.origin for p in topology.protected} == {
        *("stated", "controller", "ix", "aaa", "dns", "ntp", "syslog", "database", "identity"),
        *("management", "link", "neighbor", "next-hop", "rtbh"),
    }
    acme = topology.customers["acme"]
    assert {bool(a.interface) + 2 * bool(a.neighbor) for a in acme.attachments} == {0, 1, 2}
    assert acme.tenants[0].contacts and len(acme.contacts) == 3


def place(folder: Path, title: str) -> Path:
    inventory = folder / "inventory"
    inventory.mkdir()
    (inventory / title).write_text(IMPORTS[title], encoding="utf-8")
    return inventory


def test_the_import_of_a_lab(tmp_path: Path) -> None:
    nodes = {name: {"kind": "linux", "longname": f"clab-isp-{name}"} for name in ("edge1", "core1")}
    nodes["acme"] = {"kind": "linux"}
    ends = {"a": {"node": "edge1", "interface": "eth1"}, "z": {"node": "acme", "interface": "eth1"}}
    (tmp_path / "clab-isp").mkdir()
    export = json.dumps({"nodes": nodes, "links": [{"endpoints": ends}]})
    (tmp_path / "clab-isp" / "topology-data.json").write_text(export)
    topology = load(place(tmp_path, "containerlab.yaml"))
    assert {name: one.mode for name, one in topology.devices.items()} == {
        "edge1": Mode.ENFORCE,
        "core1": Mode.OBSERVE,
    }
    assert topology.devices["edge1"].transport == {"netns": "clab-isp-edge1"}
    assert [a.interface for a in topology.customers["acme"].attachments] == ["eth1"]


def test_the_import_from_nornir(tmp_path: Path) -> None:
    (tmp_path / "nornir").mkdir()
    (tmp_path / "nornir" / "hosts.yaml").write_text(
        "r1: {hostname: 192.0.2.1, platform: junos}\nserver: {platform: linux}\n"
    )
    (device,) = load(place(tmp_path, "nornir.yaml")).devices.values()
    assert (device.platform, device.credentials) == ("juniper_junos", "file:credentials/routers")
    assert device.transport == {"host": "192.0.2.1"}


def test_the_imports_of_the_page_are_these() -> None:
    assert set(IMPORTS) == {"containerlab.yaml", "nornir.yaml", "netbox.yaml"}
