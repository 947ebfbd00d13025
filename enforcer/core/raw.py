# SPDX-License-Identifier: GPL-2.0-or-later
"""All rows that contribute to one rule on one device, before the cover decides.

Small contributions share one table; large ones (lists) are kept as they came, so that placing
one address beside a list of a million never copies the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from enforcer.core.columns import alike, end_to_end
from enforcer.core.contributions import Contribution
from enforcer.core.intervals import Ranges, inside, union
from enforcer.core.rules import Members

_LARGE = 4096


@dataclass(frozen=True, eq=False, slots=True)
class Raw:
    """`small` is in no order and may overlap in every way; `large` is by order number."""

    small: Members
    large: dict[int, Contribution]

    @staticmethod
    def none() -> Raw:
        """No contributing rows."""
        return Raw(Members.none(), {})

    def __len__(self) -> int:
        return len(self.small) + sum(map(len, self.large.values()))

    def without(self, orders: Collection[int]) -> Raw:
        """What is left without these orders."""
        if not orders:
            return self
        leaving = np.isin(self.small.order, list(orders))
        small = self.small.take(~leaving) if leaving.any() else self.small
        return Raw(small, {n: part for n, part in self.large.items() if n not in orders})

    def plus(self, parts: Iterable[Contribution]) -> Raw:
        """With these contributions too; their orders must not be in it yet."""
        came = list(parts)
        small = [part for part in came if len(part) < _LARGE]
        large = {part.order: part for part in came if len(part) >= _LARGE}
        return Raw(concatenate([self.small, together(small)]), self.large | large)

    def rows(self) -> Members:
        """All contributing rows, in no order."""
        return concatenate([self.small, *map(_rows, self.large.values())])

    def within(self, region: Ranges) -> Members:
        """All contributing rows, cut to `region` (canonical)."""
        large = [_within(part, region) for part in self.large.values()]
        return concatenate([clipped(self.small, region), *large])


def clipped(table: Members, region: Ranges) -> Members:
    """The rows of `table` cut to `region` (canonical); rows may be in any order."""
    pieces = inside(Ranges(table.first, table.last), region)
    source = pieces.source
    return Members(pieces.ranges.first, pieces.ranges.last, table.end[source], table.order[source])


def concatenate(tables: list[Members]) -> Members:
    """The rows of all tables, one after the other."""
    kept = [table for table in tables if len(table)]
    if len(kept) < 2:
        return kept[0] if kept else Members.none()
    return Members(
        end_to_end([t.first for t in kept]),
        end_to_end([t.last for t in kept]),
        end_to_end([t.end for t in kept]),
        end_to_end([t.order for t in kept]),
    )


def _rows(part: Contribution) -> Members:
    return _alike(Ranges(part.first, part.last), part)


def together(parts: Sequence[Contribution]) -> Members:
    """The rows of many parts, without a table for each."""
    if not parts:
        return Members.none()
    sizes = [len(part.first) for part in parts]
    ends = np.array([part.end for part in parts], np.int64)
    orders = np.array([part.order for part in parts], np.int64)
    return Members(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.repeat(ends, sizes),
        np.repeat(orders, sizes),
    )


def _within(part: Contribution, region: Ranges) -> Members:
    # Both are canonical, so the small region can be looked up in the large part.
    return _alike(inside(region, Ranges(part.first, part.last)).ranges, part)


def _alike(ranges: Ranges, part: Contribution) -> Members:
    size = len(ranges)
    return Members(ranges.first, ranges.last, alike(part.end, size), alike(part.order, size))


def region_of(parts: Iterable[Contribution]) -> Ranges:
    """All addresses of these contributions, canonical."""
    return union(Ranges(part.first, part.last) for part in parts)
