# SPDX-License-Identifier: GPL-2.0-or-later
"""What a selection means under a topology: addresses, services, exceptions.

A name that the inventory does not know selects nothing: a customer who left is no longer
blocked. `unresolved` names such names, so that nobody takes silence for success.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.orders import Network, PortRange, Selection
from enforcer.core.rules import Exempt, Service
from enforcer.core.services import WITH_PORTS, join_ports
from enforcer.core.topology import ServiceEntry, Topology

ICMP = 1
ICMPV6 = 58
Ports = tuple[int, int]


def protocol_in(family: int, protocol: int) -> int | None:
    """The protocol number as packets of `family` carry it; None: they never do.

    ICMP (1) stands for the ICMP of either family; ICMPv6 (58) exists in IPv6 alone.
    """
    if protocol == ICMP:
        return ICMP if family == 4 else ICMPV6
    if protocol == ICMPV6 and family == 4:
        return None
    return protocol


def services(
    protocols: Iterable[int], ports: Iterable[PortRange], family: int
) -> tuple[Service | None, ...]:
    """What `protocols` to destination `ports` means in `family`.

    Neither: one None, any packet. Ports alone: all protocols that have ports. Protocols
    without ports match no port, so together with ports they yield nothing.
    """
    named, ranges = tuple(protocols), join_ports(ports)
    if not named and not ranges:
        return (None,)
    numbers = {protocol_in(family, p) for p in named or WITH_PORTS}
    known = sorted(n for n in numbers if n is not None)
    if not ranges:
        return tuple(Service(n) for n in known)
    with_ports = [n for n in known if n in WITH_PORTS]
    return tuple(Service(n, None, (r.first, r.last)) for n in with_ports for r in ranges)


def entries_of(selection: Selection, topology: Topology) -> Iterator[ServiceEntry]:
    """All parts of a selection: plain prefixes first, then the service sets' entries."""
    plain: list[Network] = list(selection.prefixes)
    for name in selection.customers:
        customer = topology.customers.get(name)
        plain.extend(customer.prefixes if customer else ())
    yield ServiceEntry(tuple(plain))
    for name in selection.service_sets:
        service_set = topology.service_sets.get(name)
        yield from service_set.entries if service_set else ()


def networks_of(selection: Selection, topology: Topology) -> list[Network]:
    """All prefixes of a selection, as stated."""
    return [prefix for entry in entries_of(selection, topology) for prefix in entry.prefixes]


def ranges_in(prefixes: Iterable[Network], family: int) -> Ranges:
    """The prefixes of one family, canonical."""
    return merge(rows_of(p for p in prefixes if p.version == family))


def ranges_of(selection: Selection, topology: Topology, family: int) -> Ranges:
    """All addresses of a selection in one family, canonical; services play no part."""
    parts = entries_of(selection, topology)
    return ranges_in((prefix for entry in parts for prefix in entry.prefixes), family)


def service_parts(
    selection: Selection, topology: Topology, family: int
) -> dict[Service | None, Ranges]:
    """The addresses of a selection by the service that they offer; None: any packet."""
    prefixes: defaultdict[Service | None, list[Network]] = defaultdict(list)
    for entry in entries_of(selection, topology):
        protocols = () if entry.protocol is None else (entry.protocol,)
        for service in services(protocols, entry.ports, family):
            prefixes[service].extend(entry.prefixes)
    parts = {service: ranges_in(found, family) for service, found in prefixes.items()}
    return {service: ranges for service, ranges in parts.items() if len(ranges)}


def exempt_of(
    selection: Selection, topology: Topology, family: int, also: Iterable[Network] = ()
) -> tuple[Exempt, ...]:
    """The exceptions of an order in one family: merged per (protocol, ports), sorted.

    `also`: networks that are excepted whatever runs there.
    """
    prefixes: defaultdict[tuple[int | None, Ports | None], list[Network]] = defaultdict(list)
    prefixes[None, None].extend(also)
    if not selection and not prefixes[None, None]:
        return ()
    for entry in entries_of(selection, topology):
        protocol = None if entry.protocol is None else protocol_in(family, entry.protocol)
        if entry.protocol is not None and protocol is None:
            continue
        for ports in join_ports(entry.ports) or (None,):
            pair = None if ports is None else (ports.first, ports.last)
            prefixes[protocol, pair].extend(entry.prefixes)
    exempt = [
        Exempt(first, last, protocol, ports)
        for (protocol, ports), found in prefixes.items()
        for first, last in ranges_in(found, family).pairs()
    ]
    return tuple(sorted(exempt, key=_exempt_key))


def _exempt_key(exempt: Exempt) -> tuple[int, Ports, int]:
    protocol = -1 if exempt.protocol is None else exempt.protocol
    return protocol, exempt.ports or (-1, -1), exempt.first


def unresolved(selection: Selection, topology: Topology) -> tuple[str, ...]:
    """Names in `selection` that the inventory does not know, as a person would say them."""
    customers = [f"customer {n}" for n in selection.customers if n not in topology.customers]
    sets = [f"service set {n}" for n in selection.service_sets if n not in topology.service_sets]
    return (*customers, *sets)
