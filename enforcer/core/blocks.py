# SPDX-License-Identifier: GPL-2.0-or-later
"""A big table of members kept in blocks, so that changing a few rows copies only their block.

Copying the columns of a million rows takes longer than everything else about one order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from enforcer.core.addresses import to_integers
from enforcer.core.rules import Addresses, Integers, Members

BLOCK = 4096
"""Rows of a block, about; one that grows to twice as many is cut."""


class Blocks(Members):
    """Members like any other; whole columns are made when somebody asks for one, and kept."""

    __slots__ = ("_firsts", "_lasts", "_parts", "_size", "_whole")

    _parts: tuple[Members, ...]
    _size: int
    _firsts: Sequence[int]
    _lasts: Sequence[int]
    _whole: Members | None

    def __init__(
        self, parts: Sequence[Members], firsts: Sequence[int] = (), lasts: Sequence[int] = ()
    ) -> None:
        """`parts`: none empty, in order, disjoint. `firsts`, `lasts`: of each, where known."""
        self._set("_parts", tuple(parts))
        self._set("_size", sum(map(len, parts)))
        self._set("_whole", None)
        self._set("_firsts", firsts or _firsts(parts))
        self._set("_lasts", lasts or _lasts(parts))

    @classmethod
    def of(cls, members: Members, rows: int = BLOCK) -> Blocks:
        """`members` in blocks of so many rows; columns are shared, not copied."""
        if isinstance(members, Blocks):
            return members
        return cls(_cut(members, rows))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return self._size

    @property
    def blocks(self) -> tuple[Members, ...]:
        """All of them, in order."""
        return self._parts

    def around(self, first: int, last: int) -> tuple[int, int]:
        """The run of blocks that `first`..`last` touches, a neighbour where it touches none."""
        low, high = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        if low < high:
            return low, high
        return (low - 1, low) if low else (low, min(low + 1, len(self._parts)))

    def part(self, low: int, high: int) -> Members:
        """The rows of blocks `low`..`high` - 1."""
        return joined(self._parts[low:high])

    def changed(self, low: int, high: int, rows: Members, block: int = BLOCK) -> Members:
        """With `rows` in place of blocks `low`..`high` - 1."""
        fresh = [rows] if len(rows) <= 2 * block else _cut(rows, block)
        fresh = [part for part in fresh if len(part)]
        parts = (*self._parts[:low], *fresh, *self._parts[high:])
        firsts = [*self._firsts[:low], *_firsts(fresh), *self._firsts[high:]]
        lasts = [*self._lasts[:low], *_lasts(fresh), *self._lasts[high:]]
        return Blocks(parts, firsts, lasts) if parts else Members.none()

    def _columns(self) -> Members:
        whole = self._whole
        if whole is None:
            whole = joined(self._parts)
            edges = np.cumsum([0, *map(len, self._parts)]).tolist()
            # The blocks are of these columns from now on: nothing is there twice.
            parts = tuple(_slice(whole, *edge) for edge in pairwise(edges))
            self._set("_parts", parts)
            self._set("_whole", whole)
        return whole

    @property
    def first(self) -> Addresses:
        """See `Members`."""
        return self._columns().first

    @property
    def last(self) -> Addresses:
        """See `Members`."""
        return self._columns().last

    @property
    def end(self) -> Integers:
        """See `Members`."""
        return self._columns().end

    @property
    def order(self) -> Integers:
        """See `Members`."""
        return self._columns().order


def joined(parts: Iterable[Members]) -> Members:
    """The rows of all, one after the other."""
    kept = [part for part in parts if len(part)]
    if len(kept) < 2:
        return kept[0] if kept else Members.none()
    return Members(
        np.concatenate([p.first for p in kept]),
        np.concatenate([p.last for p in kept]),
        np.concatenate([p.end for p in kept]),
        np.concatenate([p.order for p in kept]),
    )


def _firsts(parts: Iterable[Members]) -> list[int]:
    return [value for part in parts for value in to_integers(part.first[:1])]


def _lasts(parts: Iterable[Members]) -> list[int]:
    return [value for part in parts for value in to_integers(part.last[-1:])]


def _cut(members: Members, rows: int) -> list[Members]:
    return [_slice(members, at, at + rows) for at in range(0, len(members), rows)]


def _slice(members: Members, low: int, high: int) -> Members:
    part = slice(low, high)
    return Members(members.first[part], members.last[part], members.end[part], members.order[part])
