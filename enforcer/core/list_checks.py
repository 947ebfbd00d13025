# SPDX-License-Identifier: GPL-2.0-or-later
"""Which entries of a list are not a third party's: protected, our own, our customers'.

An entry inside protected space is rejected; of one that only overlaps some, compiling
withholds that part. An entry that shares an address with our own or a customer's space is
rejected: what comes from there is a complaint about a customer, to be dealt with by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enforcer.core.addresses import Flags, Indices, before, search
from enforcer.core.intervals import Ranges, cover, merge, rows_of
from enforcer.core.naming import ranges_text
from enforcer.core.orders import Network
from enforcer.core.rules import Members
from enforcer.core.special_purpose import DOCUMENTATION
from enforcer.core.topology import Topology

PROTECTED = "protected"
OWN = "own-space"
DOCUMENTATION_SPACE = "documentation"
WITHHELD = "withheld"

_FAMILIES = (4, 6)
_KEPT = 0
_CODES = ("", PROTECTED, OWN, DOCUMENTATION_SPACE)


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """Addresses of one family and whose they are.

    `region`: canonical; `rows`: the same addresses, disjoint, whose `order` is an index into
    `says`: of several prefixes around an address the longest one speaks.
    """

    region: Ranges
    rows: Members
    says: tuple[str, ...]

    def overlapped(self, ranges: Ranges) -> tuple[Flags, Flags]:
        """For each range: whether it shares an address with this space; whether all of them."""
        low = search(self.region.last, ranges.first, "left")
        high = search(self.region.first, ranges.last, "right")
        shares = high > low
        inside = shares.copy()
        some = np.flatnonzero(shares)
        at = low[some]
        inside[some] = ~(
            before(ranges.first[some], self.region.first[at])
            | before(self.region.last[at], ranges.last[some])
        )
        return shares, inside

    def said(self, ranges: Ranges) -> list[str]:
        """For each range, which overlaps this space, whose the first part of that is."""
        at = search(self.rows.last, ranges.first, "left")
        return [self.says[index] for index in self.rows.order[at].tolist()]


@dataclass(frozen=True, eq=False, slots=True)
class Grounds:
    """What entries are measured by, per family; made once per topology."""

    protected: Mapping[int, Space]
    own: Mapping[int, Space]
    documentation: Mapping[int, Space]


def grounds(topology: Topology) -> Grounds:
    """Worked out from the inventory."""
    protected = [(p.prefix, f"{p.prefix} ({p.reason})") for p in topology.protected]
    documentation = [] if topology.documentation_space else DOCUMENTATION
    return Grounds(
        _spaces(protected),
        _spaces(_own(topology)),
        _spaces((prefix, f"{prefix} ({why})") for prefix, why in documentation),
    )


def _own(topology: Topology) -> Iterator[tuple[Network, str]]:
    for whose, prefixes in _owners(topology):
        for prefix in prefixes:
            yield prefix, f"{whose} {prefix}"


def _owners(topology: Topology) -> Iterator[tuple[str, tuple[Network, ...]]]:
    """Tenants last: of equal prefixes the customer, whom we know, is named."""
    customers = topology.customers.values()
    for customer in customers:
        yield f"customer {customer.name}'s", customer.prefixes
    for pool in topology.pools:
        yield f"the dynamic pool {pool.name}'s", pool.prefixes
    for shared in topology.shared:
        yield f"the shared space {shared.name}'s", shared.prefixes
    for device in topology.devices.values():
        yield f"{device.name}'s translated addresses", device.nat
    for customer in customers:
        for tenant in customer.tenants:
            yield f"customer {customer.name}'s tenant {tenant.name}'s", tenant.prefixes


def _spaces(stated: Iterable[tuple[Network, str]]) -> dict[int, Space]:
    kept = list(stated)
    return {family: _space([s for s in kept if s[0].version == family]) for family in _FAMILIES}


def _space(stated: list[tuple[Network, str]]) -> Space:
    ranges = rows_of(prefix for prefix, _ in stated)
    length = np.array([prefix.prefixlen for prefix, _ in stated], np.int64)
    rows = cover(ranges.first, ranges.last, length, np.arange(len(stated)))
    return Space(merge(ranges), rows, tuple(said for _, said in stated))


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What becomes of each of `ranges`, entries of one family, row by row.

    `kept`: may be enforced. `withheld`: of those, the ones of which a part is protected.
    """

    family: int
    ranges: Ranges
    kept: Flags
    withheld: Flags
    _code: NDArray[np.int8]
    _grounds: Grounds

    def counts(self) -> dict[str, int]:
        """How many entries were rejected, by stable code."""
        found = np.bincount(self._code, minlength=len(_CODES)).tolist()
        return {_CODES[n]: count for n, count in enumerate(found) if n != _KEPT and count}

    def reasons(self, rows: Indices) -> list[tuple[str, str]]:
        """For each of `rows`, none of them kept without withholding: stable code and why."""
        some = self.ranges.take(rows)
        said = {
            PROTECTED: self._said(some, self._grounds.protected, self._code[rows] == 1),
            OWN: self._said(some, self._grounds.own, self._code[rows] == 2),
            DOCUMENTATION_SPACE: self._said(
                some, self._grounds.documentation, self._code[rows] == 3
            ),
            WITHHELD: self._said(some, self._grounds.protected, self._code[rows] == _KEPT),
        }
        codes = [_CODES[number] or WITHHELD for number in self._code[rows].tolist()]
        turns = {code: iter(texts) for code, texts in said.items()}
        return [(code, _REASONS[code].format(next(turns[code]))) for code in codes]

    def _said(self, ranges: Ranges, spaces: Mapping[int, Space], which: Flags) -> list[str]:
        return spaces[self.family].said(ranges.take(which)) if which.any() else []

    def texts(self, rows: Indices) -> list[str]:
        """Each of `rows` as people write it."""
        pairs = self.ranges.take(rows).pairs()
        return [ranges_text(self.family, first, last) for first, last in pairs]


_REASONS = {
    PROTECTED: "is inside {}, which is protected",
    OWN: "has addresses of {}: that is a complaint about our own, not a third party;"
    " block it by an order of its own",
    DOCUMENTATION_SPACE: "touches {}, which nobody uses",
    WITHHELD: "overlaps {}, which is protected: that part is withheld",
}


def judge(family: int, ranges: Ranges, by: Grounds) -> Judged:
    """Look at the entries of one family; any sequence, nested or not."""
    code = np.zeros(len(ranges), np.int8)
    documented, _ = by.documentation[family].overlapped(ranges)
    code[documented] = 3
    owned, _ = by.own[family].overlapped(ranges)
    code[owned] = 2
    shares, inside = by.protected[family].overlapped(ranges)
    code[inside] = 1
    kept = code == _KEPT
    return Judged(family, ranges, kept, kept & shares, code, by)
