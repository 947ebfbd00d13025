# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose an address is, who shares it, and what of it is protected: for people."""

from __future__ import annotations

from collections.abc import Iterable

from enforcer.core.orders import Network
from enforcer.core.topology import Topology


def overlapping(prefixes: Iterable[Network], asked: Network) -> bool:
    """Whether one of `prefixes` overlaps `asked`."""
    return any(p.version == asked.version and p.overlaps(asked) for p in prefixes)


def protected_in(topology: Topology, asked: Network) -> list[str]:
    """Protected space in or around `asked`, with the reason of each."""
    return [
        f"{p.prefix}: {p.reason}" for p in topology.protected if overlapping((p.prefix,), asked)
    ]


def customer_of(topology: Topology, asked: Network) -> str | None:
    """The customer with the longest prefix that overlaps `asked`."""
    owners = [
        (prefix.prefixlen, customer.name)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if overlapping((prefix,), asked)
    ]
    return max(owners)[1] if owners else None


def tenants_in(topology: Topology, asked: Network) -> list[str]:
    """Customers of customers with addresses there: ``name, a tenant of customer``."""
    return [
        f"{tenant.name}, a tenant of {customer.name}"
        for _, customer in sorted(topology.customers.items())
        for tenant in customer.tenants
        if overlapping(tenant.prefixes, asked)
    ]


def shared_in(topology: Topology, asked: Network) -> list[str]:
    """Shared space there, and who uses it as far as anybody can say."""
    found = []
    for space in topology.shared:
        if overlapping(space.prefixes, asked):
            users = ", ".join(space.users) or "nobody can say who uses it"
            found.append(f"{space.name} ({space.kind}): {users}")
    return found
