# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders can touch an address at all: a sieve that lets some too many through, none too few.

It looks into the index of what orders are about, not at the orders: among 100,000 almost none has
to do with one address, and whatever is done for each of them is too much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from enforcer.core.intervals import Ranges, inside, rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import Network
from enforcer.core.topology import Attachment, Topology

ListOf = Callable[[str], ListContent | None]


class Targets(Protocol):
    """The index, see `enforcer.storage.order_targets`."""

    def about(self, asked: Network, names: Collection[str]) -> Collection[int]:
        """Numbers of the orders about a prefix around or in `asked`, or about one of `names`."""
        ...

    def by_list(self) -> Mapping[str, Sequence[int]]:
        """By the name of a list the numbers of the orders that block it."""
        ...

    def alive(self, numbers: Collection[int], after: datetime, until: datetime) -> list[int]:
        """Those of `numbers` made by `until` that had not ended by `after`, ascending."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Orders made by `until` that had not ended by `after`."""

    after: datetime
    until: datetime


def candidates(
    targets: Targets, asked: Network, names: Collection[str], list_of: ListOf, span: Span
) -> list[int]:
    """Numbers of the orders of a time that can touch `asked`, ascending.

    `names`: see `names_around`. `list_of` gives the entries of a list around `asked`.
    """
    found = targets.alive(targets.about(asked, names), span.after, span.until)
    for name, numbers in targets.by_list().items():
        alive = targets.alive(numbers, span.after, span.until)
        if alive:
            content = list_of(name)
            found += alive if content is not None and has(content, asked) else ()
    return sorted(found)


def names_around(topology: Topology, asked: Network, behind: frozenset[Attachment]) -> set[str]:
    """Customers and service sets with addresses in `asked` or around it, or attached there."""
    return {*_customers(topology, asked, behind), *_service_sets(topology, asked)}


def _customers(topology: Topology, asked: Network, behind: frozenset[Attachment]) -> Iterator[str]:
    for name, customer in topology.customers.items():
        if behind.intersection(customer.attachments) or _any(customer.prefixes, asked):
            yield name


def _service_sets(topology: Topology, asked: Network) -> Iterator[str]:
    for name, service_set in topology.service_sets.items():
        if any(_any(entry.prefixes, asked) for entry in service_set.entries):
            yield name


def _any(prefixes: Collection[Network], asked: Network) -> bool:
    return any(p.version == asked.version and p.overlaps(asked) for p in prefixes)


def has(content: ListContent, asked: Network) -> bool:
    """Whether a list has an entry that overlaps `asked`."""
    return bool(len(near(content, asked).ranges(asked.version)))


def near(content: ListContent, asked: Network) -> ListContent:
    """The entries of a list that overlap `asked`, as they stand; no others."""
    rows = content.ranges(asked.version)
    kept = rows.take(inside(rows, rows_of((asked,))).source)
    none = Ranges.none()
    v4, v6 = (kept, none) if asked.version == 4 else (none, kept)
    return ListContent(content.version, v4.first, v4.last, v6.first, v6.last)
