# SPDX-License-Identifier: GPL-2.0-or-later
"""The content of a named block list, columnar: lists reach millions of entries."""

from __future__ import annotations

from dataclasses import dataclass

from enforcer.core.intervals import Ranges
from enforcer.core.rules import Addresses


@dataclass(frozen=True, eq=False, slots=True)
class ListContent:
    """One immutable version of a list: inclusive ranges per family, shape (N, 2), any order."""

    version: int
    v4_first: Addresses
    v4_last: Addresses
    v6_first: Addresses
    v6_last: Addresses

    def ranges(self, family: int) -> Ranges:
        """The entries of one family, as they stand in the columns."""
        if family == 4:
            return Ranges(self.v4_first, self.v4_last)
        return Ranges(self.v6_first, self.v6_last)
