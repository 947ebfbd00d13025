# SPDX-License-Identifier: GPL-2.0-or-later
"""Which BGP sessions an order means, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enforcer.core.orders import DEFAULT_VRF, Scope, Sessions
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Device, Neighbor, Topology

CLOSED = Rule(0, Key.SESSION)
"""The rule whose members are the neighbors whose sessions are shut down."""
WITHOUT_BGP = frozenset({"nftables", "inn"})
"""Platforms that have no BGP sessions of their own: a daemon there is a device of its own."""
MAX_ASN = 2**32 - 1
"""RFC 6793."""
_INSIDE = frozenset({"", "core", "infrastructure"})


@dataclass(frozen=True, slots=True)
class BgpSession:
    """One session of `device`. `customer`: the name of the customer that it is with, or ""."""

    device: str
    neighbor: Neighbor
    customer: str = ""

    @property
    def address(self) -> str:
        """The neighbor's address as rules and devices write it."""
        return str(self.neighbor.address)

    @property
    def families(self) -> tuple[int, ...]:
        """Of which families it carries routes: as stated, else of its address alone."""
        return self.neighbor.families or (self.neighbor.address.version,)

    @property
    def outside(self) -> bool:
        """Whether the other end is not our own network."""
        return bool(self.customer) or self.neighbor.behind not in _INSIDE


def sessions_of(wanted: Sessions, scope: Scope, topology: Topology) -> tuple[BgpSession, ...]:
    """The sessions that `wanted` names on the devices of `scope`, by device and address.

    An empty `wanted` names every session with the outside. Sessions of a device whose `bgp` is
    not its own to filter, and of one that is being retired, are left out.
    """
    found = (
        session
        for name in topology.in_scope(scope)
        for session in of_device(topology.devices[name], topology)
    )
    kept = (s for s in found if (means(wanted, s) if wanted else s.outside))
    return tuple(sorted(kept, key=lambda s: (s.device, s.neighbor.address.version, s.address)))


def of_device(device: Device, topology: Topology) -> Iterator[BgpSession]:
    """All sessions that `device` has and may filter; those in a VRF of their own are left out."""
    if not device.bgp or device.platform in WITHOUT_BGP:
        return
    attached = {
        place.neighbor: customer.name
        for customer in topology.customers.values()
        for place in customer.attachments
        if place.device == device.name and place.neighbor
    }
    for neighbor in device.neighbors:
        if neighbor.vrf != DEFAULT_VRF:
            continue
        behind = neighbor.behind if neighbor.behind in topology.customers else ""
        yield BgpSession(device.name, neighbor, attached.get(str(neighbor.address), behind))


def with_customer(customer: str, scope: Scope, topology: Topology) -> tuple[BgpSession, ...]:
    """The sessions with one customer."""
    return sessions_of(Sessions(customers=(customer,)), scope, topology)


def means(wanted: Sessions, session: BgpSession) -> bool:
    """Whether `wanted`, which is not empty, names `session`."""
    return (
        session.customer in wanted.customers
        or (session.neighbor.asn != 0 and session.neighbor.asn in wanted.asns)
        or session.neighbor.address in wanted.neighbors
    )
