# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing what containerlab leaves in a lab's directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest

from enforcer.core.topology import Interface, Mode
from inventory.problems import InventoryInvalid
from inventory.yaml_files import load
from lab.export import write_exports
from lab.topology_file import load_topology

Complain = Callable[..., list[str]]


GROUPS = {"nornir-group": "border", "nornir-group-2": "x"}


def node(name: str, kind: str, last: int, **labels: str) -> dict[str, Any]:
    """A node as containerlab 0.79 exports it."""
    return {
        "index": "0",
        "shortname": name,
        "longname": f"clab-isp-{name}",
        "fqdn": f"{name}.isp.io",
        "group": "",
        "labdir": f"/root/clab-isp/{name}",
        "kind": kind,
        "image": "registry/some:1",
        "mgmt-net": "",
        "mgmt-intf": "",
        "mgmt-ipv4-address": f"172.20.20.{last}",
        "mgmt-ipv4-prefix-length": 24,
        "mgmt-ipv6-address": f"3fff:172:20:20::{last}",
        "mgmt-ipv6-prefix-length": 64,
        "mac-address": "",
        "labels": {"clab-node-name": name, "containerlab": "isp", **labels},
        "port-bindings": [],
    }


def end(name: str, interface: str, **more: str) -> dict[str, str]:
    return {"node": name, "interface": interface, "mac": "aa:c1:ab:00:00:01", **more, "peer": "z"}


def export(links: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": "isp",
        "type": "clab",
        "clab": {"config": {"prefix": "clab", "mgmt": {"network": "clab"}}},
        "ssh-pub-keys": ["ssh-ed25519 AAAA"],
        "nodes": {
            "edge1": node("edge1", "linux", 21, role="edge", site="south"),
            "xr1": node("xr1", "cisco_xrd", 22, **GROUPS),
            "cust1": node("cust1", "linux", 11),
        },
        "links": links,
    }


ENDS = (
    end("edge1", "eth1", ipv4="10.0.0.1/30", ipv6="fd00::1/127"),
    end("xr1", "Gi0-0-0-0"),
)
NESTED: list[dict[str, Any]] = [
    {"endpoints": {"a": ENDS[0], "z": ENDS[1]}},
    {"endpoints": {"a": end("cust1", "eth1"), "z": end("edge1", "eth2")}},
    {"endpoints": {"a": end("edge1", "eth3")}, "vars": {"rate": 1}},
]
FLAT: list[dict[str, Any]] = [{"a": ENDS[0], "z": ENDS[1]}]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = tmp_path / "clab-isp"
    folder.mkdir()
    (folder / "topology-data.json").write_text(json.dumps(export(NESTED)))
    return folder


def inventory(folder: Path, entry: str, rest: str = "") -> Path:
    """An inventory beside the lab's directory that imports from it."""
    place = folder / "inventory"
    place.mkdir(exist_ok=True)
    (place / "all.yaml").write_text(f"import:\n  - {entry}\n{rest}")
    return place


MAPPED = "platforms: {linux: nftables, cisco_xrd: cisco_xr}, only: [edge1, 'xr*']}"


def test_devices_of_a_lab(tmp_path: Path, lab: Path) -> None:
    topology = load(inventory(tmp_path, f"{{containerlab: ../{lab.name}, {MAPPED}"))
    edge1, xr1 = topology.devices["edge1"], topology.devices["xr1"]
    assert set(topology.devices) == {"edge1", "xr1"}
    assert (edge1.platform, edge1.site) == ("nftables", "south")
    assert edge1.roles == {"edge"}
    assert edge1.mode is Mode.OBSERVE
    assert edge1.transport == {"netns": "clab-isp-edge1"}
    assert edge1.addresses == (ip_network("172.20.20.21/32"), ip_network("3fff:172:20:20::21/128"))
    assert edge1.interfaces == (
        Interface("eth1", addresses=(ip_interface("10.0.0.1/30"), ip_interface("fd00::1/127"))),
        Interface("eth2"),
        Interface("eth3"),
    )
    assert xr1.platform == "cisco_xr"
    assert xr1.roles == {"border", "x"}
    assert xr1.transport == {"host": "172.20.20.22"}
    assert xr1.interfaces == (Interface("Gi0-0-0-0"),)
    assert {str(p.prefix) for p in topology.protected} >= {"172.20.20.22/32", "10.0.0.0/30"}


def test_a_directory_and_its_file_are_the_same(tmp_path: Path, lab: Path) -> None:
    whole = load(inventory(tmp_path, f"{{containerlab: ../{lab.name}, {MAPPED}"))
    file = f"{{containerlab: ../{lab.name}/topology-data.json, {MAPPED}"
    assert load(inventory(tmp_path, file)) == whole


def test_links_as_they_were_before_073(tmp_path: Path, lab: Path) -> None:
    (lab / "topology-data.json").write_text(json.dumps(export(FLAT)))
    topology = load(inventory(tmp_path, f"{{containerlab: ../{lab.name}, {MAPPED}"))
    assert topology.devices["edge1"].interfaces[0].addresses[0] == ip_interface("10.0.0.1/30")


def test_nornirs_file_of_a_lab(tmp_path: Path, lab: Path) -> None:
    (lab / "nornir-simple-inventory.yml").write_text(
        """\
---
edge1:
    username: admin
    password: hunter2
    platform: linux
    hostname: 172.20.20.21
xr1:
    username: clab
    password: clab@123
    platform: cisco_xrd
    hostname: 172.20.20.22
    groups:
      - border
"""
    )
    file = f"{{containerlab: ../{lab.name}/nornir-simple-inventory.yml, {MAPPED}"
    topology = load(inventory(tmp_path, file))
    assert topology.devices["xr1"].roles == {"border"}
    assert topology.devices["xr1"].transport == {"host": "172.20.20.22"}
    assert "hunter2" not in repr(topology)


def test_transport_and_credentials_of_all(tmp_path: Path, lab: Path) -> None:
    entry = (
        f"{{containerlab: ../{lab.name}, {MAPPED[:-1]}, credentials: env:LAB,"
        " transport: {host: '{address}', via: 'ssh-{longname}-{name}'}}"
    )
    edge1 = load(inventory(tmp_path, entry)).devices["edge1"]
    assert edge1.transport == {"host": "172.20.20.21", "via": "ssh-clab-isp-edge1-edge1"}
    assert edge1.credentials == "env:LAB"


def test_null_leaves_a_platform_out(tmp_path: Path, lab: Path) -> None:
    entry = f"{{containerlab: ../{lab.name}, platforms: {{linux: null, cisco_xrd: cisco_xr}}}}"
    assert set(load(inventory(tmp_path, entry)).devices) == {"xr1"}


def test_our_own_labs_export(tmp_path: Path, repository: Path) -> None:
    topology = load_topology(repository / "lab" / "isp.clab.yml")
    (tmp_path / "lab").mkdir()
    write_exports(topology, tmp_path / "lab", dict.fromkeys(topology.nodes, 1))
    ours = load(repository / "lab" / "inventory")
    for file in ("", "/topology-data.json", "/nornir-simple-inventory.yml"):
        entry = (
            f"{{containerlab: ../lab{file}, platforms: {{linux: nftables}}, only: [edge1, core1]}}"
        )
        imported = load(inventory(tmp_path, entry)).devices
        assert set(imported) == set(ours.devices)
        if not file.endswith(".yml"):
            for name, device in ours.devices.items():
                assert imported[name].transport == device.transport
                names = {interface.name for interface in imported[name].interfaces}
                assert names == {interface.name for interface in device.interfaces}


@pytest.mark.parametrize(
    "entry, expected",
    [
        ("containerlab: ../nowhere", "all.yaml:2: import[0].containerlab: "),
        ("containerlab: ../nowhere/topology-data.json", "cannot be read: No such file"),
        ("containerlab: ../bad.json", "is not what containerlab writes: nodes: Field required"),
        ("containerlab: ../broken.json", "is not what containerlab writes: Invalid JSON"),
        ("containerlab: ../clab-isp", "'edge1' has the platform 'linux', which is not mapped: add"),
        ("containerlab: ../clab-isp, only: [egde1]", "has no device 'egde1' (it has: edge1, xr1"),
        ("containerlab: ../clab-isp, platfroms: {}", "unknown key; did you mean 'platforms'?"),
        ("containerlap: ../clab-isp", "unknown key; did you mean 'containerlab'?"),
        ("platforms: {}", "expected one of containerlab, nornir, netbox; found none of them"),
        ("containerlab: a, nornir: b", "found containerlab and nornir"),
        ("containerlab: ../clab-isp, credentials: hunter2", "expected where the secret is"),
        ("containerlab: ../clab-isp, transport: {h: '{adress}'}", "did you mean 'address'?"),
        ("netbox: {url: 'https://n.example', token: hunter2, cache: c}", "expected where the sec"),
        ("netbox: {url: 'http://n.example', token: 'env:T', cache: c}", "expected https: over"),
        ("netbox: {url: 'https://u:hunter2@n.example', token: 'env:T', cache: c}", "a name or a"),
        ("netbox: {url: n.example, token: 'env:T', cache: c}", "expected a URL such as"),
        ("netbox: {url: 'https://[n', token: 'env:T', cache: c}", "this is not a URL"),
        ("netbox: {url: 7, token: 'env:T', cache: c}", "expected a URL as text"),
        ("netbox: {url: 'https://n.example', token: 'env:T'}", "netbox.cache: 'cache' is missing"),
        ("netbox: {url: 'https://n.example', tokn: 'env:T', cache: c}", "did you mean 'token'?"),
    ],
)
def test_what_is_refused(
    complaints: Complain, lab: Path, tmp_path: Path, entry: str, expected: str
) -> None:
    (tmp_path / "bad.json").write_text('{"name": "isp"}')
    (tmp_path / "broken.json").write_text("{")
    inner = tmp_path / "inventory"
    inner.mkdir()
    (inner / "all.yaml").write_text(f"import:\n  - {{{entry}}}\ndevices: {{x: {{platform: p}}}}\n")
    with pytest.raises(InventoryInvalid) as refused:
        load(inner)
    problems = [str(problem) for problem in refused.value.problems]
    assert any(expected in problem for problem in problems), problems
    assert "hunter2" not in "".join(problems)
    assert all("import[0]" in problem for problem in problems)


def test_the_same_device_from_two_sources(tmp_path: Path, lab: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("edge1: {platform: linux, hostname: 192.0.2.1}\n")
    place = inventory(tmp_path, f"{{containerlab: ../{lab.name}, {MAPPED}")
    (place / "more.yaml").write_text(
        "import:\n  - {nornir: ../hosts.yaml, platforms: {linux: nftables}}\n"
    )
    with pytest.raises(InventoryInvalid, match=r"'edge1' is imported from .*clab-isp already"):
        load(place)


def test_what_an_import_says_is_checked_as_if_a_file_had_said_it(tmp_path: Path, lab: Path) -> None:
    wrong = export([{"endpoints": {"a": end("edge1", "eth1", ipv4="10.0.0.0/30")}}])
    wrong["nodes"]["xr1"]["mgmt-ipv4-address"] = "172.20.20.300"
    (lab / "topology-data.json").write_text(json.dumps(wrong))
    place = inventory(
        tmp_path, f"{{containerlab: ../{lab.name}, {MAPPED}", "devices: {edge1: {mode: enforce}}\n"
    )
    with pytest.raises(InventoryInvalid) as refused:
        load(place)
    in_the_file, imported = (str(problem) for problem in refused.value.problems)
    assert "clab-isp: devices.xr1.addresses[0]: '172.20.20.300' is not an IPv4" in imported + (
        in_the_file
    )
    assert "all.yaml:3: devices.edge1.interfaces.eth1.addresses[0]: 10.0.0.0/30 is the link" in (
        imported + in_the_file
    )
