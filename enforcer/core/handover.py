# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that another customer owns after a change of the inventory than before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np

from enforcer.core.addresses import search
from enforcer.core.intervals import Ranges, cover, inside, merge, outside, rows_of
from enforcer.core.orders import BlockAddress, BlockFlow, BlockPort, Network, Order
from enforcer.core.placement import FAMILIES
from enforcer.core.rules import Members
from enforcer.core.topology import Topology


@dataclass(frozen=True, slots=True)
class Handover:
    """Addresses `first`..`last` (integers, inclusive); `was` None: nobody's before."""

    family: int
    first: int
    last: int
    was: str | None
    now: str

    def overlaps(self, prefix: Network) -> bool:
        """Whether `prefix` has any of these addresses."""
        if prefix.version != self.family:
            return False
        first, last = int(prefix.network_address), int(prefix.broadcast_address)
        return first <= self.last and self.first <= last


def named_addresses(order: Order) -> tuple[Network, ...]:
    """The addresses that an order's target names by themselves, not through a customer."""
    match order.demand:
        case BlockAddress(prefix=prefix):
            return (prefix,)
        case BlockPort(target=target):
            return target.prefixes
        case BlockFlow(source=source):
            return source.prefixes
    return ()


def handovers(before: Topology, after: Topology, within: Iterable[Network]) -> list[Handover]:
    """The part of `within` that has an owner in `after`, and another one or none in `before`.

    The longest prefix owns.
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
    old, old_names = _owners(before, family)
    new, new_names = _owners(after, family)
    seen = inside(Ranges(new.first, new.last), merge(rows_of(wanted)))
    owner = new.order[seen.source]
    standing = Ranges(old.first, old.last)
    both = inside(seen.ranges, standing)
    previous = old.order[search(old.first, both.ranges.first, "right") - 1]
    for (first, last), was, now in zip(
        both.ranges.pairs(), previous, owner[both.source], strict=True
    ):
        if old_names[was] != new_names[now]:
            yield Handover(family, first, last, old_names[was], new_names[now])
    fresh = outside(seen.ranges, merge(standing))
    for (first, last), now in zip(fresh.ranges.pairs(), owner[fresh.source], strict=True):
        yield Handover(family, first, last, None, new_names[now])


def _owners(topology: Topology, family: int) -> tuple[Members, list[str]]:
    """Disjoint ranges whose `order` is an index into the names."""
    names = sorted(topology.customers)
    owned = [
        (prefix, at)
        for at, name in enumerate(names)
        for prefix in topology.customers[name].prefixes
        if prefix.version == family
    ]
    rows = rows_of(prefix for prefix, _ in owned)
    length = np.array([prefix.prefixlen for prefix, _ in owned], np.int64)
    return cover(rows.first, rows.last, length, np.array([at for _, at in owned], np.int64)), names
