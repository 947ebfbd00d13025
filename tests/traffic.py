# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies for packets: at random in a space, and aimed at given orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import cycle, islice, product

from hypothesis import strategies as st

from enforcer.core.intervals import networks_of
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Network,
    Order,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import Topology
from tests.oracle import Lists, Packet
from tests.space import DEVICES, INTERFACES, PORTS, TINY, Space, addresses


@cache
@st.composite
def packets(draw: st.DrawFn, space: Space = TINY) -> Packet:
    """Packets between the space's addresses, fragments without ports among them."""
    family = draw(st.sampled_from([4, 6]))
    protocol = draw(st.sampled_from([6, 6, 17, 47, 1 if family == 4 else 58]))
    sport, dport = draw(st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)))
    with_ports = protocol in (6, 17) and draw(st.sampled_from([True, True, True, False]))
    return Packet(
        family,
        draw(addresses(family, space)),
        draw(addresses(family, space)),
        protocol,
        sport if with_ports else None,
        dport if with_ports else None,
        draw(st.sampled_from(INTERFACES)),
        draw(st.sampled_from(INTERFACES)),
        draw(st.none() | st.sampled_from(DEVICES)),
    )


Shape = tuple[int, int | None, int | None]
"""(protocol, source port, destination port), ICMP as in IPv4."""
SHAPES: tuple[Shape, ...] = (
    *((protocol, s, d) for protocol in (6, 17) for s, d in product(PORTS, PORTS)),
    (6, None, None),
    (1, None, None),
    (47, None, None),
)


@st.composite
def aimed(
    draw: st.DrawFn, orders: Sequence[Order], topology: Topology, lists: Lists, space: Space = TINY
) -> tuple[Packet, ...]:
    """For each order packets that nearly or just match it, both ways, on all devices."""
    paths = cycle(product([None, *DEVICES], product(INTERFACES, INTERFACES)))
    found: list[Packet] = []
    for order in orders:
        family = draw(st.sampled_from([4, 6]))
        targets, others = (
            sorted({edge for p in side for edge in _edges(p, family)})
            for side in _sides(order.demand, topology, lists)
        )
        anywhere = draw(addresses(family, space))
        target = draw(st.sampled_from(targets)) if targets else anywhere
        other = draw(st.sampled_from(others)) if others else anywhere
        shape = draw(st.sampled_from(_shapes(order.demand) or SHAPES))
        shapes = (shape, (shape[0], shape[2], shape[1]), draw(st.sampled_from(SHAPES)))
        ways = ((target, other), (other, target), (target, anywhere), (anywhere, other))
        for (src, dst), (protocol, sport, dport) in product(ways, shapes):
            number = 58 if (protocol, family) == (1, 6) else protocol
            ports = (sport, dport) if number in (6, 17) else (None, None)
            for device, (iif, oif) in islice(paths, 3):
                found.append(Packet(family, src, dst, number, *ports, iif, oif, device))
    return tuple(found)


def _edges(prefix: Network, family: int) -> Iterator[int]:
    if prefix.version == family:
        yield from (int(prefix.network_address), int(prefix.broadcast_address))


def _sides(demand: Demand, topology: Topology, lists: Lists) -> tuple[list[Network], list[Network]]:
    """The prefixes of an order's target, and those of its other end and its exceptions."""
    target, other = Selection(), demand.exceptions
    listed: list[Network] = []
    match demand:
        case BlockAddress():
            target = Selection(prefixes=(demand.prefix,))
        case BlockPort():
            target = demand.target
        case BlockFlow():
            target, other = demand.source, united((other, demand.destination))
        case BlockList():
            content = lists[demand.list_name]
            for family in (4, 6):
                listed += networks_of(content.ranges(family), family)
        case SuspendCustomer():
            target = Selection(customers=(demand.customer,))
            other = united((other, Selection(tuple(p.prefix for p in topology.protected))))
        case CutFeed():
            target = Selection(customers=(demand.customer,))
            other = united((other, Selection(service_sets=(demand.news_servers,))))
    return [*_prefixes(target, topology), *listed], _prefixes(other, topology)


def _prefixes(selection: Selection, topology: Topology) -> list[Network]:
    found = list(selection.prefixes)
    for name in selection.customers:
        found += topology.customers[name].prefixes if name in topology.customers else ()
    for name in selection.service_sets:
        found += (p for entry in topology.service_sets[name].entries for p in entry.prefixes)
    return found


def _shapes(demand: Demand) -> list[Shape]:
    if isinstance(demand, CutFeed):
        return [(6, 2000, 119), (6, 433, 2000)]
    if isinstance(demand, BlockPort | BlockFlow):
        ports: list[int | None] = [p for r in demand.ports for p in (r.first, r.last)]
        return [(p, 2000, port) for p in demand.protocols or (6, 17) for port in ports or [None]]
    return []


def united(parts: Iterable[Selection]) -> Selection:
    """The addresses of all parts."""
    kept = tuple(parts)
    return Selection(
        tuple(prefix for part in kept for prefix in part.prefixes),
        tuple(name for part in kept for name in part.customers),
        tuple(name for part in kept for name in part.service_sets),
    )
