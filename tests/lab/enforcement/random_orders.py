# SPDX-License-Identifier: GPL-2.0-or-later
"""Random orders of every kind over the lab's addresses, dense enough to overlap."""

from __future__ import annotations

import random
from collections.abc import Sequence
from ipaddress import ip_network

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    Network,
    PortRange,
    Selection,
    SuspendCustomer,
)

NETS: tuple[str, ...] = (
    "198.51.100.11/32",
    "198.51.100.8/30",
    "198.51.100.32/27",
    "198.51.100.131/32",
    "198.51.100.128/26",
    "192.0.2.10/32",
    "192.0.2.25/32",
    "192.0.2.66/32",
    "203.0.114.0/24",
    "203.0.114.64/26",
    "203.0.114.65/32",
    "2001:db8:101::11/128",
    "2001:db8:101::/120",
    "2001:db8:101:5::/64",
    "2001:db8:102::131/128",
    "2001:db8:102::/124",
    "2001:db8:f00:10::10/128",
    "2001:db8:f00:66::/64",
    "2001:2::/48",
    "2001:2:0:1::/64",
)
"""Of both customers, of the third party, and of the rest of the Internet; none is protected."""

LISTED = (
    "203.0.114.7",
    "203.0.114.128/28",
    "198.51.100.12",
    "2001:2:0:9::/64",
    "2001:db8:102::132",
    "203.0.113.224/27",
)
"""A list with customers' addresses too, which are rejected, and one that is partly protected."""

PORTS = (25, 53, 80, 119, 443)
_PROTOCOLS: tuple[tuple[int, ...], ...] = ((6,), (17,), (6, 17))
_KINDS = ("address",) * 5 + ("port",) * 4 + ("flow",) * 4 + ("list", "feed", "suspend")


def _network(chance: random.Random) -> Network:
    return ip_network(chance.choice(NETS))


def _selection(chance: random.Random) -> Selection:
    kind = chance.random()
    if kind < 0.2:
        return Selection(customers=(chance.choice(("cust1", "cust2")),))
    return Selection(prefixes=tuple({_network(chance) for _ in range(chance.choice((1, 2)))}))


def _exceptions(chance: random.Random) -> Selection:
    if chance.random() < 0.5:
        return Selection()
    names = chance.choice(((), (), ("relay",), ("essentials",), ("news", "relay")))
    nets = () if names and chance.random() < 0.5 else (_network(chance),)
    return Selection(prefixes=nets, service_sets=names)


def _ports(chance: random.Random) -> tuple[PortRange, ...]:
    first = chance.choice(PORTS)
    width = chance.choice((0, 0, 100, 400))
    return (PortRange(first, first + width),)


def _destination(chance: random.Random) -> Selection:
    if chance.random() < 0.4:
        return Selection(service_sets=(chance.choice(("relay", "news", "essentials")),))
    return _selection(chance)


def _flow(chance: random.Random) -> BlockFlow:
    direction, spared = chance.choice(list(Direction)), _exceptions(chance)
    shape = chance.random()
    protocols: Sequence[int] = ()
    ports: tuple[PortRange, ...] = ()
    if shape < 0.3:
        protocols = chance.choice(((1,), (47,), (1, 47)))
    elif shape < 0.7:
        protocols, ports = chance.choice(_PROTOCOLS), _ports(chance)
    return BlockFlow(
        _selection(chance), _destination(chance), tuple(protocols), ports, direction,
        exceptions=spared,
    )  # fmt: skip


def random_demand(chance: random.Random, list_name: str) -> Demand:
    """Any kind; the guardrails may still refuse it."""
    kind, direction = chance.choice(_KINDS), chance.choice(list(Direction))
    spared = _exceptions(chance)
    customer = chance.choice(("cust1", "cust2"))
    if kind == "address":
        return BlockAddress(_network(chance), direction, exceptions=spared)
    if kind == "port":
        protocols = chance.choice(_PROTOCOLS)
        return BlockPort(
            _selection(chance), protocols, _ports(chance), direction, exceptions=spared
        )
    if kind == "flow":
        return _flow(chance)
    if kind == "list":
        return BlockList(list_name, direction, exceptions=spared)
    if kind == "feed":
        return CutFeed(customer, exceptions=spared)
    kept = Selection(prefixes=tuple(map(ip_network, NETS[5:9])), service_sets=("essentials",))
    return SuspendCustomer(customer, kept, by=chance.choice(("prefixes", "interface")))
