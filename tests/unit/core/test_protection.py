# SPDX-License-Identifier: GPL-2.0-or-later
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from drivers._router.names import SENTINELS
from enforcer.core.orders import Network
from enforcer.core.protection import derived, merged, with_derived
from enforcer.core.special_purpose import special_purpose
from enforcer.core.topology import (
    Blackholing,
    Device,
    Interface,
    Neighbor,
    ProtectedPrefix,
    Topology,
)


def prefixes(topology: Topology) -> list[str]:
    return [str(one.prefix) for one in derived(topology)]


def of_link(*addresses: str) -> Topology:
    interface = Interface("eth0", addresses=tuple(map(ip_interface, addresses)))
    return Topology({"edge1": Device("edge1", "nftables", interfaces=(interface,))})


def of_device(**parts: object) -> Topology:
    return Topology({"edge1": Device("edge1", "nftables", **parts)})  # type: ignore[arg-type]  # the parts of each test


@pytest.mark.parametrize(
    "address, expected",
    [
        ("192.0.2.1/24", ["192.0.2.1/32"]),
        ("192.0.2.1/29", ["192.0.2.1/32"]),
        ("192.0.2.1/30", ["192.0.2.1/32", "192.0.2.0/30"]),
        ("192.0.2.1/31", ["192.0.2.1/32", "192.0.2.0/31"]),
        ("192.0.2.1/32", ["192.0.2.1/32"]),
        ("2001:db8::1/64", ["2001:db8::1/128"]),
        ("2001:db8::1/125", ["2001:db8::1/128"]),
        ("2001:db8::1/126", ["2001:db8::1/128", "2001:db8::/126"]),
        ("2001:db8::1/127", ["2001:db8::1/128", "2001:db8::/127"]),
        ("2001:db8::1/128", ["2001:db8::1/128"]),
    ],
)
def test_a_link_with_two_ends_is_protected_whole(address: str, expected: list[str]) -> None:
    assert prefixes(of_link(address)) == expected


@pytest.mark.parametrize(
    "address", ["127.0.0.1/8", "169.254.7.7/30", "fe80::1/64", "fe80::1/127", "::1/128"]
)
def test_special_purpose_space_is_left_out(address: str) -> None:
    assert prefixes(of_link(address)) == []
    host: Network = ip_network(ip_interface(address).ip)
    assert prefixes(of_device(addresses=(host,), next_hops=(host,))) == []
    assert prefixes(of_device(neighbors=(Neighbor(ip_interface(address).ip),))) == []


def test_what_blackholes_stand_on_is_protected() -> None:
    found = Blackholing(
        next_hops={"4": "192.0.2.254", "6": "100::1"}, canaries={"4": "198.51.100.253"}
    )
    protected = {str(p.prefix): p for p in derived(of_device(blackholing=found))}
    assert set(protected) == {"192.0.2.254/32", "198.51.100.253/32"}, "100::1 is special"
    assert {p.origin for p in protected.values()} == {"rtbh"}
    assert "canary" in protected["198.51.100.253/32"].reason


def test_everything_a_device_stands_on_with_its_reason() -> None:
    topology = of_device(
        addresses=(ip_network("192.0.2.10/32"),),
        next_hops=(ip_network("192.0.2.20/32"),),
        interfaces=(Interface("eth0", addresses=(ip_interface("192.0.2.1/31"),)),),
        neighbors=(Neighbor(ip_address("192.0.2.30"), 64500), Neighbor(ip_address("2001:db8::1"))),
    )
    assert derived(topology) == (
        ProtectedPrefix(
            ip_network("192.0.2.10/32"), "edge1's management address or loopback", "management"
        ),
        ProtectedPrefix(ip_network("192.0.2.1/32"), "edge1's address on eth0", "link"),
        ProtectedPrefix(ip_network("192.0.2.0/31"), "edge1's link on eth0", "link"),
        ProtectedPrefix(ip_network("192.0.2.30/32"), "edge1's BGP neighbor (AS64500)", "neighbor"),
        ProtectedPrefix(ip_network("2001:db8::1/128"), "edge1's BGP neighbor", "neighbor"),
        ProtectedPrefix(ip_network("192.0.2.20/32"), "edge1's next-hop", "next-hop"),
    )


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("192.0.2.10", ["192.0.2.10/32"]),
        ("2001:DB8::7", ["2001:db8::7/128"]),
        ("edge1.example.net", []),
        ("", []),
        ("127.0.0.1", []),
    ],
)
def test_the_address_that_we_reach_a_device_by_is_protected(host: str, expected: list[str]) -> None:
    assert prefixes(of_device(transport={"host": host})) == expected


def test_said_twice_it_is_protected_once() -> None:
    both = of_device(transport={"host": "192.0.2.10"}, addresses=(ip_network("192.0.2.10/32"),))
    assert [(p.reason, p.origin) for p in derived(both)] == [
        ("edge1's management address or loopback", "management")
    ]


@pytest.mark.parametrize("family", [4, 6])
def test_what_keeps_a_group_from_being_empty_is_nobodys_to_block(family: int) -> None:
    """The sentinel of each family stands in every group: an order about it would be nonsense."""
    sentinel = ip_network(SENTINELS[family])
    assert sentinel.version == family
    assert special_purpose(sentinel, documentation_space=True) is not None


def test_a_device_that_states_nothing_protects_nothing() -> None:
    assert derived(of_device()) == ()


def test_the_stated_reason_is_kept() -> None:
    stated = ProtectedPrefix(ip_network("192.0.2.1/32"), "the way in")
    found = with_derived(Topology(of_link("192.0.2.1/30").devices, protected=(stated,))).protected
    assert found == (
        stated,
        ProtectedPrefix(ip_network("192.0.2.0/30"), "edge1's link on eth0", "link"),
    )


def test_what_was_derived_before_goes_with_its_device() -> None:
    before = with_derived(of_link("192.0.2.1/30"))
    assert len(before.protected) == 2
    ours = ProtectedPrefix(ip_network("198.51.100.53/32"), "DNS server", "dns")
    left = with_derived(Topology(protected=(*before.protected, ours)))
    assert left.protected == (ours,)


def test_each_prefix_once_as_it_came_first() -> None:
    prefix = ip_network("192.0.2.1/32")
    first, second = ProtectedPrefix(prefix, "a"), ProtectedPrefix(prefix, "b", "dns")
    assert merged([first, second, first]) == (first,)


def test_two_devices_on_one_link() -> None:
    one = of_link("192.0.2.1/30").devices["edge1"]
    interface = Interface("e1", addresses=(ip_interface("192.0.2.2/30"),))
    other = Device("core1", "nftables", interfaces=(interface,))
    found = derived(Topology({"edge1": one, "core1": other}))
    assert [(str(p.prefix), p.reason) for p in found] == [
        ("192.0.2.1/32", "edge1's address on eth0"),
        ("192.0.2.0/30", "edge1's link on eth0"),
        ("192.0.2.2/32", "core1's address on e1"),
    ]
