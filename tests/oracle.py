# SPDX-License-Identifier: GPL-2.0-or-later
"""The truth about one packet, in plain Python.

`dropped` says it straight from the orders: a packet is dropped iff some order in force matches
it and that order's own exceptions do not. It shares no code with the compiler. `rules_drop`
says what neutral rules do to the packet, as a device would that holds exactly them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

import numpy as np

from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Network,
    Order,
    PortRange,
    Selection,
    SuspendCustomer,
)
from enforcer.core.rules import Addresses, Desired, Exempt, Key, Rule
from enforcer.core.topology import Customer, ServiceEntry, Topology

Lists = Mapping[str, ListContent]


@dataclass(frozen=True)
class Packet:
    """`src`, `dst`: integers of `family`. Ports None: it has none (ICMP, a later fragment).

    `device`: the one that it passes; None asks whether any device would drop it.
    """

    family: int
    src: int
    dst: int
    protocol: int = 6
    sport: int | None = None
    dport: int | None = None
    iif: str = ""
    oif: str = ""
    device: str | None = None


def dropped(
    packet: Packet, orders: Iterable[Order], topology: Topology, lists: Lists, now: datetime
) -> set[int]:
    """The numbers of the orders that drop `packet` at `now`; empty: it passes."""
    return {
        order.number
        for order in orders
        if order.start <= now
        and order.lifted is None
        and (order.end is None or now < order.end)
        and _matches(order, packet, topology, lists)
        and not _excepted(order.demand.exceptions, packet, topology)
    }


def _matches(order: Order, packet: Packet, topology: Topology, lists: Lists) -> bool:
    demand = order.demand
    if isinstance(demand, SuspendCustomer) and demand.by == "interface":
        return _through(order, demand, packet, topology)
    if isinstance(demand, SuspendCustomer) and demand.by == "shutdown":
        return _down(order, demand, packet, topology)
    direction = getattr(demand, "direction", "both")
    ways = {"from": [(packet.src, packet.dst)], "to": [(packet.dst, packet.src)]}
    for target, other in ways.get(direction, [*ways["from"], *ways["to"]]):
        wanted = _wanted(demand, target, other, packet, topology, lists)
        if wanted and not _protected(target, packet.family, topology):
            devices = _placed(order, target, packet.family, topology)
            if packet.device in devices if packet.device is not None else devices:
                return True
    return False


def _wanted(
    demand: object, target: int, other: int, packet: Packet, topology: Topology, lists: Lists
) -> bool:
    def among(address: int, selection: Selection) -> bool:
        return _within(address, packet.family, _prefixes(selection, topology))

    if isinstance(demand, BlockAddress):
        return _within(target, packet.family, [demand.prefix])
    if isinstance(demand, BlockList):
        return _listed(target, packet.family, lists.get(demand.list_name))
    if isinstance(demand, BlockPort):
        return among(target, demand.target) and _serves(demand.protocols, demand.ports, packet)
    if isinstance(demand, SuspendCustomer):
        return among(target, Selection(customers=(demand.customer,)))
    if isinstance(demand, CutFeed):
        return (
            among(target, Selection(customers=(demand.customer,)))
            and among(other, Selection(service_sets=(demand.news_servers,)))
            and packet.protocol == 6
            and bool({packet.sport, packet.dport} & {119, 433, 563})
        )
    assert isinstance(demand, BlockFlow)
    if not among(target, demand.source):
        return False
    if demand.protocols or demand.ports:
        served = _serves(demand.protocols, demand.ports, packet)
        return served and among(other, demand.destination)
    return any(
        _within(other, packet.family, entry.prefixes)
        and _serves(() if entry.protocol is None else (entry.protocol,), entry.ports, packet)
        for entry in _entries(demand.destination, topology)
    )


def _serves(protocols: tuple[int, ...], ports: tuple[PortRange, ...], packet: Packet) -> bool:
    return (not protocols or any(_same_protocol(p, packet) for p in protocols)) and (
        not ports or any(_port_in(packet.dport, r.first, r.last) for r in ports)
    )


def _same_protocol(protocol: int, packet: Packet) -> bool:
    if packet.family == 6:
        return packet.protocol == (58 if protocol == 1 else protocol)
    return packet.protocol == protocol != 58


def _port_in(port: int | None, first: int, last: int) -> bool:
    return port is not None and first <= port <= last


def _entries(selection: Selection, topology: Topology) -> Iterator[ServiceEntry]:
    yield ServiceEntry(selection.prefixes)
    for name in selection.customers:
        if name in topology.customers:
            yield ServiceEntry(topology.customers[name].prefixes)
    for name in selection.service_sets:
        if name in topology.service_sets:
            yield from topology.service_sets[name].entries


def _prefixes(selection: Selection, topology: Topology) -> list[Network]:
    return [p for entry in _entries(selection, topology) for p in entry.prefixes]


def _within(address: int, family: int, prefixes: Iterable[Network]) -> bool:
    return any(
        p.version == family and int(p.network_address) <= address <= int(p.broadcast_address)
        for p in prefixes
    )


def _listed(address: int, family: int, content: ListContent | None) -> bool:
    if content is None:
        return False
    v4 = (content.v4_first, content.v4_last)
    first, last = v4 if family == 4 else (content.v6_first, content.v6_last)
    return bool(np.any(_at_most(first, address) & ~_at_most(last, address - 1)))


def _at_most(column: Addresses, address: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if address < 0:
        return np.zeros(len(column), np.bool_)
    high, low = (np.uint64(half) for half in divmod(address, 2**64))
    at_most: np.ndarray[tuple[int], np.dtype[np.bool_]] = (column[:, 0] < high) | (
        (column[:, 0] == high) & (column[:, 1] <= low)
    )
    return at_most


def _protected(address: int, family: int, topology: Topology) -> bool:
    return _within(address, family, [p.prefix for p in topology.protected])


def _excepted(exceptions: Selection, packet: Packet, topology: Topology) -> bool:
    return any(
        _within(address, packet.family, entry.prefixes)
        and (entry.protocol is None or _same_protocol(entry.protocol, packet))
        and (not entry.ports or any(_port_in(port, r.first, r.last) for r in entry.ports))
        for entry in _entries(exceptions, topology)
        for address, port in ((packet.src, packet.sport), (packet.dst, packet.dport))
    )


def _through(order: Order, demand: SuspendCustomer, packet: Packet, topology: Topology) -> bool:
    customer = topology.customers.get(demand.customer)
    own = customer.prefixes if customer else ()
    if any(
        _within(end, packet.family, own) and _protected(end, packet.family, topology)
        for end in (packet.src, packet.dst)
    ):
        return False
    return any(
        packet.device in (None, attachment.device)
        and (not order.scope or attachment.device in topology.in_scope(order.scope))
        and attachment.interface in (packet.iif, packet.oif)
        and not _of_links(packet, attachment.device, customer, topology)
        for attachment in (customer.attachments if customer else ())
    )


def _down(order: Order, demand: SuspendCustomer, packet: Packet, topology: Topology) -> bool:
    """Nothing passes an interface that is down; one that must stay up is not shut."""
    customer = topology.customers.get(demand.customer)
    if customer is None or any(
        p.origin not in ("link", "neighbor", "next-hop")
        and any(_meet(p.prefix, own) for own in customer.prefixes)
        for p in topology.protected
    ):
        return False
    return any(
        packet.device in (None, attachment.device)
        and (not order.scope or attachment.device in topology.in_scope(order.scope))
        and attachment.interface in (packet.iif, packet.oif)
        and not _ours(attachment.device, attachment.interface, topology)
        for attachment in customer.attachments
        if attachment.interface
    )


def _meet(a: Network, b: Network) -> bool:
    return a.version == b.version and (
        _within(int(a.network_address), b.version, [b])
        or _within(int(b.network_address), a.version, [a])
    )


def _ours(device: str, name: str, topology: Topology) -> bool:
    """Whether we reach the device through the interface, or through a part of it."""
    box = topology.devices.get(device)
    if box is None:
        return False
    reached = {str(n.network_address) for n in box.addresses} | {box.transport.get("host")}
    return any(
        i.management or any(str(a.ip) in reached for a in i.addresses)
        for i in box.interfaces
        if i.name == name or i.name.startswith(f"{name}.")
    )


def _of_links(packet: Packet, device: str, customer: Customer | None, topology: Topology) -> bool:
    """Whether an end of `packet` is protected and lives on the links of `device` to `customer`."""
    box = topology.devices.get(device)
    if box is None or customer is None:
        return False
    doors = {a.interface for a in customer.attachments if a.device == device}
    links: list[Network] = [
        address.network for i in box.interfaces if i.name in doors for address in i.addresses
    ]
    links += [ip_network(n.address) for n in box.neighbors if n.behind == customer.name]
    return any(
        _within(end, packet.family, links) and _protected(end, packet.family, topology)
        for end in (packet.src, packet.dst)
    )


def _placed(order: Order, target: int, family: int, topology: Topology) -> set[str]:
    """Names of the devices that hold an order's rule about the address `target`."""
    if order.scope:
        return set(topology.in_scope(order.scope))
    at_owners = _owner_devices(target, family, topology)
    if at_owners is not None:
        return at_owners
    borders = {n for n, device in topology.devices.items() if "border" in device.roles}
    if isinstance(order.demand, BlockFlow):
        counterpart = _prefixes(order.demand.destination, topology)
    elif isinstance(order.demand, CutFeed):
        news = Selection(service_sets=(order.demand.news_servers,))
        counterpart = _prefixes(news, topology)
    else:
        return borders
    found = [
        _owner_devices(point, family, topology)
        for prefix in counterpart
        if prefix.version == family
        for point in _turning_points(prefix, topology)
    ]
    if not found or None in found:
        return borders
    return {name for names in found if names is not None for name in names}


def _owner_devices(address: int, family: int, topology: Topology) -> set[str] | None:
    """Where the owners of an address are attached, or None when nobody owns it."""
    around = [
        (prefix.prefixlen, customer)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if _within(address, family, [prefix])
    ]
    if not around:
        return None
    longest = max(length for length, _ in around)
    names: set[str] = set()
    for length, customer in around:
        if length == longest:
            names |= {a.device for a in customer.attachments} or {
                n for n, device in topology.devices.items() if "border" in device.roles
            }
    return names


def _turning_points(prefix: Network, topology: Topology) -> set[int]:
    """Addresses of `prefix` between which the owner never changes."""
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    edges = {
        edge
        for customer in topology.customers.values()
        for p in customer.prefixes
        for edge in (int(p.network_address), int(p.broadcast_address) + 1)
        if p.version == prefix.version and first <= edge <= last
    }
    return edges | {first}


_DOORS: Mapping[Key, Callable[[Packet], tuple[str, ...]]] = {
    Key.INPUT_INTERFACE: lambda packet: (packet.iif,),
    Key.OUTPUT_INTERFACE: lambda packet: (packet.oif,),
    Key.INTERFACE: lambda packet: (packet.iif, packet.oif),
}
"""Which interfaces of a packet are looked up; nothing passes one that is down."""


def rules_drop(packet: Packet, desired: Desired, at: datetime | None = None) -> bool:
    """Whether `desired`, standing on a device, drops `packet`.

    With `at`: as it does at that instant when every member vanishes at its own end.
    """
    now = -1 if at is None else int(at.timestamp() * 1000)
    for rule, members in desired.addresses.items():
        if not rule.by_route and _rule_applies(rule, packet):
            key = packet.src if rule.key is Key.SOURCE else packet.dst
            if any(first <= key <= last and end > now for first, last, end, _ in members.rows()):
                return True
    for rule, interfaces in desired.interfaces.items():
        if rule.key is Key.SESSION:
            continue
        names = _DOORS[rule.key](packet)
        if _rule_applies(rule, packet) and any(m.name in names and m.end > now for m in interfaces):
            return True
    return False


def _rule_applies(rule: Rule, packet: Packet) -> bool:
    """Everything about a rule but its key."""
    if rule.family not in (0, packet.family):
        return False
    service = rule.service
    if service is not None:
        sides = ((packet.sport, service.source_ports), (packet.dport, service.destination_ports))
        if packet.protocol != service.protocol or not all(
            ports is None or _port_in(port, *ports) for port, ports in sides
        ):
            return False
    other = packet.dst if rule.key is Key.SOURCE else packet.src
    if rule.peers is not None and not any(first <= other <= last for first, last in rule.peers):
        return False
    return not any(_exempts(exempt, packet) for exempt in rule.exempt)


def _exempts(exempt: Exempt, packet: Packet) -> bool:
    return (exempt.protocol in (None, packet.protocol)) and any(
        exempt.first <= address <= exempt.last
        and (exempt.ports is None or _port_in(port, *exempt.ports))
        for address, port in ((packet.src, packet.sport), (packet.dst, packet.dport))
    )


def packet(
    source: str,
    destination: str,
    protocol: int = 6,
    *,
    sport: int | None = None,
    dport: int | None = None,
    device: str | None = None,
) -> Packet:
    """A packet from addresses as text."""
    src, dst = ip_address(source), ip_address(destination)
    assert src.version == dst.version
    return Packet(src.version, int(src), int(dst), protocol, sport, dport, device=device)
