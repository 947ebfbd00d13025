# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose an address is, who shares it, and what of it is protected: for people."""

from __future__ import annotations

from collections.abc import Iterable

from enforcer.core.intervals import ends_of
from enforcer.core.orders import Network
from enforcer.core.topology import Topology

_NAMED = 10


def overlapping(prefixes: Iterable[Network], asked: Network) -> bool:
    """Whether one of `prefixes` overlaps `asked`."""
    return any(p.version == asked.version and p.overlaps(asked) for p in prefixes)


def protected_in(topology: Topology, asked: Network) -> list[str]:
    """Protected space in or around `asked`, with the reason of each."""
    return [
        f"{p.prefix}: {p.reason}" for p in topology.protected if overlapping((p.prefix,), asked)
    ]


def customer_of(topology: Topology, asked: Network) -> str | None:
    """Whose `asked` is: the names of all who own a part of it by the longest prefix, sorted."""
    owned = [
        (prefix, customer.name)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if overlapping((prefix,), asked)
    ]
    seen = {prefix for prefix, _ in owned} - _hidden({p for p, _ in owned}, asked)
    names = sorted({name for prefix, name in owned if prefix in seen})
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED])
    return f"{text} and {more} more" if more > 0 else text or None


def _hidden(prefixes: Iterable[Network], asked: Network) -> set[Network]:
    """Those of some prefixes in or around `asked` of which longer ones leave nothing there."""
    hidden: set[Network] = set()
    around: list[Network] = []
    left: dict[Network, int] = {}
    for prefix in sorted(prefixes, key=lambda p: (ends_of(p)[0], p.prefixlen)):
        size = 1 << prefix.max_prefixlen - max(prefix.prefixlen, asked.prefixlen)
        while around and ends_of(around[-1])[1] < ends_of(prefix)[0]:
            around.pop()
        if around:
            left[around[-1]] -= size
            if not left[around[-1]]:
                hidden.add(around[-1])
        around.append(prefix)
        left[prefix] = size
    return hidden


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
