# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody should know of the BGP sessions of an order: what it cannot reach or keep."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from enforcer.core.collateral import listed
from enforcer.core.draft import Draft
from enforcer.core.orders import DEFAULT_VRF, DropRoutes, Scope, Sessions
from enforcer.core.session_checks import no_way_back, wanted_by, without_a_way_back
from enforcer.core.sessions import WITHOUT_BGP, BgpSession, means, of_device, sessions_of
from enforcer.core.topology import Device, Neighbor, Topology


def session_warnings(draft: Draft, topology: Topology) -> Iterator[str]:
    """About the sessions that `draft`, all of whose names are known, means."""
    wanted = wanted_by(draft)
    if wanted is None:
        return
    found = sessions_of(wanted, draft.scope, topology)
    yield from _out_of_reach(wanted, draft, topology)
    if lost := without_a_way_back(draft.demand, found, topology, everywhere=True):
        yield no_way_back(lost)
    if isinstance(draft.demand, DropRoutes) and found:
        yield from _uncarried(draft.demand, found)


def _out_of_reach(wanted: Sessions, draft: Draft, topology: Topology) -> Iterator[str]:
    """The sessions that are meant and that nothing of ours may shut or filter."""
    done = "filtered" if isinstance(draft.demand, DropRoutes) else "shut down"
    for name in _devices(draft.scope, topology):
        device = topology.devices[name]
        reached = {session.neighbor for session in of_device(device, topology)}
        for neighbor in device.neighbors:
            if neighbor in reached or not _meant(wanted, device, neighbor, topology):
                continue
            shown = neighbor.name or str(neighbor.address)
            yield f"the BGP session with {shown} on {name} is not {done}: {_why(device, neighbor)}"


def _devices(scope: Scope, topology: Topology) -> Collection[str]:
    return topology.in_scope(scope) if scope else sorted(topology.devices)


def _meant(wanted: Sessions, device: Device, neighbor: Neighbor, topology: Topology) -> bool:
    behind = neighbor.behind if neighbor.behind in topology.customers else ""
    attached = (
        customer.name
        for customer in topology.customers.values()
        for place in customer.attachments
        if (place.device, place.neighbor) == (device.name, str(neighbor.address))
    )
    session = BgpSession(device.name, neighbor, next(attached, behind))
    return means(wanted, session) if wanted else session.outside


def _why(device: Device, neighbor: Neighbor) -> str:
    if device.platform in WITHOUT_BGP:
        return (
            f"a {device.platform} device speaks no BGP; state the daemon there as a device of its"
            " own"
        )
    if not device.bgp:
        return "the inventory says `bgp: false` of the device"
    if neighbor.vrf != DEFAULT_VRF:
        return f"it is in the VRF {neighbor.vrf}"
    return "the inventory leaves it to others"


def _uncarried(demand: DropRoutes, found: Collection[BgpSession]) -> Iterator[str]:
    """Listed prefixes of a family that some or all of the sessions do not carry."""
    for family in (4, 6):
        count = sum(prefix.version == family for prefix in demand.prefixes)
        without = [s.address for s in found if family not in s.families]
        if not count or not without or demand.choice != "listed":
            continue
        words = f"{count:,} IPv{family} prefix" + ("es" if count != 1 else "")
        if len(without) == len(found):
            yield (
                f"no session of this order carries IPv{family} routes: {words} of it reject"
                " nothing; state `families` of the neighbor in the inventory if it does"
            )
        else:
            yield (
                f"{listed(without)} {'carry' if len(without) > 1 else 'carries'} no IPv{family}"
                f" routes: {words} of the order reject nothing there"
            )
