# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device's entry holds besides platform and mode, and what is refused there."""

from collections.abc import Callable
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pytest

from enforcer.core.topology import Attachment, Interface, MaintenanceWindow, Mode, Neighbor
from inventory.problems import InventoryInvalid
from inventory.yaml_files import load

Complain = Callable[..., list[str]]

EVERYTHING = """\
devices:
  edge1:
    platform: nftables
    credentials: file:credentials/edge1
    addresses: [192.0.2.10, "2001:db8::10"]
    next_hops: [192.0.2.20]
    vrfs: [voice, guests]
    mechanism: rtbh
    urpf: loose
    options: {confirm: "120", save: each}
    interfaces:
      me0: {management: true}
      eth0: {addresses: [192.0.2.1/30, "2001:db8:0:1::1/64"]}
      eth1: {behind: acme}
    neighbors:
      - {address: 192.0.2.2, asn: 64500, behind: upstream}
      - {address: "2001:DB8:0:9::2", asn: 64501, behind: acme, vrf: voice}
    maintenance:
      - {days: [mon, tue], from: "02:00", to: "04:00", reason: upgrades}
      - {from: 23:00, to: 24:00}
customers:
  acme:
    prefixes: [198.51.100.0/24]
    attachments:
      - {device: edge1, neighbor: "2001:db8:0:9:0::2"}
      - {device: edge1, news_site: news.acme}
"""


def test_everything_about_a_device(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EVERYTHING)
    topology = load(tmp_path)
    device = topology.devices["edge1"]
    assert device.mode is Mode.OBSERVE
    assert device.credentials == "file:credentials/edge1"
    assert device.addresses == (ip_network("192.0.2.10/32"), ip_network("2001:db8::10/128"))
    assert device.next_hops == (ip_network("192.0.2.20/32"),)
    assert device.vrfs == {"voice", "guests"}
    links = (ip_interface("192.0.2.1/30"), ip_interface("2001:db8:0:1::1/64"))
    assert device.interfaces == (
        Interface("me0", management=True),
        Interface("eth0", "", links),
        Interface("eth1", "acme"),
    )
    assert (device.mechanism, device.urpf) == ("rtbh", "loose")
    assert device.options == {"confirm": "120", "save": "each"}
    assert device.neighbors == (
        Neighbor(ip_address("192.0.2.2"), 64500, "upstream"),
        Neighbor(ip_address("2001:db8:0:9::2"), 64501, "acme", "voice"),
    )
    assert device.maintenance == (
        MaintenanceWindow(frozenset({0, 1}), 120, 240, "upgrades"),
        MaintenanceWindow(frozenset(range(7)), 1380, 1440),
    )


def test_attachments_of_all_three_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EVERYTHING)
    assert load(tmp_path).customers["acme"].attachments == (
        Attachment("edge1", neighbor="2001:db8:0:9::2"),
        Attachment("edge1", news_site="news.acme"),
        Attachment("edge1", "eth1"),
    )


def test_what_the_device_stands_on_is_protected(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        EVERYTHING + "protected:\n  - {prefix: 192.0.2.0/30, reason: the way in}\n"
    )
    found = {str(p.prefix): (p.reason, p.origin) for p in load(tmp_path).protected}
    assert found == {
        "192.0.2.0/30": ("the way in", "stated"),
        "192.0.2.10/32": ("edge1's management address or loopback", "management"),
        "2001:db8::10/128": ("edge1's management address or loopback", "management"),
        "192.0.2.1/32": ("edge1's address on eth0", "link"),
        "2001:db8:0:1::1/128": ("edge1's address on eth0", "link"),
        "192.0.2.2/32": ("edge1's BGP neighbor (AS64500)", "neighbor"),
        "2001:db8:0:9::2/128": ("edge1's BGP neighbor (AS64501)", "neighbor"),
        "192.0.2.20/32": ("edge1's next-hop", "next-hop"),
    }


@pytest.mark.parametrize(
    "secret",
    ["hunter2", "'file:'", "flie:x", "https://vault/secret", "7", "[hunter2]", "env://X", "''"],
)
def test_a_secret_is_neither_taken_nor_shown(complaints: Complain, secret: str) -> None:
    (problem,) = complaints(a=f"devices:\n  e:\n    platform: x\n    credentials: {secret}\n")
    assert problem.startswith(
        "a.yaml:4: devices.e.credentials: expected where the secret is, file:PATH or env:NAME"
    )
    assert "hunter2" not in problem
    assert ("did you mean 'file'?" in problem) == (secret in ("flie:x", "'file:'"))


@pytest.mark.parametrize("key", ["password", "enable_secret", "api-key", "snmp.community"])
def test_a_secret_in_the_transport_is_not_taken_either(complaints: Complain, key: str) -> None:
    text = f"devices:\n  e:\n    platform: x\n    transport: {{{key}: VALUE}}\n"
    (problem,) = complaints(a=text.replace("VALUE", "hunter2"))
    assert problem.startswith(f"a.yaml:2: devices.e: transport.{key} looks like a secret")
    (problem,) = complaints(a=text.replace("VALUE", "4711"))
    assert "expected text" in problem and "4711" not in problem


def test_an_option_holds_no_secret_either(complaints: Complain, tmp_path: Path) -> None:
    text = "devices:\n  e:\n    platform: x\n    options: {enable_password: hunter2}\n"
    (problem,) = complaints(a=text)
    assert problem.startswith("a.yaml:2: devices.e: options.enable_password looks like a secret")
    assert "hunter2" not in problem
    (tmp_path / "a.yaml").write_text(text.replace("hunter2", "'env:PW'"))
    assert load(tmp_path).devices["e"].options == {"enable_password": "env:PW"}


def test_without_a_word_filters_are_used_and_nothing_is_said_of_urpf(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("devices: {e: {platform: x, interfaces: {e0: {}}}}\n")
    device = load(tmp_path).devices["e"]
    assert (device.mechanism, device.urpf, device.options) == ("filter", "", {})
    assert not device.interfaces[0].management


@pytest.mark.parametrize("key", ["passive", "tokenring", "bypass"])
def test_other_words_are_no_secrets(tmp_path: Path, key: str) -> None:
    (tmp_path / "a.yaml").write_text(
        f"devices: {{e: {{platform: x, transport: {{{key}: 'no'}}}}}}\n"
    )
    assert load(tmp_path).devices["e"].transport == {key: "no"}


def test_a_reference_in_the_transport_is_fine(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "devices: {e: {platform: x, transport: {password: 'env:PW'}}}\n"
    )
    assert load(tmp_path).devices["e"].transport == {"password": "env:PW"}


@pytest.mark.parametrize(
    "entry, expected",
    [
        ("addresses: [192.0.2.0/24]", ".addresses[0]: expected one address, found the prefix"),
        ("next_hops: [router.example]", ".next_hops[0]: 'router.example' is a name"),
        ("next_hops: [7]", ".next_hops[0]: expected an address as text"),
        ("interfaces: {e: {addresses: [192.0.2.1]}}", "[0]: '192.0.2.1' lacks the length"),
        ("interfaces: {e: {addresses: [192.0.2.1/33]}}", "[0]: '192.0.2.1/33' has no valid"),
        ("interfaces: {e: {addresses: [192.0.2.1/255.255.255.0]}}", "[0]: '192.0.2.1/255.255"),
        ("interfaces: {e: {addresses: [192.0.2.0/24]}}", "[0]: 192.0.2.0/24 is the link itself"),
        ("interfaces: {e: {addresses: [192.0.2.255/24]}}", "is the broadcast address"),
        ("interfaces: {e: {addresses: ['fe80::1%e/64']}}", "carries a scope id"),
        ("interfaces: {e: {addresses: ['::ffff:192.0.2.1/128']}}", "IPv4-mapped"),
        ("interfaces: {e: {addresses: [7]}}", "[0]: expected an address with the length"),
        ("neighbors: [{asn: 64500}]", ".neighbors[0].address: 'address' is missing"),
        ("neighbors: [{address: 192.0.2.1, asn: 0}]", "asn: expected a number of at least 1"),
        ("neighbors: [{address: 192.0.2.1, asn: 4294967296}]", "of at most 4294967295, found"),
        ("neighbors: [{address: 192.0.2.1, as: 1}]", "unknown key; did you mean 'asn'?"),
        ("neighbors: [{address: 192.0.2.1, vrf: guest}]", "no VRF 'guest'; did you mean 'guests'?"),
        ("neighbors: [{address: 192.0.2.1}, {address: 192.0.2.1}]", "[1]: 192.0.2.1 is stated"),
        ("neighbors: [{address: 192.0.2.1, behind: uptsream}]", "did you mean 'upstream'?"),
        ("vrfs: [default]", "the VRF 'default' is always there"),
        ("interfaces: {e: {management: yes please}}", "e.management: expected true or false"),
        ("interfaces: {e: {managment: true}}", "unknown key; did you mean 'management'?"),
        ("mechanism: rtbhh", "did you mean 'rtbh'?"),
        ("mechanism: [rtbh]", ".mechanism: expected 'filter' or 'rtbh'"),
        ("urpf: losse", "did you mean 'loose'?"),
        ("urpf: true", ".urpf: expected"),
        ("options: {confirm: 120}", ".options.confirm: expected text"),
        ("options: [confirm]", ".options: expected"),
        ("maintenance: [{days: [mno], from: '1:00', to: '02:00'}]", "did you mean 'mon'?"),
        ("maintenance: [{days: [], from: '01:00', to: '02:00'}]", "expected at least one entry"),
        ("maintenance: [{from: '1:00', to: '02:00'}]", ".from: '1:00' is not a time of the day"),
        ("maintenance: [{from: '01:00', to: '24:01'}]", ".to: '24:01' is not a time of the day"),
        ("maintenance: [{from: 100, to: '02:00'}]", ".from: expected a time such as 02:30"),
        ("maintenance: [{from: '23:00', to: '01:00'}]", "write two windows"),
        ("maintenance: [{to: '01:00'}]", "[0].from: 'from' is missing"),
        (
            "maintenance: [{form: '00:00', from: '00:00', to: '01:00'}]",
            "unknown key; did you mean 'from'? (known: days, from, reason, to)",
        ),
    ],
)
def test_what_is_refused(complaints: Complain, entry: str, expected: str) -> None:
    vrfs = "" if entry.startswith("vrfs") else "    vrfs: [guests]\n"
    problems = complaints(a=f"devices:\n  e:\n    platform: x\n{vrfs}    {entry}\n")
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith("a.yaml:") and "devices.e" in problem for problem in problems)


@pytest.mark.parametrize(
    "place, expected",
    [
        ("device: edge1", "expected one of interface, neighbor, news_site; found none of them"),
        ("device: edge1, interface: eth1, news_site: x", "found interface and news_site"),
        ("device: edge1, neighbor: 192.0.2.3", "has no neighbor '192.0.2.3'; did you mean '192.0"),
        ("device: edge1, neighbor: 192.0.2.0/30", ".neighbor: expected one address"),
        ("device: edge1, neighbor: 192.0.2.2", "edge1 192.0.2.2 says that 'upstream' is behind it"),
        ("device: egde1, neighbor: 192.0.2.2", "no device 'egde1'; did you mean 'edge1'?"),
        ("device: egde1, news_site: x", "no device 'egde1'; did you mean 'edge1'?"),
        ("device: edge1, news_sites: x", "unknown key; did you mean 'news_site'?"),
    ],
)
def test_attachments_lead_somewhere(complaints: Complain, place: str, expected: str) -> None:
    text = "customers:\n  beta:\n    prefixes: [203.0.113.0/24]\n    attachments:\n"
    problems = complaints(a=EVERYTHING, b=f"{text}      - {{{place}}}\n")
    assert any(expected in problem for problem in problems), problems
    assert all(p.startswith("b.yaml:5: customers.beta.attachments[0]") for p in problems)


@pytest.mark.parametrize(
    ("first", "second", "one"),
    [
        ('{local: "yes"}', '{local: "yes"}', True),
        ("{netns: a}", '{netns: a, counters: "no"}', True),
        ("{netns: a}", "{netns: b}", False),
        ("{}", "{}", False),
    ],
)
def test_one_box_has_one_name(tmp_path: Path, first: str, second: str, one: bool) -> None:
    text = (
        "devices:\n"
        f"  edge1: {{platform: nftables, transport: {first}}}\n"
        f"  edge2: {{platform: nftables, transport: {second}}}\n"
        f"  other: {{platform: another, transport: {first}}}\n"
    )
    (tmp_path / "devices.yaml").write_text(text)
    if not one:
        assert len(load(tmp_path).devices) == 3
        return
    with pytest.raises(InventoryInvalid) as refused:
        load(tmp_path)
    (problem,) = refused.value.problems
    assert (problem.path, problem.line) == ("devices.edge2.transport", 3)
    assert "'edge1'" in problem.message and "devices.yaml:2" in problem.message
