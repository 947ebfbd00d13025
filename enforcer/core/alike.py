# SPDX-License-Identifier: GPL-2.0-or-later
"""Which addresses nothing tells apart.

Whatever is stated about addresses, an inventory or what devices can hold, cuts the address space
at the ends of the prefixes that it names. Two prefixes of one length that lie between the same
two cuts overlap the same statements in the same way: what is true of one is true of the other.
So of a swarm of orders one is judged, and the others are like it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_interface,
)
from itertools import product

from enforcer.core.intervals import Ranges, ends_of
from enforcer.core.orders import Network
from enforcer.core.placement import FAMILIES
from enforcer.core.special_purpose import DOCUMENTATION, NEVER

Place = tuple[int, int, int]
"""Family, length, and between which cuts."""


_ADDRESSES = IPv4Address | IPv4Interface | IPv4Network | IPv6Address | IPv6Interface | IPv6Network
_Cut = tuple[int, int]
"""Family, and an address at which something begins to be different."""


@dataclass(frozen=True, slots=True)
class Terrain:
    """`cuts`: per family, ascending, the addresses at which something begins to be different."""

    cuts: Mapping[int, list[int]]

    @staticmethod
    def of(*stated: object) -> Terrain:
        """By every address and prefix that is said anywhere in `stated`, and what is nobody's."""
        found = set(_cuts((*stated, NEVER, DOCUMENTATION)))
        return Terrain({f: sorted(at for family, at in found if family == f) for f in FAMILIES})

    def place(self, prefix: Network) -> Place | None:
        """Where `prefix` lies; None: something cuts it, so it is like no other one."""
        first, last = ends_of(prefix)
        cuts = self.cuts[prefix.version]
        at = bisect_right(cuts, first)
        if at < len(cuts) and cuts[at] <= last:
            return None
        return prefix.version, prefix.prefixlen, at


def _cuts(value: object) -> Iterator[_Cut]:
    """What every address and prefix in a value cuts, however deep it is in there."""
    if isinstance(value, _ADDRESSES | Ranges | str | bytes | Enum):
        yield from _own(value)
    elif isinstance(value, Mapping):
        yield from _each((*value.keys(), *value.values()))
    elif isinstance(value, Iterable):
        yield from _each(value)
    elif is_dataclass(value) and not isinstance(value, type):
        yield from _each(getattr(value, field.name) for field in fields(value))


def _each(values: Iterable[object]) -> Iterator[_Cut]:
    for value in values:
        yield from _cuts(value)


def _own(value: object) -> Iterator[_Cut]:
    match value:
        case IPv4Interface() | IPv6Interface():
            yield from _cuts(value.network)
            yield from ((value.version, int(value.ip)), (value.version, int(value.ip) + 1))
        case IPv4Network() | IPv6Network():
            first, last = ends_of(value)
            yield from ((value.version, first), (value.version, last + 1))
        case IPv4Address() | IPv6Address():
            yield from ((value.version, int(value)), (value.version, int(value) + 1))
        case Ranges():
            # They do not say of which family they are.
            for (first, last), family in product(value.pairs(), FAMILIES):
                yield from ((family, first), (family, last + 1))
        case str() if not isinstance(value, Enum):
            yield from _written(value)


def _written(text: str) -> Iterator[_Cut]:
    """A prefix or address in words, as a transport may have it."""
    if "." in text or ":" in text:
        try:
            yield from _cuts(ip_interface(text))
        except ValueError:
            return
