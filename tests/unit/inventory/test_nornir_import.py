# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing Nornir's SimpleInventory, with inheritance and without Nornir."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.core.topology import Mode, Topology
from enforcer.errors import InvalidInput
from inventory.nornir import read
from inventory.problems import InventoryInvalid
from inventory.yaml_files import load

HOSTS = """\
---
edge1:
  hostname: 192.0.2.1
  port: 2222
  username: admin
  password: hunter2
  platform: junos
  groups: [south, border]
  data: {role: access}
edge2:
  hostname: edge2.example.net
  groups: [south]
core1:
  hostname: "2001:db8::1"
  platform: iosxr
  data: {site: west, roles: [core, spine]}
"""
GROUPS = """\
global: {platform: ios, data: {site: nowhere}}
south:
  groups: [global]
  username: operator
  password: hunter2
  data: {site: south}
border: {platform: never, port: 830}
"""
DEFAULTS = """\
platform: none
port: 22
password: hunter2
data: {site: unknown, role: spare}
"""
PLATFORMS = "{junos: juniper_junos, ios: cisco_ios, iosxr: cisco_xr, none: x}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("hosts", HOSTS), ("groups", GROUPS), ("defaults", DEFAULTS)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def loaded(folder: Path, path: str = "../", rest: str = "") -> Topology:
    place = folder / "inventory"
    place.mkdir(exist_ok=True)
    (place / "all.yaml").write_text(
        f"import:\n  - {{nornir: {path}, platforms: {PLATFORMS}}}\n{rest}"
    )
    return load(place)


def test_hosts_groups_and_defaults(folder: Path) -> None:
    devices = loaded(folder).devices
    edge1, edge2, core1 = (devices[name] for name in ("edge1", "edge2", "core1"))
    assert (edge1.platform, edge1.site) == ("juniper_junos", "south")
    assert edge1.roles == {"access", "south", "global", "border"}
    assert edge1.transport == {"host": "192.0.2.1", "port": "2222"}
    assert edge1.addresses == (ip_network("192.0.2.1/32"),)
    assert edge1.mode is Mode.OBSERVE
    assert (edge2.platform, edge2.site) == ("cisco_ios", "south")
    assert edge2.roles == {"spare", "south", "global"}
    assert edge2.transport == {"host": "edge2.example.net", "port": "22"}
    assert edge2.addresses == ()
    assert (core1.platform, core1.site) == ("cisco_xr", "west")
    assert core1.roles == {"spare", "core", "spine"}


def test_an_outer_group_is_asked_before_the_next_one(folder: Path) -> None:
    (folder / "hosts.yaml").write_text("a: {groups: [south, border]}\nb: {groups: [border]}\n")
    assert [one.platform for one in read(folder)] == ["ios", "never"]


def test_passwords_are_not_read(folder: Path) -> None:
    assert "hunter2" not in repr(loaded(folder)) + repr(read(folder))


def test_a_hosts_file_of_another_name(folder: Path) -> None:
    (folder / "hosts.yaml").rename(folder / "routers.yml")
    whole = loaded(folder, "../routers.yml")
    assert set(whole.devices) == {"edge1", "edge2", "core1"}
    assert whole.devices["edge2"].platform == "cisco_ios"


def test_groups_without_a_file_of_groups_are_words(folder: Path) -> None:
    (folder / "groups.yaml").unlink()
    assert read(folder)[0].roles == ("access", "south", "border")


def test_anchors_are_allowed(folder: Path) -> None:
    (folder / "hosts.yaml").write_text("a: &a {platform: ios}\nb: *a\nc: &a {platform: x}\n")
    assert [one.platform for one in read(folder)] == ["ios", "ios", "x"]


def test_a_host_may_say_nothing(folder: Path) -> None:
    (folder / "hosts.yaml").write_text("a:\n")
    assert [(one.name, one.platform) for one in read(folder)] == [("a", "none")]


def test_our_files_win(folder: Path) -> None:
    topology = loaded(folder, rest="devices: {edge1: {platform: other, transport: {port: '1'}}}\n")
    edge1 = topology.devices["edge1"]
    assert edge1.platform == "other"
    assert edge1.transport == {"host": "192.0.2.1", "port": "1"}


@pytest.mark.parametrize(
    "file, text, expected",
    [
        ("hosts", "a: {groups: [sotuh]}", "'a' is in the group 'sotuh', which is not defined; did"),
        ("groups", "south: {groups: [south]}\nborder: {}", "group 'south' is inside of itself"),
        (
            "groups",
            "south: {groups: [border]}\nborder: {groups: [south]}",
            "group 'south' is inside of itself",
        ),
        ("hosts", "a: [", "hosts.yaml:1 is not YAML"),
        ("hosts", "a: [}\nhunter2", "hosts.yaml:1 is not YAML"),
        ("hosts", "- a", "hosts.yaml is no SimpleInventory of Nornir"),
        ("hosts", "a: {port: hunter2}", "no SimpleInventory of Nornir: a.port: "),
        ("defaults", "data: []", "defaults.yaml is no SimpleInventory of Nornir: data: "),
        ("hosts", "a: !!python/name:os {}", "hosts.yaml:1 is not YAML"),
    ],
)
def test_what_is_refused(folder: Path, file: str, text: str, expected: str) -> None:
    (folder / f"{file}.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read(folder)
    assert expected in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"holds no hosts\.yaml"):
        read(tmp_path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(tmp_path / "hosts.yaml")


def test_a_broken_import_loads_nothing(folder: Path) -> None:
    (folder / "hosts.yaml").write_text("a: [")
    with pytest.raises(InventoryInvalid) as refused:
        loaded(folder, rest="devices: {edge1: {mode: enforce}}\n")
    (problem,) = refused.value.problems
    assert (problem.path, problem.line) == ("import[0].nornir", 2)
