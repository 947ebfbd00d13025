# SPDX-License-Identifier: GPL-2.0-or-later
"""What is never ordered, whoever asks: refusals with stable codes.

All but over-capacity, which depends on what is desired already, are found by `check`.

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
protected                           the target touches protected space, or covers it
family-mismatch                     the two ends have no address family in common
bad-protocol                        not a protocol number
bad-port-range                      not a port range
protocol-without-ports-given-ports  ports for a protocol that has none
flow-needs-protocol-for-ports       a flow with ports and without a protocol
protocol-missing                    a port block without a protocol
ports-missing                       a port block without ports, for a protocol that has them
suspension-needs-exceptions         a suspension that would cut emergency calls and resolvers
end-missing                         neither an end nor an open end was asked for
end-and-open-ended                  both were
end-in-past                         the end is not after now
end-too-far                         the end is more than 36500 days away
end-before-start                    the end is not after the start
vrf-unsupported                     no device declares the VRF
no-attachment                       a suspension by interface, but no interface is known
shared-interface                    a suspension by interface would cut another customer
no-device-in-scope                  no device would hold it
unsupported-on-device               a device that would hold it cannot
over-capacity                       a device would have to hold more than it can
=================================== ==========================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from enforcer.core import demand_checks, placement_checks
from enforcer.core.draft import Draft, Known, Refusal
from enforcer.core.plan import Capability
from enforcer.core.topology import Topology

__all__ = ["Draft", "Known", "Refusal", "check"]


def check(
    draft: Draft,
    topology: Topology,
    known: Known,
    now: datetime,
    capabilities: Mapping[str, Capability] | None = None,
) -> tuple[Refusal, ...]:
    """Everything that speaks against `draft`; empty: it may become an order.

    Devices that `capabilities` does not tell about are taken to be able. Where a name is
    unknown or the demand makes no sense by itself, its devices are not judged.
    """
    demand = draft.demand
    unknown = tuple(demand_checks.names(draft, topology, known))
    alone = (*demand_checks.service(demand), *demand_checks.time(draft, now))
    if unknown:
        return (*unknown, *alone)
    target = tuple(demand_checks.target(demand, topology))
    suspension = tuple(demand_checks.suspension(demand, topology))
    able = capabilities or {}
    if any(r.code in _UNPLACEABLE for r in (*target, *alone)):
        placement = tuple(placement_checks.vrf(draft, (), able))
    else:
        placement = tuple(placement_checks.placement(draft, topology, able))
    return (*target, *alone, *suspension, *placement)


_UNPLACEABLE = {
    "empty-target",
    "family-mismatch",
    "bad-protocol",
    "bad-port-range",
    "protocol-without-ports-given-ports",
}
