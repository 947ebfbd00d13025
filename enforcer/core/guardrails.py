# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not ordered, whoever asks: refusals with stable codes.

What a draft says by itself, and under the inventory, is found by `check`; what depends on the
moment (pauses, what its source has done) by `admission`, inside the transaction that stores the
order; over-capacity by compiling what is desired already. Where the issuer may know better, the
refusal is confirmable.

=================================== ==========================================================
code                                refused because
=================================== ==========================================================
unknown-customer                    no customer of that name
unknown-service-set                 no service set of that name
unknown-list                        no block list of that name
unknown-device                      the scope names a device, role or site that nothing has
empty-target                        an end of the flow has no addresses
default-route                       the target is the whole Internet
special-purpose                     the target touches multicast, loopback, link-local,
                                    unspecified or (outside of labs) documentation space
protected                           a prefix of the target lies in protected space, or touches
                                    it without a confirmation; or nothing of the target would
                                    be left
too-wide                            a prefix of the target is wider than its source may order
                                    without a confirmation, a blackhole than one address, or
                                    anything than /8 (IPv4) or /16 (IPv6)
collateral                          others than the target are hit, without a confirmation
family-mismatch                     the two ends have no address family in common
bad-protocol                        not a protocol number
bad-port-range                      not a port range
protocol-without-ports-given-ports  ports for a protocol that has none
flow-needs-protocol-for-ports       a flow with ports and without a protocol
protocol-missing                    a port block without a protocol
ports-missing                       a port block without ports, for a protocol that has them
suspension-needs-exceptions         a suspension that would cut emergency calls and resolvers
shutdown-spares-nothing             a suspension by shutdown with exceptions
nothing-can-be-kept                 a blackhole, or a session to be shut down, with exceptions
no-rtbh-speaker                     a blackhole, but no device announces any
unknown-upstream                    a blackhole is to be exported to an upstream that no community
                                    is stated for
blackhole-from-only                 a blackhole of what comes from a prefix alone
source-blackhole-needs-urpf         a blackhole both ways, but an edge does not declare loose uRPF
foreign-destination                 a blackhole of a destination that is neither ours nor a
                                    customer's, without a confirmation
sessions-missing                    neither BGP sessions nor a scope are named
no-session                          no BGP session with what is named is known, or may be filtered
internal-session                    a session inside our own network would be shut down, and is not
                                    named by its address, or not confirmed
upstream-session                    a session with an upstream or peer would be shut down, without a
                                    confirmation
exceptions-need-routes              a suspension would shut down the session that the customer's
                                    routes come from, and what is kept alive would find no way back
                                    to him, without a confirmation
no-routes                           no route could be rejected: none is named, or none of that
                                    family or length
bad-routes                          numbers or conditions that mean nothing for routes
too-many-routes                     more prefixes than one order may name
nothing-registered                  all but the registered routes are to be rejected, and nothing is
                                    registered, without a confirmation
loses-all-routes                    all routes of a BGP neighbor would be rejected, without a
                                    confirmation
loses-default-route                 the default route would be rejected, without a confirmation
loses-protected-route               routes to protected space would be rejected, without a
                                    confirmation
routes-unread                       a router cannot tell the routes that would be rejected, or that
                                    a session brings, without a confirmation
end-missing                         neither an end nor an open end was asked for
end-and-open-ended                  both were
end-in-past                         the end is not after now
end-too-far                         the end is more than 36500 days away
end-before-start                    the end is not after the start
too-long-for-source                 longer than the source may order for
dynamic-pool                        longer than an address of a dynamic pool stays with one
                                    customer
vrf-unsupported                     no device declares the VRF
no-attachment                       a suspension by interface or by shutdown, but no interface is
                                    known
shared-interface                    a suspension by interface or by shutdown would cut somebody
                                    else
carries-management                  a suspension by shutdown would cut our own way to the device, or
                                    a session over that link would be shut down unconfirmed
no-device-in-scope                  no device would hold it
unsupported-on-device               a device that would hold it cannot
over-capacity                       a device would have to hold more than it can
source-stopped                      the kill switch of its source was pulled
frozen                              enforcement is frozen, and the order would start now
paused                              enforcement is paused, or each device that would hold it is,
                                    and the order would start now
too-many-active                     its source has as many orders in force or to come as it may
too-fast                            its source placed as many within a minute as it may
owner-changed                       a later end for an order whose target got another owner
                                    meanwhile
key-reused                          the idempotency key belongs to an order that asks for
                                    something else
=================================== ==========================================================

What a detector's token may ask for at most is in `machine_checks`; what waits for a second person
although nothing of this speaks against it, in `four_eyes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from enforcer.core import (
    blackhole_checks,
    demand_checks,
    placement_checks,
    route_checks,
    session_checks,
    target_checks,
)
from enforcer.core.draft import Draft, Ground, Known, Refusal, target_of
from enforcer.core.plan import Capability
from enforcer.core.source_limits import Traffic, admission, length, limits_of
from enforcer.core.topology import Topology

__all__ = [
    "Draft",
    "Ground",
    "Known",
    "Refusal",
    "Traffic",
    "admission",
    "check",
    "lasting",
    "limits_of",
]


def check(
    draft: Draft,
    topology: Topology,
    known: Known,
    now: datetime,
    capabilities: Mapping[str, Capability] | None = None,
) -> tuple[Refusal, ...]:
    """Everything that speaks against `draft`, whenever it is placed; empty: nothing does.

    Devices that `capabilities` does not tell about are taken to be able. Where a name is
    unknown or the demand makes no sense by itself, its devices are not judged.
    """
    demand = draft.demand
    unknown = tuple(demand_checks.names(draft, topology, known))
    alone = (*demand_checks.service(demand), *demand_checks.time(draft, now))
    alone += tuple(_lasting(draft, topology))
    if unknown:
        return (*unknown, *alone)
    ground = known.ground or Ground.of(topology)
    target = tuple(target_checks.target(draft, topology, known, ground))
    target += tuple(blackhole_checks.blackhole(draft, topology))
    sessions = tuple(session_checks.sessions(draft, topology))
    if not any(r.code in _UNPLACEABLE for r in sessions):
        sessions += tuple(route_checks.routes(draft, topology))
    target += sessions
    suspension = tuple(demand_checks.suspension(demand, topology))
    able = capabilities or {}
    if any(r.code in _UNPLACEABLE for r in (*target, *alone)):
        placement = tuple(placement_checks.vrf(draft, (), able))
    else:
        placement = tuple(placement_checks.placement(draft, topology, able, ground.owners))
    return (*target, *alone, *suspension, *placement)


def _lasting(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    """Codes too-long-for-source, dynamic-pool, of a draft that says how long it is to last."""
    if draft.end is None and not draft.open_ended:
        return
    yield from lasting(draft, topology)


def lasting(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    """Codes too-long-for-source, dynamic-pool; `end` None is an open end.

    Also for an order that is to be extended: its start stays, the source is who asks now.
    """
    limits = limits_of(topology, draft.source)
    yield from length(limits, draft.source, draft.start, draft.end)
    yield from target_checks.pools(target_of(draft.demand), topology, draft.start, draft.end)


_UNPLACEABLE = {
    "empty-target",
    "family-mismatch",
    "bad-protocol",
    "bad-port-range",
    "protocol-without-ports-given-ports",
    "no-rtbh-speaker",
    "sessions-missing",
    "no-session",
    "no-routes",
    "bad-routes",
    "nothing-registered",
    "too-many-routes",
}
