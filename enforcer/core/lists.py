# SPDX-License-Identifier: GPL-2.0-or-later
"""The content of a named block list, columnar: lists reach millions of entries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enforcer.core.intervals import Ranges, ordered
from enforcer.core.rules import Addresses

SHRINK_LIMIT = 0.2
"""A list that loses more than this part of itself at once is more likely broken."""


@dataclass(frozen=True, eq=False, slots=True)
class ListContent:
    """One immutable version of a list: inclusive ranges per family, shape (N, 2), any order."""

    version: int
    v4_first: Addresses
    v4_last: Addresses
    v6_first: Addresses
    v6_last: Addresses

    def __len__(self) -> int:
        return len(self.v4_first) + len(self.v6_first)

    def ranges(self, family: int) -> Ranges:
        """The entries of one family, as they stand in the columns."""
        if family == 4:
            return Ranges(self.v4_first, self.v4_last)
        return Ranges(self.v6_first, self.v6_last)

    def same_as(self, other: ListContent) -> bool:
        """Whether the entries are the same, sorted by their first address; versions aside."""
        both = ((ordered(self.ranges(f)), ordered(other.ranges(f))) for f in (4, 6))
        return all(
            np.array_equal(mine.first, theirs.first) and np.array_equal(mine.last, theirs.last)
            for mine, theirs in both
        )


def content_of(v4: Ranges, v6: Ranges, version: int = 0) -> ListContent:
    """From the ranges of both families."""
    return ListContent(version, v4.first, v4.last, v6.first, v6.last)


def shrinks(before: int, after: int) -> bool:
    """Whether what is left of `before`, entries or addresses, needs a person's confirmation."""
    return after < before * (1 - SHRINK_LIMIT)
