# SPDX-License-Identifier: GPL-2.0-or-later
"""A second renderer of access lists: aerleon's, on an EMULATED router, drops the same packets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from itertools import product
from typing import Any

import numpy as np
import pytest
from aerleon import api
from aerleon.lib import naming

from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from enforcer.control.writing import compared
from enforcer.core.intervals import merge, rows_of
from enforcer.core.rules import NO_END, Desired, Exempt, Key, Members, Owner, Rule, Service
from enforcer.core.topology import ROLE_BORDER, Device, Interface, Mode
from lab.emulators.cisco_ios import Router
from lab.emulators.packets import ICMP, ICMPV6, TCP, UDP, Packet
from tests.unit.drivers.cisco_ios.reading import NoCredentials, actual_of

pytestmark = pytest.mark.emulated

PORT = "GigabitEthernet0/0/1"
BASE = f"""\
hostname edge1
!
interface {PORT}
 ip address 10.1.0.1 255.255.255.252
 ipv6 address 2001:db8:ffff::1/64
!
end
"""
DEVICE = Device(
    "edge1",
    "cisco_ios",
    roles=frozenset({ROLE_BORDER}),
    mode=Mode.ENFORCE,
    credentials="env:ROUTER",
    transport={"host": "127.0.0.1", "username": "enforcer", "known_hosts": "known_hosts"},
    interfaces=(
        Interface(
            PORT, "hosting", (ip_interface("10.1.0.1/30"), ip_interface("2001:db8:ffff::1/64"))
        ),
    ),
)


@dataclass(frozen=True)
class Block:
    """What both render. `service`: protocol and destination ports; `peer`, `spared`: prefixes."""

    key: Key
    members: tuple[str, ...]
    service: tuple[str, int, int] | None = None
    peer: str = ""
    spared: str = ""

    @property
    def family(self) -> int:
        return ip_network(self.members[0]).version


BLOCKS = {
    "a source": Block(Key.SOURCE, ("198.51.100.7/32",)),
    "sources of odd sizes": Block(
        Key.SOURCE, ("198.51.100.0/27", "198.51.100.33/32", "198.51.100.64/26", "192.0.2.9/32")
    ),
    "a destination": Block(Key.DESTINATION, ("203.0.113.0/24",)),
    "one port": Block(Key.DESTINATION, ("203.0.113.0/25",), ("tcp", 25, 25)),
    "a range of ports": Block(Key.SOURCE, ("198.51.100.0/25",), ("udp", 1000, 2000)),
    "a flow": Block(Key.SOURCE, ("198.51.100.0/26",), ("tcp", 443, 443), "203.0.113.64/26"),
    "an exception": Block(Key.SOURCE, ("198.51.100.0/24",), None, "", "203.0.113.53/32"),
    "IPv6 sources": Block(Key.SOURCE, ("2001:db8:1::/48", "2001:db8:2::7/128")),
    "an IPv6 port": Block(Key.DESTINATION, ("2001:db8:3::/64",), ("udp", 53, 53)),
    "an IPv6 flow": Block(Key.SOURCE, ("2001:db8:1::/49",), None, "2001:db8:3::/65"),
}


# -- by the driver ------------------------------------------------------------------------------


def rule_of(block: Block) -> Rule:
    service = None
    if block.service is not None:
        name, low, high = block.service
        service = Service({"tcp": TCP, "udp": UDP}[name], None, (low, high))
    peers = merge(rows_of([ip_network(block.peer)])).pairs() if block.peer else None
    spared = merge(rows_of([ip_network(block.spared)])).pairs() if block.spared else ()
    exempt = tuple(Exempt(first, last) for first, last in spared)
    return Rule(block.family, block.key, service, peers, exempt)


def ours(block: Block) -> Router:
    router = Router("edge1")
    router.load(BASE)
    driver = IosDriver(DEVICE, Owner("C0FFEE", 3), Way(SshOptions.of(DEVICE), NoCredentials()))
    rows = merge(rows_of(map(ip_network, block.members)))
    count = len(rows)
    columns = ([NO_END] * count, [7] * count)
    members = Members(rows.first, rows.last, *(np.array(c, np.int64) for c in columns))
    desired = Desired("edge1", {rule_of(block): members})
    actual = actual_of(driver, router.running())
    plan = driver.plan(desired, compared(driver, desired, actual), actual)
    said = [
        line for line in plan.native() if not line.startswith(("!", "configure ", "do ", "end"))
    ]
    router.by_hand(line.strip() for line in said)
    return router


# -- by aerleon ---------------------------------------------------------------------------------


def theirs(block: Block) -> Router:
    router = Router("edge1")
    router.load(BASE)
    lines = [line for line in rendered(block).splitlines() if not line.startswith(("!", "no "))]
    router.by_hand(line.strip() for line in lines if line.strip() and "remark" not in line)
    bind = "ip access-group" if block.family == 4 else "ipv6 traffic-filter"
    router.by_hand([f"interface {PORT}", f"{bind} THEIRS in"])
    return router


def rendered(block: Block) -> str:
    """The list THEIRS, as aerleon writes it for IOS."""
    here, there = ("source", "destination")
    if block.key is Key.DESTINATION:
        here, there = there, here
    drop: dict[str, str] = {"name": "drop", f"{here}-address": "MEMBERS", "action": "deny"}
    if block.peer:
        drop[f"{there}-address"] = "PEER"
    if block.service is not None:
        drop |= {"protocol": block.service[0], "destination-port": "PORTS"}
    spare = [
        {"name": f"spare-{way}", f"{way}-address": "SPARED", "action": "accept"}
        for way in (here, there)
        if block.spared
    ]
    kind = "extended" if block.family == 4 else "inet6"
    policy: Any = {
        "filename": "theirs",
        "filters": [
            {
                "header": {"targets": {"cisco": f"THEIRS {kind}"}},
                "terms": [*spare, drop, {"name": "rest", "action": "accept"}],
            }
        ],
    }
    made = api.Generate([policy], definitions(block))
    assert made is not None
    (text,) = made.values()
    return text


def definitions(block: Block) -> naming.Naming:
    prefixes = {"MEMBERS": block.members, "PEER": (block.peer,), "SPARED": (block.spared,)}
    networks = {
        name: {"values": [{"address": prefix} for prefix in some]}
        for name, some in prefixes.items()
        if all(some)
    }
    found: dict[str, Mapping[str, object]] = {"networks": networks}
    if block.service is not None:
        name, low, high = block.service
        ports = str(low) if low == high else f"{low}-{high}"
        found["services"] = {"PORTS": [{"protocol": name, "port": ports}]}
    made = naming.Naming()
    made.ParseDefinitionsObject(found, "")
    return made


# -- asked the same -----------------------------------------------------------------------------


def edges_of(block: Block) -> tuple[list[str], list[str]]:
    """Sources and destinations: the ends of every prefix, and what is just outside of them."""
    far = (
        ["192.0.2.200", "203.0.113.201"]
        if block.family == 4
        else ["2001:db8:a::1", "2001:db8:b::1"]
    )
    near = {str(ip_address(n)) for p in block.members for n in _around(p)}
    other = {str(ip_address(n)) for p in (block.peer, block.spared) if p for n in _around(p)}
    ends = (sorted({*near, far[0]}), sorted({*other, far[1]}))
    return ends if block.key is Key.SOURCE else (ends[1], ends[0])


def _around(prefix: str) -> Iterator[int]:
    network = ip_network(prefix)
    first, last = int(network.network_address), int(network.broadcast_address)
    yield from (first - 1, first, last, last + 1)


def packets(block: Block) -> Iterator[Packet]:
    ports = [80, 443]
    if block.service is not None:
        _, low, high = block.service
        ports += [low - 1, low, high, high + 1]
    ping = ICMP if block.family == 4 else ICMPV6
    for one, two in product(*edges_of(block)):
        source, destination = ip_address(one), ip_address(two)
        for protocol, port in product((TCP, UDP), ports):
            yield Packet(source, destination, protocol, 40000, port)
        yield Packet(source, destination, ping, icmp_type=8 if ping == ICMP else 128)


@pytest.mark.parametrize("name", BLOCKS)
def test_both_lists_drop_the_same_packets(name: str) -> None:
    block = BLOCKS[name]
    mine, other = ours(block), theirs(block)
    fates = {
        packet: (mine.would_pass(packet, PORT, "in"), other.would_pass(packet, PORT, "in"))
        for packet in packets(block)
    }
    assert {packet: fate for packet, fate in fates.items() if fate[0] != fate[1]} == {}
    assert {fate[0] for fate in fates.values()} == {True, False}


def test_a_list_of_another_block_is_told_apart() -> None:
    """The comparison is able to fail."""
    block = BLOCKS["one port"]
    mine, other = ours(block), theirs(BLOCKS["a destination"])
    assert any(
        mine.would_pass(packet, PORT, "in") != other.would_pass(packet, PORT, "in")
        for packet in packets(block)
    )
