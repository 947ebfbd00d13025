# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders can touch an address at all: a sieve that lets some too many through, none too few.

It looks at the words that an order is found by (`order list --text`), not at the order: among
100,000 orders almost none has to do with one address, and reading an order costs far more.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from enforcer.core.intervals import Ranges, inside, rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockAddress, BlockList, DropRoutes, Network, ShutdownSession
from enforcer.core.topology import Attachment, Topology

_ADDRESS = BlockAddress.__dataclass_fields__["kind"].default
_LIST = BlockList.__dataclass_fields__["kind"].default
_NO_PACKETS = frozenset(
    kind.__dataclass_fields__["kind"].default for kind in (DropRoutes, ShutdownSession)
)
"""About routes and sessions: no packet is dropped by them."""
_BITS = {4: 32, 6: 128}
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}

ListOf = Callable[[str], ListContent | None]


def candidates(
    targets: Iterable[tuple[int, str, Sequence[str]]],
    asked: Network,
    names: Collection[str],
    list_of: ListOf,
) -> list[int]:
    """Numbers of the orders that can touch `asked`, ascending.

    `targets`: see `enforcer.storage.order_targets`; `names`: see `names_around`. `list_of` gives
    the content of a list.
    """
    overlaps = _overlap(asked)
    listed: dict[str, bool] = {}
    folded = frozenset(name.casefold() for name in names)
    found: list[int] = []
    for number, kind, lines in targets:
        if kind == _ADDRESS:
            hit = overlaps(lines[1])
        elif kind == _LIST:
            name = lines[1]
            if name not in listed:
                content = list_of(name)
                listed[name] = content is not None and has(content, asked)
            hit = listed[name]
        elif kind in _NO_PACKETS:
            hit = False
        else:
            hit = not folded.isdisjoint(lines) or any(map(overlaps, lines))
        if hit:
            found.append(number)
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


def _overlap(asked: Network) -> Callable[[str], bool]:
    """Whether a text is an address or prefix that overlaps `asked`; False for any other text."""
    bits, family = _BITS[asked.version], _FAMILIES[asked.version]
    mark = "." if asked.version == 4 else ":"
    own, value = asked.prefixlen, int(asked.network_address)

    def overlaps(text: str) -> bool:
        if mark not in text:
            return False
        address, _, length = text.partition("/")
        try:
            other = int.from_bytes(socket.inet_pton(family, address))
            shift = bits - min(own, int(length or bits))
        except (OSError, ValueError):
            return False
        return shift >= 0 and other >> shift == value >> shift

    return overlaps


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
