# SPDX-License-Identifier: GPL-2.0-or-later
"""What the runner writes for others: containerlab's exports and a node's hosts file."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lab.export import nornir_inventory, topology_data, write_exports
from lab.nodes import hosts_file
from lab.topology_file import Topology, load_topology

TEXT = """
name: x
topology:
  nodes:
    a: {kind: linux, image: i, mgmt-ipv4: 172.20.20.9,
        credentials: {username: u, password: p}, labels: {nornir-group: edge, site: s}}
    b: {kind: linux}
  links: [{endpoints: ["a:eth1", "b:eth2"]}]
"""


@pytest.fixture
def topology(tmp_path: Path) -> Topology:
    path = tmp_path / "x.clab.yml"
    path.write_text(TEXT)
    return load_topology(path)


def test_topology_data(topology: Topology) -> None:
    shown = topology_data(topology, {"a": 7, "b": 8})
    a = shown["nodes"]["a"]
    assert (a["shortname"], a["longname"], a["kind"], a["image"], a["pid"]) == (
        "a",
        "clab-x-a",
        "linux",
        "i",
        7,
    )
    assert (a["mgmt-ipv4-address"], a["mgmt-ipv4-prefix-length"]) == ("172.20.20.9", 24)
    assert shown["links"][0]["endpoints"] == {
        "a": {"node": "a", "interface": "eth1", "mac": ""},
        "z": {"node": "b", "interface": "eth2", "mac": ""},
    }


def test_nornir_inventory_round_trips(topology: Topology, tmp_path: Path) -> None:
    write_exports(topology, tmp_path, {"a": 7, "b": 8})
    written = (tmp_path / "nornir-simple-inventory.yml").read_text()
    assert YAML(typ="safe", pure=True).load(written) == nornir_inventory(topology)
    assert nornir_inventory(topology)["a"] == {
        "username": "u",
        "password": "p",
        "platform": "linux",
        "hostname": "172.20.20.9",
        "groups": ["edge"],
    }


def test_hosts_file_gives_the_own_name_a_domain() -> None:
    lines = hosts_file("a", {"a": "172.20.20.2", "b": "172.20.20.3"}).splitlines()
    assert "172.20.20.2 a.lab.example.net a" in lines
    assert "172.20.20.3 b" in lines
