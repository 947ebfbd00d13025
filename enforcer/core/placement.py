# SPDX-License-Identifier: GPL-2.0-or-later
"""Which devices hold which part of an order's target.

A part inside a customer's prefixes belongs to the customer with the longest matching prefix
and goes where that customer is attached; the rest goes to every border. So does the part of
a customer without attachments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from enforcer.core.intervals import (
    Ranges,
    Runs,
    cover,
    inside,
    merge,
    outside,
    rows_of,
    subtract,
    union,
)
from enforcer.core.orders import Network
from enforcer.core.rules import Integers, Members
from enforcer.core.topology import Customer, Topology

FAMILIES = (4, 6)
Devices = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ownership:
    """Who owns which addresses: made once per topology, used for every order.

    `rows`: per family disjoint ranges whose `order` column is an index into `places`, the
    devices of their owner; `owned`: their addresses, canonical; `protected`: per family the
    space that no order may block, canonical.
    """

    borders: Devices
    places: tuple[Devices, ...]
    rows: Mapping[int, Members]
    owned: Mapping[int, Ranges]
    protected: Mapping[int, Ranges]

    @cached_property
    def _rows(self) -> Mapping[int, Runs]:
        return {family: Runs.of(rows) for family, rows in self.rows.items()}

    @cached_property
    def _protected(self) -> Mapping[int, Runs]:
        return {family: Runs.of(ranges) for family, ranges in self.protected.items()}

    def withheld_of(self, target: Ranges, family: int) -> tuple[Ranges, Ranges]:
        """(remaining, removed): what of `target` (canonical) is not protected, and what is."""
        if len(target) == 1:
            ((first, last),) = target.pairs()
            if not self._protected[family].met(first, last):
                return target, Ranges.none()
        return subtract(target, self.protected[family])

    def one_owner(self, target: Ranges, family: int) -> tuple[Devices, ...] | None:
        """The devices of the one owner of all of `target`; none: nobody owns any of it.

        None: it is several ranges, or not all of it is in one row; see `owners_in`.
        """
        if len(target) != 1:
            return None
        ((first, last),) = target.pairs()
        return self.owner_of(first, last, family)

    def is_free(self, first: int, last: int, family: int) -> bool:
        """Whether nothing in `first`..`last` is protected."""
        return not self._protected[family].met(first, last)

    def owner_of(self, first: int, last: int, family: int) -> tuple[Devices, ...] | None:
        """The devices of the one owner of all of `first`..`last`; as `one_owner`."""
        rows = self._rows[family]
        met = rows.met(first, last)
        if not met:
            return ()
        if not rows.around(met[0], first, last):
            return None
        return (self.places[int(self.rows[family].order[met[0]])],)

    def owners_in(self, ranges: Ranges, family: int) -> tuple[Ranges, Integers]:
        """The owned parts of `ranges` (canonical), and for each the index into `places`."""
        rows = self.rows[family]
        found = inside(Ranges(rows.first, rows.last), ranges)
        return found.ranges, rows.order[found.source]


def ownership(topology: Topology) -> Ownership:
    """Work out the owners of `topology`; the longest prefix wins, equal ones share."""
    borders, owners = topology.borders(), places_of(topology)
    places = tuple(sorted(set(owners.values())))
    index = {devices: at for at, devices in enumerate(places)}
    rows = {}
    for family in FAMILIES:
        prefixes = [p for p in owners if p.version == family]
        place = np.array([index[owners[p]] for p in prefixes], np.int64)
        length = np.array([p.prefixlen for p in prefixes], np.int64)
        ranges = rows_of(prefixes)
        rows[family] = cover(ranges.first, ranges.last, length, place)
    protected = {
        family: merge(rows_of(p.prefix for p in topology.protected if p.prefix.version == family))
        for family in FAMILIES
    }
    owned = {family: merge(Ranges(m.first, m.last)) for family, m in rows.items()}
    return Ownership(borders, places, rows, owned, protected)


def places_of(topology: Topology) -> dict[Network, Devices]:
    """Each customer's prefix and the devices, sorted, that hold what is about it alone.

    Of a customer without any that filters packets, or with none that stays: the borders.
    """
    borders, left_out = topology.borders(), topology.draining() | topology.only_routes()
    owners: defaultdict[Network, set[str]] = defaultdict(set)
    for customer in topology.customers.values():
        devices = set(attached(customer)) - left_out or set(borders)
        for prefix in customer.prefixes:
            owners[prefix] |= devices
    return {prefix: tuple(sorted(devices)) for prefix, devices in owners.items()}


def attached(customer: Customer) -> Devices:
    """Names of the devices that carry a customer's traffic, sorted: news sites do not."""
    return tuple(sorted({a.device for a in customer.attachments if not a.news_site}))


def place(
    target: Ranges, counterpart: Ranges | None, family: int, owners: Ownership
) -> dict[str, Ranges]:
    """The part of `target` (canonical) that each device holds, canonical.

    Parts without an owner follow the owners of `counterpart` where all of it is owned.
    """
    one = owners.one_owner(target, family)
    if one is not None:
        return dict.fromkeys(one[0] if one else _followed(counterpart, family, owners), target)
    parts: defaultdict[Devices, list[Ranges]] = defaultdict(list)
    found, index = owners.owners_in(target, family)
    for at in _occurring(index):
        parts[owners.places[at]].append(found.take(index == at))
    rest = outside(target, owners.owned[family]).ranges
    if len(rest):
        parts[_followed(counterpart, family, owners)].append(rest)
    return _by_device(parts)


def _followed(counterpart: Ranges | None, family: int, owners: Ownership) -> Devices:
    if counterpart is None or not len(counterpart):
        return owners.borders
    if len(outside(counterpart, owners.owned[family]).ranges):
        return owners.borders
    _, index = owners.owners_in(counterpart, family)
    places = (owners.places[at] for at in _occurring(index))
    return tuple(sorted({name for devices in places for name in devices}))


def _occurring(index: Integers) -> list[int]:
    """The values in `index`, none negative, ascending, each once.

    As numpy.unique, without loading numpy.ma for it, which takes longer than all the rest of
    placing an order.
    """
    found: list[int] = np.flatnonzero(np.bincount(index)).tolist()
    return found


def _by_device(parts: Mapping[Devices, list[Ranges]]) -> dict[str, Ranges]:
    """Turn devices -> parts into device -> part; devices with equal parts share columns."""
    wanted: defaultdict[str, list[Devices]] = defaultdict(list)
    for devices in parts:
        for name in devices:
            wanted[name].append(devices)
    merged: dict[tuple[Devices, ...], Ranges] = {}
    for groups in map(tuple, wanted.values()):
        if groups not in merged:
            merged[groups] = union(part for group in groups for part in parts[group])
    return {name: merged[tuple(groups)] for name, groups in sorted(wanted.items())}
