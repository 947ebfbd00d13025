# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of other vendors in a topology file, and the lab that has them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from enforcer.core.topology import Topology as Inventory
from inventory.yaml_files import load as load_inventory
from lab.emulated_node import NEIGHBORS
from lab.emulators.platforms import emulator
from lab.errors import TopologyRefused
from lab.topology_file import Topology, load_topology
from lab.topology_kinds import PLAYED
from lab.vendors import PLATFORMS, ROUTERS, inventory_for, operators_own


@pytest.fixture(scope="module")
def plain(repository: Path) -> Topology:
    return load_topology(repository / "lab" / "isp.clab.yml")


@pytest.fixture(scope="module")
def vendors(repository: Path) -> Topology:
    return load_topology(repository / "lab" / "isp-vendors.clab.yml")


@pytest.fixture
def routers(tmp_path: Path) -> Inventory:
    for name in ROUTERS:
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text("x")
    return load_inventory(inventory_for(tmp_path))


def test_the_vendors_lab_is_the_providers_with_three_routers_more(
    plain: Topology, vendors: Topology
) -> None:
    assert (vendors.name, vendors.mgmt_subnet) == (plain.name, plain.mgmt_subnet)
    assert set(vendors.nodes) - set(plain.nodes) == set(ROUTERS) == set(PLATFORMS)
    for name, node in plain.nodes.items():
        other = vendors.nodes[name]
        assert other.exec[: len(node.exec)] == node.exec
        assert (other.cmd, other.binds, other.env) == (node.cmd, node.binds, node.env)
        assert (other.sysctls, other.labels) == (node.sysctls, node.labels)
        assert (other.image, other.mgmt_ipv4) == (node.image, node.mgmt_ipv4)
    assert vendors.links[: len(plain.links)] == plain.links


@pytest.mark.emulated
@pytest.mark.parametrize("router", ROUTERS)
def test_the_emulated_router_takes_its_start_configuration(
    vendors: Topology, routers: Inventory, router: str
) -> None:
    node = vendors.nodes[router]
    assert node.startup_config is not None
    played = emulator(PLAYED[node.kind].emulator, router)
    played.load(node.startup_config.read_text())
    assert played.hostname == router
    up = {str(neighbor.address) for neighbor in played.neighbors if neighbor.established}
    up |= {one.partition("=")[0] for one in node.labels.get(NEIGHBORS, "").split()}
    assert up == {str(neighbor.address) for neighbor in routers.devices[router].neighbors}
    assert operators_own(played.running()) == played.running()


@pytest.mark.parametrize("router", ROUTERS)
def test_the_inventory_is_that_of_the_vendors_lab(
    vendors: Topology, routers: Inventory, router: str
) -> None:
    device, node = routers.devices[router], vendors.nodes[router]
    assert device.transport["host"] == str(node.mgmt_ipv4)
    assert device.transport["username"] == node.credentials["username"]
    assert device.platform == PLAYED[node.kind].emulator
    assert node.startup_config is not None
    start = node.startup_config.read_text()
    for interface in device.interfaces:
        port, _, unit = interface.name.partition(".")
        assert (f"{port} unit {unit} " if unit else f"interface {port}\n") in start
        for address in interface.addresses:
            assert str(address.ip) in start.lower()
        if interface.behind in routers.customers:
            assert any(
                (a.device, a.interface) == (router, interface.name)
                for a in routers.customers[interface.behind].attachments
            )


def test_the_mark_of_each_platform_is_no_part_of_the_operators_configuration() -> None:
    ios = "object-group network ENF-OWNER\n description x\n host 127.255.255.254\n!\nend\n"
    xr = ios.replace("network ", "network ipv4 ")
    junos = "set policy-options prefix-list ENF-OWNER-A-1 127.255.255.254/32\nset system x\n"
    assert operators_own(ios) == operators_own(xr) == "end\n"
    assert operators_own(junos) == "set system x\n"
    rule = "object-group network ENF-5b4b8968eb5d-M0\n host 192.0.2.1\n!\n"
    assert operators_own(rule) == rule


def one_node(tmp_path: Path, kind: str, more: str) -> Topology:
    path = tmp_path / "t.clab.yml"
    path.write_text(f"name: x\ntopology: {{nodes: {{r: {{kind: {kind}{more}}}}}}}")
    return load_topology(path)


def test_a_played_kind_logs_in_as_containerlabs_does(tmp_path: Path) -> None:
    assert one_node(tmp_path, "cisco_xrd", "").nodes["r"].credentials == {
        "username": "clab",
        "password": "clab@123",
    }
    given = ", credentials: {username: a, password: b}"
    own = one_node(tmp_path, "cisco_iol", given).nodes["r"].credentials
    assert own == {"username": "a", "password": "b"}


@pytest.mark.parametrize(
    "kind, more, where",
    [
        ("cisco_iol", ", exec: [ls]", "nodes.r.exec"),
        ("cisco_iol", ", cmd: ls", "nodes.r.cmd"),
        ("cisco_xrd", ", binds: ['a:/b']", "nodes.r.binds"),
        ("juniper_vjunosrouter", ", sysctls: {net.ipv4.ip_forward: 1}", "nodes.r.sysctls"),
        ("juniper_vjunosrouter", ", startup-config: gone.cfg", "nodes.r.startup-config"),
        ("linux", ", startup-config: t.clab.yml", "nodes.r.startup-config"),
        ("cisco_ios", "", "nodes.r.kind"),
    ],
)
def test_what_a_kind_cannot_do_is_refused(tmp_path: Path, kind: str, more: str, where: str) -> None:
    with pytest.raises(TopologyRefused) as refused:
        one_node(tmp_path, kind, more)
    assert where in refused.value.where


def test_a_start_configuration_stands_beside_the_topology_file(tmp_path: Path) -> None:
    (tmp_path / "r.cfg").write_text("hostname r\n")
    node = one_node(tmp_path, "cisco_iol", ", startup-config: r.cfg").nodes["r"]
    assert node.startup_config == tmp_path / "r.cfg"


def test_the_service_sets_are_the_labs_own(tmp_path: Path, repository: Path) -> None:
    shutil.rmtree(tmp_path / "inventory", ignore_errors=True)
    here = inventory_for(tmp_path)
    assert (here / "services.yaml").read_bytes() == (
        repository / "lab" / "inventory" / "services.yaml"
    ).read_bytes()
