# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a blackhole: whether it can work, and whose traffic it takes."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from enforcer.core.collateral import listed
from enforcer.core.draft import Draft, Refusal, did_you_mean
from enforcer.core.edges import edge_interfaces
from enforcer.core.intervals import rows_of, subtract
from enforcer.core.orders import Blackhole, Direction, Network
from enforcer.core.prefixes import format_network
from enforcer.core.route_contributions import speakers
from enforcer.core.sessions import of_device
from enforcer.core.topology import ROLE_BORDER, ROLE_RTBH, Device, Leaving, Topology


def blackhole(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    """Codes no-rtbh-speaker, unknown-upstream, blackhole-from-only, source-blackhole-needs-urpf,
    foreign-destination, too-wide (more than one address)."""
    demand = draft.demand
    if not isinstance(demand, Blackhole):
        return
    yield from _spoken(draft, demand, topology)
    yield from _source(demand, topology)
    if demand.prefix.prefixlen:
        yield from _destination(draft, demand, topology)


def _spoken(draft: Draft, demand: Blackhole, topology: Topology) -> Iterator[Refusal]:
    names = speakers(draft.scope, topology)
    able = {n: b for n in names if (b := topology.devices[n].blackholing) is not None}
    if not able:
        where = " in the scope" if draft.scope else ""
        message = f"no device{where} announces blackholes: give one the role rtbh"
        if names:
            message = f"{listed(names)} has the role rtbh and does not say how it announces"
        yield Refusal("no-rtbh-speaker", f"{message}, and state its `rtbh` in the inventory")
    for name, found in able.items():
        for wanted in dict.fromkeys(demand.exports):
            if wanted not in found.upstreams:
                known = sorted(found.upstreams)
                hint = did_you_mean(wanted, known)
                said = f" (known: {listed(known)})" if known and not hint else ""
                yield Refusal(
                    "unknown-upstream",
                    f"{name} knows no upstream '{wanted}' that takes blackholes{hint}{said}: state"
                    " its community under `rtbh.upstreams`, or leave it out",
                )


def _source(demand: Blackhole, topology: Topology) -> Iterator[Refusal]:
    if demand.direction is Direction.FROM:
        yield Refusal(
            "blackhole-from-only",
            "a blackhole always drops what goes to the prefix: ask for both directions, or block"
            " the address where packets are filtered",
        )
    elif demand.direction is Direction.BOTH:
        without = sorted(d.name for d in topology.devices.values() if _lets_in(d, topology))
        if without:
            word = "do" if len(without) > 1 else "does"
            yield Refusal(
                "source-blackhole-needs-urpf",
                f"packets from the prefix are dropped only where every edge checks their source"
                f" loosely, and {listed(without)} {word} not say so: set loose uRPF there and state"
                " `urpf: loose`, or blackhole the destination alone",
            )


def _lets_in(device: Device, topology: Topology) -> bool:
    """Whether packets enter the network at `device` and their source is not checked."""
    if device.leaving is Leaving.DRAINING or device.urpf == "loose" or ROLE_RTBH in device.roles:
        return False
    outside = any(session.outside for session in of_device(device, topology))
    return ROLE_BORDER in device.roles or bool(edge_interfaces(device)) or outside


def _destination(draft: Draft, demand: Blackhole, topology: Topology) -> Iterator[Refusal]:
    prefix = demand.prefix
    shown = format_network(prefix)
    if prefix.prefixlen < prefix.max_prefixlen and not draft.confirm_wide:
        yield Refusal(
            "too-wide",
            f"{shown} is more than one address: blackhole the address that is meant, or confirm"
            " it (--confirm-wide)",
            confirmable=True,
        )
    if draft.confirm_foreign:
        return
    own = rows_of(n for n in own_space(topology) if n.version == prefix.version)
    if len(subtract(rows_of((prefix,)), own)[0]):
        yield Refusal(
            "foreign-destination",
            f"{shown} is not all in the network's own or a customer's space: what our customers"
            " send there would be lost; name an own address, or confirm it (--confirm-foreign)",
            confirmable=True,
        )


def own_space(topology: Topology) -> Iterator[Network]:
    """What the inventory knows as ours or a customer's."""
    for customer in topology.customers.values():
        yield from customer.prefixes
    for shared in topology.shared:
        yield from shared.prefixes
    for pool in topology.pools:
        yield from pool.prefixes
    for device in topology.devices.values():
        yield from device.addresses
        for interface in device.interfaces:
            yield from (ip_network(address.ip) for address in interface.addresses)
