# SPDX-License-Identifier: GPL-2.0-or-later
"""What two versions of a list do not share, by address: how entries are cut plays no part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from enforcer.core.intervals import Ranges, subtract
from enforcer.core.lists import ListContent
from enforcer.core.naming import ranges_text

_AT_ONCE = 1000


@dataclass(frozen=True, eq=False, slots=True)
class ListDifference:
    """Per family (4, 6) the addresses of the new version alone and of the old one alone.

    All canonical: sorted, disjoint, as long as possible.
    """

    added: Mapping[int, Ranges]
    removed: Mapping[int, Ranges]

    @property
    def added_total(self) -> int:
        """How many ranges were added."""
        return sum(map(len, self.added.values()))

    @property
    def removed_total(self) -> int:
        """How many ranges were removed."""
        return sum(map(len, self.removed.values()))


def difference(old: ListContent | None, new: ListContent) -> ListDifference:
    """From `old` (None: nothing) to `new`."""
    added, removed = {}, {}
    for family in (4, 6):
        before = Ranges.none() if old is None else old.ranges(family)
        after = new.ranges(family)
        added[family] = subtract(after, before)[0]
        removed[family] = subtract(before, after)[0]
    return ListDifference(added, removed)


def texts(ranges: Mapping[int, Ranges], limit: int) -> list[str]:
    """The first `limit` ranges as CIDR blocks or first-last, IPv4 first."""
    every = chain.from_iterable(_texts(family, part) for family, part in ranges.items())
    return [text for text, _ in zip(every, range(max(0, limit)), strict=False)]


def _texts(family: int, ranges: Ranges) -> Iterator[str]:
    for start in range(0, len(ranges), _AT_ONCE):
        some = Ranges(ranges.first[start : start + _AT_ONCE], ranges.last[start : start + _AT_ONCE])
        for first, last in some.pairs():
            yield ranges_text(family, first, last)
