# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an order that a person places because of a report is about what was reported."""

from __future__ import annotations

from enforcer.core.draft import counterpart_of, target_of
from enforcer.core.orders import BlockList, Demand, DropRoutes, Selection, ShutdownSession
from enforcer.core.prefixes import parse_network
from enforcer.core.selection import networks_of
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import Topology
from enforcer.storage.reports import StoredReport


def is_about(demand: Demand, report: StoredReport, topology: Topology) -> bool:
    """Whether `demand` touches the report's target, or nobody can say: lists and BGP sessions
    that are not a customer's, and reports that name no address."""
    if report.target is None or isinstance(demand, BlockList):
        return True
    target = parse_network(report.target)
    touched = networks_of(target_of(demand), topology)
    touched += networks_of(counterpart_of(demand) or Selection(), topology)
    if isinstance(demand, DropRoutes):
        touched += demand.prefixes
    if isinstance(demand, DropRoutes | ShutdownSession) and not touched:
        return True
    return any(n.version == target.version and overlap(n, target) for n in touched)
