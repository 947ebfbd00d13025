# SPDX-License-Identifier: GPL-2.0-or-later
"""What two versions of a list do not share, by address: how entries are cut plays no part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from enforcer.core.intervals import Ranges, match, merge, size, subtract
from enforcer.core.lists import SHRINK_LIMIT, ListContent, shrinks
from enforcer.core.naming import ranges_text

_AT_ONCE = 1000
_PLAIN = 10**12
"""Numbers beyond are said in powers of ten."""


@dataclass(frozen=True, eq=False, slots=True)
class ListDifference:
    """Per family (4, 6) the addresses of the new version alone and of the old one alone.

    All canonical: sorted, disjoint, as long as possible. `had`: how many addresses of the family
    the old version has.
    """

    added: Mapping[int, Ranges]
    removed: Mapping[int, Ranges]
    had: Mapping[int, int]

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
    added, removed, had = {}, {}, {}
    for family in (4, 6):
        before = Ranges.none() if old is None else merge(old.ranges(family))
        had[family] = size(before)
        before, after = _apart(before, merge(new.ranges(family)))
        added[family] = subtract(after, before)[0]
        removed[family] = subtract(before, after)[0]
    return ListDifference(added, removed, had)


def _apart(before: Ranges, after: Ranges) -> tuple[Ranges, Ranges]:
    """Both (canonical) without the rows that they share: no other row overlaps those."""
    at = match(after, before)
    fresh, gone = at < 0, np.ones(len(before), np.bool_)
    gone[at[~fresh]] = False
    return before.take(gone), after.take(fresh)


def shrinkage(old: ListContent, new: ListContent, change: ListDifference) -> str | None:
    """What of `old` would be gone, where that needs a person's confirmation; None: it does not.

    `change` is their difference. Entries count, and of each family the addresses that are in
    both: neither a wide entry that goes nor one content in another's place hides behind
    other entries that came.
    """
    if shrinks(len(old), len(new)):
        return f"shrink from {len(old):,} to {len(new):,} entries"
    for family, gone in change.removed.items():
        lost, had = size(gone), change.had[family]
        if shrinks(had, had - lost):
            return f"lose {_counted(lost)} of its {_counted(had)} IPv{family} addresses"
    return None


def leaps(old: ListContent | None, change: ListDifference) -> dict[int, Ranges]:
    """What came, per family, where that is over 20 % of what the family had; else nothing.

    The mirror of `shrinkage`, for what comes by itself: a long list gains some every hour.
    """
    found = {}
    for family, added in change.added.items():
        had = 0 if old is None else size(merge(old.ranges(family)))
        leapt = size(added) > had * SHRINK_LIMIT
        found[family] = added if leapt else Ranges.none()
    return found


def _counted(addresses: int) -> str:
    return f"{addresses:,}" if addresses < _PLAIN else f"{float(addresses):.3g}"


def texts(ranges: Mapping[int, Ranges], limit: int) -> list[str]:
    """The first `limit` ranges as CIDR blocks or first-last, IPv4 first."""
    every = chain.from_iterable(_texts(family, part) for family, part in ranges.items())
    return [text for text, _ in zip(every, range(max(0, limit)), strict=False)]


def _texts(family: int, ranges: Ranges) -> Iterator[str]:
    for start in range(0, len(ranges), _AT_ONCE):
        some = Ranges(ranges.first[start : start + _AT_ONCE], ranges.last[start : start + _AT_ONCE])
        for first, last in some.pairs():
            yield ranges_text(family, first, last)
