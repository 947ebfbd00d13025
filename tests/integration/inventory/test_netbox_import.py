# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing from a NetBox: a real HTTP server on loopback gives recorded answers."""

from __future__ import annotations

from ipaddress import ip_interface, ip_network
from pathlib import Path

from enforcer.core.topology import Attachment, Device, Interface, Mode, Topology
from inventory.render import render
from inventory.yaml_files import load
from tests.integration.inventory.netbox_answers import TOKEN, Netbox, device
from tests.integration.inventory.netbox_folder import (
    IMPORT,
    complaint,
    write,
)
from tests.unit.docs.pages import DOCS, blocks


def test_devices_addresses_and_tenants(folder: Path, server: Netbox) -> None:
    topology = load(write(folder, server))
    assert topology.devices == {
        "edge1": Device(
            "edge1",
            "cisco_xr",
            site="south",
            roles=frozenset({"edge"}),
            mode=Mode.OBSERVE,
            transport={"host": "192.0.2.11"},
            credentials="file:routers",
            addresses=(ip_network("192.0.2.11/32"), ip_network("2001:db8::11/128")),
            interfaces=(
                Interface(
                    "xe-0/0/0",
                    addresses=(ip_interface("192.0.2.1/31"), ip_interface("2001:db8:0:1::1/64")),
                ),
            ),
        ),
        "edge2": Device(
            "edge2",
            "juniper_junos",
            site="south",
            roles=frozenset({"edge"}),
            transport={"host": "192.0.2.12"},
            credentials="file:routers",
            addresses=(ip_network("192.0.2.12/32"),),
            interfaces=(Interface("ge-0/0/1", addresses=(ip_interface("192.0.2.5/30"),)),),
        ),
    }
    assert {name: one.prefixes for name, one in topology.customers.items()} == {
        "acme": (ip_network("198.51.100.0/25"), ip_network("2001:db8:a::/48")),
        "beta": (ip_network("198.51.100.128/25"),),
    }


def test_what_was_imported_is_protected(folder: Path, server: Netbox) -> None:
    found = {str(p.prefix): p.origin for p in load(write(folder, server)).protected}
    assert found == {
        "192.0.2.11/32": "management",
        "2001:db8::11/128": "management",
        "192.0.2.12/32": "management",
        "192.0.2.1/32": "link",
        "192.0.2.0/31": "link",
        "2001:db8:0:1::1/128": "link",
        "192.0.2.5/32": "link",
        "192.0.2.4/30": "link",
    }


def test_all_pages_are_read(folder: Path, server: Netbox) -> None:
    server.rows["dcim/devices"] = [device(number, f"edge{number}") for number in range(100, 160)]
    server.page = 7
    assert len(load(write(folder, server)).devices) == 60
    pages = [path for path in server.asked if path.startswith("/api/dcim/devices/")]
    assert len(pages) == 9
    assert server.tokens == {f"Token {TOKEN}"}
    assert all("role=edge" in path and "status=active" in path for path in pages)


def test_a_file_wins_key_by_key(folder: Path, server: Netbox) -> None:
    write(folder, server)
    (folder / "ours.yaml").write_text(
        """\
devices:
  edge1:
    mode: enforce
    site: north
    interfaces:
      xe-0/0/0: {behind: acme}
      xe-0/0/1: {behind: upstream}
customers:
  acme:
    contacts: [{name: desk, channel: mail, address: abuse@acme.example}]
  gamma: {prefixes: [203.0.113.0/24]}
"""
    )
    topology = load(folder)
    edge1 = topology.devices["edge1"]
    assert (edge1.platform, edge1.mode, edge1.site) == ("cisco_xr", Mode.ENFORCE, "north")
    assert [(i.name, i.behind, len(i.addresses)) for i in edge1.interfaces] == [
        ("xe-0/0/0", "acme", 2),
        ("xe-0/0/1", "upstream", 0),
    ]
    acme = topology.customers["acme"]
    assert acme.prefixes == (ip_network("198.51.100.0/25"), ip_network("2001:db8:a::/48"))
    assert acme.attachments == (Attachment("edge1", "xe-0/0/0"),)
    assert [contact.name for contact in acme.contacts] == ["desk"]
    assert set(topology.customers) == {"acme", "beta", "gamma"}


def test_the_token_is_nowhere(folder: Path, server: Netbox) -> None:
    topology = load(write(folder, server))
    assert TOKEN not in repr(topology)
    assert TOKEN not in (folder / "cache.json").read_text()


def test_a_missing_token_file(folder: Path, server: Netbox) -> None:
    (folder / "token").unlink()
    assert "file:token: cannot read" in complaint(write(folder, server))


def test_platforms_have_to_be_mapped(folder: Path, server: Netbox) -> None:
    write(folder, server, IMPORT.replace("junos: juniper_junos", "junso: x"))
    assert complaint(folder) == (
        "import.yaml:3: import[0].platforms: 'edge2' has the platform 'junos', which is not"
        " mapped: add platforms: {junos: PLATFORM} to this import (junos: null leaves such"
        " devices out)"
    )
    (folder / "ours.yaml").write_text("devices: {edge2: {platform: juniper_junos}}\n")
    assert load(folder).devices["edge2"].platform == "juniper_junos"


def test_a_device_without_a_platform(folder: Path, server: Netbox) -> None:
    write(folder, server, IMPORT.replace(", roles: [edge]", ""))
    assert "'pdu1' has no platform: state one" in complaint(folder)
    text = IMPORT.replace(", roles: [edge]", "").replace("{ios-xr", '{"": null, ios-xr')
    assert set(load(write(folder, server, text)).devices) == {"edge1", "edge2"}


def test_nothing_fits(folder: Path, server: Netbox) -> None:
    server.rows |= {"dcim/devices": [], "ipam/prefixes": []}
    assert "has nothing that fits" in complaint(write(folder, server))


def test_a_filter_that_netbox_ignores_is_applied_all_the_same(folder: Path, server: Netbox) -> None:
    text = IMPORT.replace("roles: [edge]", "tags: [elsewhere]")
    topology = load(write(folder, server, text))
    assert not topology.devices and set(topology.customers) == {"acme", "beta"}


def test_what_is_imported_can_be_rendered(folder: Path, server: Netbox) -> None:
    topology: Topology = load(write(folder, server))
    alone = folder / "rendered.txt"
    alone.write_text(render(topology))
    assert load(alone) == topology


def test_the_example_of_the_page(folder: Path, server: Netbox) -> None:
    page = folder / "credentials"
    page.mkdir()
    (page / "netbox").write_text(TOKEN)
    (example,) = (b.text for b in blocks(DOCS / "inventory.md", "yml") if "netbox:" in b.text)
    topology = load(write(folder, server, example.replace("https://netbox.example.net", "URL")))
    assert {name: one.platform for name, one in topology.devices.items()} == {
        "edge1": "cisco_xr",
        "edge2": "juniper_junos",
    }
    assert any("tenant_group=customers" in path for path in server.asked)
    assert (folder / ".netbox.json").exists()


def test_two_devices_of_one_name(folder: Path, server: Netbox) -> None:
    """NetBox allows that in different sites."""
    server.rows["dcim/devices"].append(device(99, "edge1"))
    assert "has 2 devices 'edge1': narrow the import to one" in complaint(write(folder, server))
