# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import PortRange
from enforcer.core.topology import (
    Attachment,
    Contact,
    Customer,
    Device,
    Interface,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from enforcer.errors import ConfigurationInvalid
from inventory.problems import InventoryInvalid
from inventory.yaml_files import load

Complain = Callable[..., list[str]]

NETWORK = """\
settings: {documentation_space: true}
devices:
  edge1:
    platform: nftables
    site: north
    roles: [edge]
    mode: enforce
    transport: {netns: clab-isp-edge1}
    interfaces:
      eth1: {behind: cust1}
      eth2: {behind: upstream}
      eth3: {}
    hooks: [forward, input]
    nat: [203.0.113.1]
    capacity: 500000
  core1: {platform: nftables}
"""
PEOPLE = """\
customers:
  cust1:
    prefixes: [192.0.2.0/24, "2001:db8:1::/48"]
    contacts:
      - {name: desk, channel: mail, address: abuse@cust1.example}
  cust2:
    prefixes: [192.0.2.128/25]
    attachments:
      - {device: edge1, interface: eth3}
service_sets:
  news:
    entries:
      - {prefixes: [198.51.100.7], protocol: tcp, ports: [119, 433, 560-563]}
      - {prefixes: ["2001:db8:7::7"], protocol: 6, ports: "119,433"}
      - {prefixes: [198.51.100.8]}
protected:
  - {prefix: 198.51.100.0/24, reason: our own servers}
"""


INTERFACES = (Interface("eth1", "cust1"), Interface("eth2", "upstream"), Interface("eth3"))
EXPECTED = Topology(
    devices={
        "edge1": Device(
            "edge1",
            "nftables",
            site="north",
            roles=frozenset({"edge"}),
            mode=Mode.ENFORCE,
            transport={"netns": "clab-isp-edge1"},
            interfaces=INTERFACES,
            hooks=frozenset({"forward", "input"}),
            nat=(ip_network("203.0.113.1/32"),),
            capacity=500_000,
        ),
        "core1": Device("core1", "nftables", mode=Mode.OBSERVE),
    },
    customers={
        "cust1": Customer(
            "cust1",
            (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
            (Attachment("edge1", "eth1"),),
            (Contact("desk", "mail", "abuse@cust1.example"),),
        ),
        "cust2": Customer("cust2", (ip_network("192.0.2.128/25"),), (Attachment("edge1", "eth3"),)),
    },
    service_sets={
        "news": ServiceSet(
            "news",
            (
                ServiceEntry(
                    (ip_network("198.51.100.7/32"),),
                    6,
                    (PortRange(119, 119), PortRange(433, 433), PortRange(560, 563)),
                ),
                ServiceEntry(
                    (ip_network("2001:db8:7::7/128"),),
                    6,
                    (PortRange(119, 119), PortRange(433, 433)),
                ),
                ServiceEntry((ip_network("198.51.100.8/32"),)),
            ),
        )
    },
    protected=(ProtectedPrefix(ip_network("198.51.100.0/24"), "our own servers"),),
    documentation_space=True,
)


def test_a_folder_becomes_a_topology(tmp_path: Path) -> None:
    (tmp_path / "network.yaml").write_text(NETWORK)
    (tmp_path / "people.yml").write_text("\ufeff" + PEOPLE)
    (tmp_path / ".people.yml").write_text("an editor's left-over: [")
    (tmp_path / "notes.txt").write_text("not ours")
    assert load(tmp_path) == EXPECTED


def test_one_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(NETWORK + PEOPLE)
    assert load(tmp_path / "all.yaml") == load(tmp_path)


def test_a_file_without_entries_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing yet\nsettings: {}\n")
    assert load(tmp_path) == Topology()


@pytest.mark.parametrize(
    "text, expected",
    [
        (
            "devices:\n  edge1: {platfrom: nftables}\n",
            [
                "a.yaml:2: devices.edge1.platform: 'platform' is missing",
                "a.yaml:2: devices.edge1.platfrom: unknown key; did you mean 'platform'? (known: "
                "addresses, bgp, capacity, credentials, filters, hooks, interfaces, maintenance, "
                "mechanism, mode, nat, neighbors, next_hops, options, platform, roles, rtbh, site, "
                "transport, urpf, vrfs)",
            ],
        ),
        (
            "device:\n  edge1: {platform: nftables}\n",
            [
                "a.yaml:1: device: unknown key; did you mean 'devices'? (known: "
                "customers, devices, feeds, import, infrastructure, limits, pools, protected, "
                "service_sets, settings, shared, sources)"
            ],
        ),
        (
            "devices:\n  e:\n    platform: nftables\n    interfaces:\n      eth1: {behnd: x}\n",
            [
                "a.yaml:5: devices.e.interfaces.eth1.behnd: unknown key; did you mean 'behind'?"
                " (known: addresses, behind, management)"
            ],
        ),
        (
            "customers:\n  c:\n    prefixes: [192.0.2.0/24]\n    contacts:\n"
            "      - {name: a, channel: mial, address: b}\n",
            [
                "a.yaml:5: customers.c.contacts[0].channel: expected 'mail', 'phone' or 'pager',"
                " found 'mial'; did you mean 'mail'?"
            ],
        ),
        (
            "devices:\n  e:\n    platform: nftables\n    mode: Enforce\n",
            [
                "a.yaml:4: devices.e.mode: expected 'observe' or 'enforce', found 'Enforce';"
                " did you mean 'enforce'?"
            ],
        ),
        (
            "customers:\n  c:\n    prefixes:\n      - 192.0.2.0/24\n      - 192.0.2.5/24\n",
            [
                "a.yaml:5: customers.c.prefixes[1]: '192.0.2.5/24' has host bits set: write"
                " 192.0.2.5 for the one host or 192.0.2.0/24 for the whole network"
            ],
        ),
        (
            "customers:\n  c: {prefixes: []}\n",
            [
                "a.yaml:2: customers.c.prefixes: expected at least one entry, found an empty list",
            ],
        ),
        (
            "customers:\n  c: {prefixes: 192.0.2.0/24}\n",
            ["a.yaml:2: customers.c.prefixes: expected a list, found '192.0.2.0/24'"],
        ),
        (
            "customers:\n  c: {prefixes: [0.0.0.0/0]}\n",
            ["a.yaml:2: customers.c.prefixes[0]: nobody owns the whole Internet"],
        ),
        ("devices:\n", ["a.yaml:1: devices: expected a mapping (key: value), found nothing"]),
        ("- devices\n", ["a.yaml:1: expected a mapping (key: value), found a list"]),
        (
            "protected:\n  - {prefix: 192.0.2.0/24}\n  - {prefix: 192.0.2.0/24, reason: ' '}\n",
            [
                "a.yaml:2: protected[0].reason: 'reason' is missing",
                "a.yaml:3: protected[1].reason: expected some text; found ' '",
            ],
        ),
        (
            "devices:\n  e: {platform: nftables, site: 7, capacity: 0, nat: [7]}\n",
            [
                "a.yaml:2: devices.e.capacity: expected a number above 0, found 0",
                "a.yaml:2: devices.e.nat[0]: expected an address or a prefix as text",
                "a.yaml:2: devices.e.site: expected text, found 7; put it in quotes",
            ],
        ),
        (
            "settings: {documentation_space: yes}\n",
            ["a.yaml:1: settings.documentation_space: expected true or false, found 'yes'"],
        ),
        (
            "devices:\n  e: {platform: x, hooks: [forwrd]}\n  'bad name': {platform: x}\n",
            [
                "a.yaml:2: devices.e.hooks[0]: expected 'forward', 'input' or 'output', found"
                " 'forwrd'; did you mean 'forward'?",
                "a.yaml:3: devices.bad name: expected a name: letters, digits, '.', '_' and '-',"
                " at most 63, a letter or digit first; found 'bad name'",
            ],
        ),
        (
            "devices:\n  e:\n    platform: x\n    interfaces: {'e 1': {}}\n",
            ["a.yaml:4: devices.e.interfaces.e 1: expected an interface's name; found 'e 1'"],
        ),
    ],
)
def test_the_schema_says_where_and_what(
    complaints: Complain, text: str, expected: list[str]
) -> None:
    assert complaints(a=text) == expected


@pytest.mark.parametrize(
    "entry, message",
    [
        ("{prefixes: [192.0.2.1], ports: 25}", ": ports need a protocol: add one, such as tcp"),
        ("{prefixes: [192.0.2.1], protocol: icmp, ports: 25}", ": icmp has no ports: remove them"),
        ("{prefixes: [192.0.2.1], protocol: tpc}", ".protocol: 'tpc' is not a protocol"),
        ("{prefixes: [192.0.2.1], protocol: 'tcp,udp'}", ".protocol: expected one protocol"),
        ("{prefixes: [192.0.2.1], protocol: 300}", ".protocol: expected one protocol"),
        ("{prefixes: [192.0.2.1], protocol: true}", ".protocol: expected one protocol"),
        ("{prefixes: [192.0.2.1], protocol: tcp, ports: 70000}", ".ports: '70000' is not a port"),
        ("{prefixes: [192.0.2.1], protocol: tcp, ports: []}", ".ports: expected ports such as"),
        ("{prefixes: [192.0.2.1], protocol: tcp, ports: [25, x]}", ".ports: 'x' is not a port"),
        ("{prefixes: [192.0.2.1], protocol: tcp, ports: true}", ".ports: expected ports such as"),
        ("{prefixes: [192.0.2.1], protocol: tcp, ports: 2.5}", ".ports: expected ports such as"),
    ],
)
def test_services_make_sense(complaints: Complain, entry: str, message: str) -> None:
    (problem,) = complaints(a=f"service_sets:\n  s:\n    entries:\n    - {entry}\n")
    assert problem.startswith(f"a.yaml:4: service_sets.s.entries[0]{message}")


def test_dangling_references(complaints: Complain) -> None:
    devices = """\
        devices:
          edge1:
            platform: nftables
            interfaces:
              eth1: {behind: cust1}
              eth2: {behind: cust9}
              eth3: {behind: cust2}
        """
    customers = """\
        customers:
          cust1:
            prefixes: [192.0.2.0/24]
            attachments:
              - {device: egde1, interface: eth1}
              - {device: edge1, interface: eth9}
              - {device: edge1, interface: eth3}
          cust2: {prefixes: [198.51.100.0/24]}
        """
    assert complaints(a=devices, b=customers) == [
        "a.yaml:6: devices.edge1.interfaces.eth2.behind: no customer 'cust9' behind edge1 eth2;"
        " did you mean 'cust2'? (a customer's name, or core, infrastructure, peer, upstream)",
        "b.yaml:5: customers.cust1.attachments[0].device: no device 'egde1'; did you mean 'edge1'?",
        "b.yaml:6: customers.cust1.attachments[1].interface: edge1 has no interface 'eth9';"
        " did you mean 'eth3'?",
        "b.yaml:7: customers.cust1.attachments[2]: edge1 eth3 says that 'cust2' is behind it;"
        " leave that out where several are",
    ]


def test_names_are_defined_once(complaints: Complain, tmp_path: Path) -> None:
    problems = complaints(
        a="devices: {e: {platform: x}}\ncustomers: {c: {prefixes: [192.0.2.0/24]}}\n"
        "settings: {documentation_space: true}\n",
        b="devices: {e: {platform: y}}\ncustomers: {c: {prefixes: [198.51.100.0/24]}}\n"
        "settings: {documentation_space: true}\n",
    )
    assert problems == [
        f"b.yaml:1: devices.e: already defined in {tmp_path}/a.yaml:1",
        f"b.yaml:2: customers.c: already defined in {tmp_path}/a.yaml:2",
        f"b.yaml:3: settings.documentation_space: already stated in {tmp_path}/a.yaml:3",
    ]


def test_a_name_in_two_sections_is_two_things(tmp_path: Path) -> None:
    text = (
        "devices: {x: {platform: p}}\ncustomers: {x: {prefixes: [192.0.2.0/24]}}\n"
        "service_sets: {x: {entries: [{prefixes: [192.0.2.1]}]}}\n"
    )
    (tmp_path / "a.yaml").write_text(text)
    assert set(load(tmp_path).devices) == {"x"}


def test_a_prefix_has_one_owner(complaints: Complain, tmp_path: Path) -> None:
    problems = complaints(
        a="customers:\n  c: {prefixes: [192.0.2.0/24]}\n",
        b="customers:\n  d: {prefixes: [192.0.2.0/25, 192.0.2.0/24, 192.0.2.0/25]}\n",
    )
    assert problems == [
        f"b.yaml:2: customers.d.prefixes[1]: 192.0.2.0/24 already belongs to 'c'"
        f" ({tmp_path}/a.yaml:2); one customer owns it",
        "b.yaml:2: customers.d.prefixes[2]: 192.0.2.0/25 is given twice",
    ]


def test_a_customer_is_not_called_upstream(complaints: Complain) -> None:
    (problem,) = complaints(a="customers:\n  upstream: {prefixes: [192.0.2.0/24]}\n")
    assert "choose another" in problem


def test_all_files_are_complained_about_at_once(complaints: Complain) -> None:
    problems = complaints(a="devices: [", b="customer: {}\n", c="x: 1\nx: 2\n")
    assert [problem.split(":")[0] for problem in problems] == ["a.yaml", "b.yaml", *["c.yaml"] * 2]


def test_the_error_is_a_configuration_error_that_shows_everything(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: 1\ny: 2\n")
    with pytest.raises(ConfigurationInvalid, match=r"2 problems; nothing was loaded:\n.*a\.yaml:1"):
        load(tmp_path)


@pytest.mark.parametrize("name, message", [("nowhere", "no such file"), ("", r"no \*\.yaml")])
def test_nothing_to_load(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InventoryInvalid, match=message):
        load(tmp_path / name)


def test_text_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("# Zürich\n".encode("latin-1"))
    with pytest.raises(InventoryInvalid, match="not UTF-8"):
        load(tmp_path)
