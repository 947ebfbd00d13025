# SPDX-License-Identifier: GPL-2.0-or-later
"""The few addresses that everything happens in, and what is drawn from them by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from random import Random

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    Demand,
    Direction,
    Network,
    Order,
    PortRange,
    Selection,
)
from tests.oracle import Packet

BAD: dict[int, Network] = {4: IPv4Network("198.51.100.64/27"), 6: IPv6Network("2001:db8:bad::/123")}
"""Whom orders are about."""
OURS: dict[int, Network] = {4: IPv4Network("203.0.113.64/28"), 6: IPv6Network("2001:db8:113::/124")}
"""Whom they talk to."""
LISTS = ("botnets", "scanners")
SERVICES = ((6, 25), (6, 80), (17, 53), (17, 123))
_PORTS = (PortRange(25, 25), PortRange(53, 53), PortRange(80, 123))
_DIRECTIONS = (Direction.BOTH, Direction.BOTH, Direction.FROM, Direction.TO)


@dataclass(frozen=True)
class Draw:
    """Everything that is drawn, from one source of chance."""

    chance: Random

    def family(self) -> int:
        """IPv4 more often than IPv6."""
        return self.chance.choice((4, 4, 6))

    def prefix(self, family: int = 0, among: dict[int, Network] | None = None) -> Network:
        """A host, more often than a small network."""
        net = (among or BAD)[family or self.family()]
        length = self.chance.choice((0, 0, 0, 1, 2, 3))
        offset = self.chance.randrange(net.num_addresses)
        address = int(net.network_address) + offset
        return type(net)((address, net.max_prefixlen - length), strict=False)

    def prefixes(self, most: int) -> tuple[Network, ...]:
        """Some, of both families."""
        return tuple(self.prefix() for _ in range(self.chance.randint(1, most)))

    def demand(self) -> Demand:
        """One address or network, more often than anything else."""
        kind = self.chance.choice(("address",) * 6 + ("port", "flow", "list", "excepted"))
        direction = self.chance.choice(_DIRECTIONS)
        family = self.family()
        if kind == "list":
            return BlockList(self.chance.choice(LISTS), direction)
        if kind == "excepted":
            friends = Selection(prefixes=(self.prefix(family, OURS),))
            return BlockAddress(self.prefix(family), direction, exceptions=friends)
        target = Selection(prefixes=(self.prefix(family),))
        protocol = self.chance.choice((6, 17))
        ports = (self.chance.choice(_PORTS),)
        if kind == "port":
            return BlockPort(target, (protocol,), ports, direction)
        if kind == "flow":
            others = Selection(prefixes=(self.prefix(family, OURS),))
            served = self.chance.random() < 0.5
            return BlockFlow(
                target, others, (protocol,) if served else (), ports if served else (), direction
            )
        return BlockAddress(self.prefix(family), direction)

    def packets(self, number: int) -> list[Packet]:
        """Between somebody bad and one of ours, either way."""
        return [self._packet(self.family()) for _ in range(number)]

    def packets_about(self, orders: list[Order], number: int) -> list[Packet]:
        """About targets of `orders` and their neighbours, so that few are about nobody."""
        found = []
        for _ in range(number if orders else 0):
            demand = self.chance.choice(orders).demand
            prefix = demand.prefix if isinstance(demand, BlockAddress) else self.prefix()
            edge = self.chance.choice((-1, 0, 0, prefix.num_addresses - 1, prefix.num_addresses))
            net = BAD[prefix.version]
            address = int(prefix.network_address) + edge
            if not int(net.network_address) <= address <= int(net.broadcast_address):
                address = int(prefix.network_address)
            found.append(self._packet(prefix.version, address))
        return found

    def _packet(self, family: int, bad: int | None = None) -> Packet:
        if bad is None:
            bad = self._address(BAD[family])
        ours = self._address(OURS[family])
        protocol, port = self.chance.choice(SERVICES)
        ends = (bad, ours) if self.chance.random() < 0.5 else (ours, bad)
        return Packet(family, *ends, protocol, 40000, port)

    def _address(self, net: Network) -> int:
        return int(net.network_address) + self.chance.randrange(net.num_addresses)


def said(packet: Packet) -> str:
    """A packet in words."""
    make = IPv4Network if packet.family == 4 else IPv6Network
    src, dst = (str(make(end).network_address) for end in (packet.src, packet.dst))
    return f"{src} > {dst} protocol {packet.protocol} port {packet.dport}"


def text_of(prefixes: tuple[Network, ...]) -> str:
    """A list file."""
    return "".join(f"{prefix}\n" for prefix in prefixes)


NOBODY = ip_network("192.0.2.128/25")
"""Addresses that no order is ever about."""
