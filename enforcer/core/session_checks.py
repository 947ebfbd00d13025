# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the BGP sessions that an order means, and of what shutting them down would cut."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from enforcer.core.collateral import listed
from enforcer.core.draft import Draft, Refusal, did_you_mean
from enforcer.core.edges import carries_management
from enforcer.core.orders import Demand, DropRoutes, Sessions, ShutdownSession, SuspendCustomer
from enforcer.core.sessions import BgpSession, means, of_device, sessions_of
from enforcer.core.topology import Device, Topology

_CONFIRM = "or confirm it (--confirm-routes)"


def wanted_by(draft: Draft) -> Sessions | None:
    """The sessions that a draft is about; None: it is about packets."""
    match draft.demand:
        case DropRoutes() | ShutdownSession() as demand:
            return demand.sessions
        case SuspendCustomer(by="shutdown"):
            return None
        case SuspendCustomer() as demand:
            return Sessions(customers=(demand.customer,))
        case _:
            return None


def sessions(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    """Codes sessions-missing, no-session, and of what is shut down internal-session,
    upstream-session, carries-management, exceptions-need-routes. All names in the draft are
    known. A suspension whose packets are dropped needs no session."""
    wanted = wanted_by(draft)
    if wanted is None:
        return
    if not wanted and not draft.scope:
        yield Refusal(
            "sessions-missing",
            "name the customers, AS numbers or neighbors whose BGP sessions are meant; all with"
            " the outside of some devices are meant where a scope names those devices",
        )
        return
    found = sessions_of(wanted, draft.scope, topology)
    packets = isinstance(draft.demand, SuspendCustomer) and draft.demand.by != "session"
    missing = () if packets else tuple(_missing(wanted, found, draft, topology))
    yield from missing
    if not missing and not isinstance(draft.demand, DropRoutes):
        yield from _shut(wanted, found, draft, topology)
    if not draft.confirm_routes and (lost := without_a_way_back(draft.demand, found, topology)):
        yield Refusal(
            "exceptions-need-routes",
            f"{no_way_back(lost)}: attach the customer by interface there where his prefixes are"
            f" routed without the session, {_CONFIRM}",
            confirmable=True,
        )


def without_a_way_back(
    demand: Demand, shut: Iterable[BgpSession], topology: Topology, everywhere: bool = False
) -> tuple[BgpSession, ...]:
    """Those of the sessions `shut` by a suspension with exceptions whose end leaves no route back.

    The customer's prefixes leave the routing table with the session, so that what answers to
    what is kept alive finds no way to him. Where he is attached by an interface of the same
    device, his prefixes are taken to be routed there without it; `everywhere`: there too.
    """
    if not isinstance(demand, SuspendCustomer) or not demand.exceptions:
        return ()
    if demand.by in ("shutdown", "session"):
        return ()
    customer = topology.customers[demand.customer]
    routed = {place.device for place in customer.attachments if place.interface}
    return tuple(session for session in shut if everywhere or session.device not in routed)


def no_way_back(shut: Iterable[BgpSession]) -> str:
    """What is said of sessions `without_a_way_back`."""
    return (
        f"with {listed([_shown(s) for s in shut])} shut down the customer's routes are gone, and"
        " nothing of what is kept alive (resolvers, walled garden, emergency calls) finds back to"
        " him, unless his prefixes are routed there without BGP"
    )


def _missing(
    wanted: Sessions, found: Collection[BgpSession], draft: Draft, topology: Topology
) -> Iterator[Refusal]:
    """Code no-session, for everything that is named and has none."""
    where = " in the scope" if draft.scope else ""
    if not wanted and not found:
        yield Refusal("no-session", "no device in the scope has a BGP session with the outside")
    for one in _single(wanted):
        if not any(means(one, session) for session in found):
            yield Refusal(
                "no-session",
                f"no BGP session with {_name(one)}{where}{_why(one, draft, topology)}",
            )


def _single(wanted: Sessions) -> Iterator[Sessions]:
    yield from (Sessions(customers=(name,)) for name in wanted.customers)
    yield from (Sessions(asns=(asn,)) for asn in wanted.asns)
    yield from (Sessions(neighbors=(address,)) for address in wanted.neighbors)


def _name(one: Sessions) -> str:
    return ", ".join((*one.customers, *(f"AS{n}" for n in one.asns), *map(str, one.neighbors)))


def _why(one: Sessions, draft: Draft, topology: Topology) -> str:
    """What is known instead: the session elsewhere, or where it cannot be filtered."""
    everywhere = [s for d in topology.devices.values() for s in of_device(d, topology)]
    elsewhere = sorted({s.device for s in everywhere if means(one, s)})
    if elsewhere:
        leaving = [name for name in elsewhere if name in topology.draining()]
        if leaving == elsewhere:
            return f": {listed(leaving)} with it is being retired"
        return f": it is on {listed(elsewhere)}; widen the scope"
    if unfiltered := sorted(_unfiltered(one, topology)):
        return (
            f": {listed(unfiltered)} has one that is not filtered there (in a VRF, or `bgp: false`)"
        )
    if one.neighbors:
        known = [s.address for s in everywhere]
    elif one.asns:
        known = [f"AS{s.neighbor.asn}" for s in everywhere if s.neighbor.asn]
    else:
        known = [s.customer for s in everywhere if s.customer]
    known = sorted(set(known))
    hint = did_you_mean(_name(one), known)
    said = f" (known: {listed(known)})" if known and not hint else ""
    return f": state the neighbor in the inventory{hint}{said}"


def _unfiltered(one: Sessions, topology: Topology) -> Iterator[str]:
    for device in topology.devices.values():
        for neighbor in device.neighbors:
            customer = neighbor.behind if neighbor.behind in topology.customers else ""
            if means(one, BgpSession(device.name, neighbor, customer)):
                yield device.name


def _shut(
    wanted: Sessions, found: Collection[BgpSession], draft: Draft, topology: Topology
) -> Iterator[Refusal]:
    for session in found:
        yield from _inside(wanted, session, draft)
    if draft.confirm_routes:
        return
    upstream = [_shown(s) for s in found if s.outside and not s.customer]
    if upstream:
        yield Refusal(
            "upstream-session",
            f"{listed(upstream)} is with an upstream or peer, and its routes would be lost:"
            f" name the sessions that are meant, {_CONFIRM}",
            confirmable=True,
        )
    for name in sorted({s.device for s in found}):
        closed = [s for s in found if s.device == name]
        if way := _way_lost(topology.devices[name], closed):
            yield Refusal(
                "carries-management",
                f"{way}, and may be lost: leave that session up, {_CONFIRM}",
                confirmable=True,
            )


def _inside(wanted: Sessions, session: BgpSession, draft: Draft) -> Iterator[Refusal]:
    if session.outside:
        return
    what = (
        f"{_shown(session)} is a session inside our own network, or with a neighbor of which the"
        " inventory does not say who is behind it"
    )
    if session.neighbor.address not in wanted.neighbors:
        yield Refusal("internal-session", f"{what}: name it by its address if it is really meant")
    elif not draft.confirm_routes:
        message = f"{what}: state that in the inventory, {_CONFIRM}"
        yield Refusal("internal-session", message, confirmable=True)


def _shown(session: BgpSession) -> str:
    return f"{session.neighbor.name or session.address} on {session.device}"


def _way_lost(device: Device, closed: Iterable[BgpSession]) -> str:
    """How we reach `device`, if over the link to a neighbor that it would no longer talk to.

    Where a routed address is our way, the session that announces it is with an upstream or
    inside our network, which is asked about anyway.
    """
    gone = sorted({session.neighbor.address for session in closed}, key=str)
    for interface in device.interfaces:
        if carries_management(device, interface):
            for link in interface.addresses:
                for address in gone:
                    if address in link.network:
                        return f"{device.name} is reached over the link to {address}"
    return ""
