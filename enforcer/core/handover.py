# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that another customer or tenant has after a change of the inventory than before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from enforcer.core.addresses import search
from enforcer.core.intervals import Ranges, cover, inside, merge, outside, rows_of
from enforcer.core.orders import Blackhole, BlockAddress, BlockFlow, BlockPort, Network, Order
from enforcer.core.placement import FAMILIES
from enforcer.core.rules import Members
from enforcer.core.topology import Topology


@dataclass(frozen=True, slots=True)
class Handover:
    """Addresses `first`..`last` (integers, inclusive); `was` None: nobody's before.

    `fresh`: nobody used them before, or nobody but the customer whose new tenant uses them.
    """

    family: int
    first: int
    last: int
    was: str | None
    now: str
    fresh: bool

    def overlaps(self, prefix: Network) -> bool:
        """Whether `prefix` has any of these addresses."""
        if prefix.version != self.family:
            return False
        first, last = int(prefix.network_address), int(prefix.broadcast_address)
        return first <= self.last and self.first <= last

    def meets(self, other: Handover) -> bool:
        """Whether both are about some of the same addresses."""
        return self.family == other.family and self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class _Owner:
    """A customer, or one of its tenants."""

    customer: str
    tenant: str = ""

    def __str__(self) -> str:
        return f"{self.tenant} (tenant of {self.customer})" if self.tenant else self.customer


def named_addresses(order: Order) -> tuple[Network, ...]:
    """The addresses that an order's target names by themselves, not through a customer."""
    match order.demand:
        case BlockAddress(prefix=prefix) | Blackhole(prefix=prefix):
            return (prefix,)
        case BlockPort(target=target):
            return target.prefixes
        case BlockFlow(source=source):
            return source.prefixes
    return ()


def handovers(before: Topology, after: Topology, within: Iterable[Network]) -> list[Handover]:
    """The part of `within` that has an owner in `after`, and another one or none in `before`.

    The longest prefix owns; within a customer's prefixes its tenants do. What a tenant gives
    back to its customer is not handed over.
    """
    wanted = tuple(within)
    families = [(f, [p for p in wanted if p.version == f]) for f in FAMILIES]
    return [
        *chain.from_iterable(
            _in_family(family, before, after, some) for family, some in families if some
        )
    ]


def _in_family(
    family: int, before: Topology, after: Topology, wanted: list[Network]
) -> Iterable[Handover]:
    old, old_owners = _owners(before, family)
    new, new_owners = _owners(after, family)
    seen = inside(Ranges(new.first, new.last), merge(rows_of(wanted)))
    owner = new.order[seen.source]
    standing = Ranges(old.first, old.last)
    both = inside(seen.ranges, standing)
    previous = old.order[search(old.first, both.ranges.first, "right") - 1]
    for (first, last), at, to in zip(
        both.ranges.pairs(), previous, owner[both.source], strict=True
    ):
        was, now = old_owners[at], new_owners[to]
        if was != now and now != _Owner(was.customer):
            fresh = was == _Owner(now.customer)
            yield Handover(family, first, last, str(was), str(now), fresh)
    unused = outside(seen.ranges, merge(standing))
    for (first, last), to in zip(unused.ranges.pairs(), owner[unused.source], strict=True):
        yield Handover(family, first, last, None, str(new_owners[to]), fresh=True)


def _owners(topology: Topology, family: int) -> tuple[Members, list[_Owner]]:
    """Disjoint ranges whose `order` is an index into the owners."""
    owners: list[_Owner] = []
    owned: list[tuple[Network, int, int]] = []
    for name, customer in sorted(topology.customers.items()):
        users = [(_Owner(name), customer.prefixes)]
        users += [(_Owner(name, tenant.name), tenant.prefixes) for tenant in customer.tenants]
        for owner, prefixes in users:
            rank = 1 if owner.tenant else 0  # of the same prefix the tenant is the user
            owned += [(p, 2 * p.prefixlen + rank, len(owners)) for p in prefixes]
            owners.append(owner)
    owned = [row for row in owned if row[0].version == family]
    rows = rows_of(prefix for prefix, _, _ in owned)
    weight = np.array([weight for _, weight, _ in owned], np.int64)
    order = np.array([at for _, _, at in owned], np.int64)
    return cover(rows.first, rows.last, weight, order), owners
