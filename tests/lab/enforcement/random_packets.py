# SPDX-License-Identifier: GPL-2.0-or-later
"""Random packets over the lab's paths, as probes and as the oracle sees them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypedDict

from lab.probes import Probe, fragments, icmp, protocol, tcp, udp
from tests.lab.enforcement.random_orders import PORTS
from tests.oracle import Packet

GRE = 47


class Hop(TypedDict):
    """One router on a packet's way."""

    device: str
    iif: str
    oif: str


def _hop(device: str, iif: str, oif: str) -> Hop:
    return {"device": device, "iif": iif, "oif": oif}


_TO_EDGE = {"cust1": "eth1", "cust2": "eth2"}
_TO_CORE = {"relay": "eth3", "news": "eth3", "victim": "eth2", "mailsink": "eth2", "third": "eth2"}


def _way(source: str, sink: str) -> tuple[Hop, ...]:
    if source in _TO_EDGE and sink in _TO_EDGE:
        return (_hop("edge1", _TO_EDGE[source], _TO_EDGE[sink]),)
    if source in _TO_EDGE:
        return (
            _hop("edge1", _TO_EDGE[source], "eth3"),
            _hop("core1", "eth1", _TO_CORE[sink]),
        )
    if sink in _TO_EDGE:
        return (
            _hop("core1", _TO_CORE[source], "eth1"),
            _hop("edge1", "eth3", _TO_EDGE[sink]),
        )
    return (_hop("core1", _TO_CORE[source], _TO_CORE[sink]),)


PATHS: dict[tuple[str, str], tuple[Hop, ...]] = {
    path: _way(*path)
    for path in (
        ("cust1", "victim"),
        ("cust1", "third"),
        ("cust1", "relay"),
        ("cust1", "cust2"),
        ("cust2", "cust1"),
        ("cust2", "news"),
        ("cust2", "third"),
        ("cust2", "mailsink"),
        ("third", "cust1"),
        ("third", "cust2"),
        ("third", "relay"),
        ("news", "cust2"),
        ("relay", "cust1"),
    )
}

_OWN: dict[str, tuple[str, ...]] = {
    "cust1": (
        "198.51.100.10",
        "198.51.100.11",
        "198.51.100.12",
        "198.51.100.40",
        "2001:db8:101::10",
        "2001:db8:101::11",
        "2001:db8:101:5::9",
    ),
    "cust2": (
        "198.51.100.130",
        "198.51.100.131",
        "198.51.100.132",
        "2001:db8:102::130",
        "2001:db8:102::131",
        "2001:db8:102::132",
    ),
    "relay": (
        "203.0.113.25",
        "203.0.113.53",
        "203.0.113.80",
        "2001:db8:100::25",
        "2001:db8:100::53",
        "2001:db8:100::80",
    ),
    "news": ("203.0.113.119", "2001:db8:100::119"),
    "victim": ("192.0.2.10", "2001:db8:f00:10::10"),
    "mailsink": ("192.0.2.25", "2001:db8:f00:25::25"),
    "third": (
        "192.0.2.66",
        "203.0.114.7",
        "203.0.114.65",
        "203.0.114.130",
        "203.0.114.200",
        "8.8.8.8",
        "2001:db8:f00:66::66",
        "2001:2:0:1::5",
        "2001:2:0:9::5",
        "2001:2:5::1",
    ),
}
_SPOOFED = 0.1


@dataclass(frozen=True)
class Shot:
    """A packet to send from a node to another, and what the oracle is asked about."""

    source: str
    sink: str
    probe: Probe
    packet: Packet


def random_shot(chance: random.Random) -> Shot:
    """A packet on a random path, now and then with a source that belongs elsewhere."""
    source, sink = chance.choice(list(PATHS))
    dst = chance.choice(_OWN[sink])
    owners = [source]
    if chance.random() < _SPOOFED:
        owners = [node for node in ("cust1", "cust2", "third") if node != sink]
    family = ip_address(dst).version
    sources = [a for node in owners for a in _OWN[node] if ip_address(a).version == family]
    return _shot(chance, source, sink, chance.choice(sources), dst)


def _shot(chance: random.Random, source: str, sink: str, src: str, dst: str) -> Shot:
    low, high = chance.choice((*PORTS, 100, 300)), 40000
    sport, dport = chance.choice(((high, low), (high, low), (low, high), (low, low)))
    family = ip_address(dst).version

    def shot(probe: Probe, number: int, sport: int | None = None, dport: int | None = None) -> Shot:
        ends = int(ip_address(src)), int(ip_address(dst))
        return Shot(source, sink, probe, Packet(family, *ends, number, sport, dport))

    kind = chance.choice(
        ("tcp", "tcp", "tcp", "udp", "udp", "udp", "icmp", "gre", "first", "later")
    )
    first, later = fragments(src, dst, dport, sport)
    match kind:
        case "tcp":
            flags = chance.choice(("S", "A", "SA", "FA"))
            return shot(tcp(src, dst, dport, sport, flags), 6, sport, dport)
        case "udp":
            return shot(udp(src, dst, dport, sport), 17, sport, dport)
        case "icmp":
            return shot(icmp(src, dst), 1 if family == 4 else 58)
        case "gre":
            return shot(protocol(src, dst, GRE), GRE)
        case "first":
            return shot(first, 17, sport, dport)
        case _:
            return shot(later, 17)
