# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders are about, as keys of an index: an address finds its orders without a scan.

Prefixes nest: what overlaps an asked prefix is a prefix around it, of which there are at most
as many as an address has bits, or one inside it, and those are neighbours in the index. So a
question is a few exact keys and one run of keys, however many orders there are.

A key is bytes, which both databases compare alike: the family (4 or 6), the network's address
and its length; or a letter and a name in UTF-8. The migration that made the index has keys of
its own making: who changes this writes another one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    Network,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)

LISTS = b"l"
_NAMES = b"n"
_FAMILY = {4: b"\x04", 6: b"\x06"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """`exact`: keys; `low`..`high`: a run of keys, both included."""

    exact: tuple[bytes, ...]
    low: bytes
    high: bytes

    def has(self, key: bytes) -> bool:
        """Whether a key is one of them."""
        return self.low <= key <= self.high or key in self.exact


def keys_of(demand: Demand) -> frozenset[bytes]:
    """Where an order with this demand is found; none for those that drop no packet."""
    match demand:
        case BlockAddress() | Blackhole():
            return frozenset((_prefix_key(demand.prefix),))
        case BlockPort():
            return frozenset(_selected(demand.target))
        case BlockFlow():
            return frozenset((*_selected(demand.source), *_selected(demand.destination)))
        case BlockList():
            return frozenset((LISTS + demand.list_name.encode(),))
        case SuspendCustomer():
            return frozenset((_name_key(demand.customer),))
        case CutFeed():
            return frozenset(map(_name_key, (demand.customer, demand.news_servers)))
        case DropRoutes() | ShutdownSession():
            return frozenset()


def wanted(asked: Network, names: Collection[str]) -> Wanted:
    """The keys of all orders about a prefix that overlaps `asked`, or about one of `names`."""
    low = asked.network_address.packed
    high = asked.broadcast_address.packed
    family = _FAMILY[asked.version]
    around = (_around(asked, length) for length in range(asked.prefixlen))
    exact = (*around, *map(_name_key, names))
    return Wanted(exact, family + low + bytes((asked.prefixlen,)), family + high + b"\xff")


def _around(asked: Network, length: int) -> bytes:
    """The key of the prefix of this length that `asked` is in."""
    size = asked.max_prefixlen
    first = int(asked.network_address) >> (size - length) << (size - length)
    return _FAMILY[asked.version] + first.to_bytes(size // 8) + bytes((length,))


def _selected(selection: Selection) -> Iterator[bytes]:
    yield from map(_prefix_key, selection.prefixes)
    yield from map(_name_key, selection.customers)
    yield from map(_name_key, selection.service_sets)


def _prefix_key(prefix: Network) -> bytes:
    return _FAMILY[prefix.version] + prefix.network_address.packed + bytes((prefix.prefixlen,))


def _name_key(name: str) -> bytes:
    return _NAMES + name.encode()
