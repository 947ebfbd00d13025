# SPDX-License-Identifier: GPL-2.0-or-later
"""A big table of members kept in blocks, so that changing a few rows copies only their block.

Copying the columns of a million rows takes longer than everything else about one order.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from enforcer.core.addresses import to_integers
from enforcer.core.rules import Addresses, Integers, Members

BLOCK = 1024
"""Rows of a block, about; one that grows to twice as many is cut."""
GROUP = 32
"""Blocks of a group, about. Of a thousand blocks one change touches one group, and the list of the
groups: objects that nobody has touched for a moment take longer than the rows of a block."""

Place = tuple[int, int]
"""A group, and a block in it."""
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False, slots=True)
class _Row(Generic[_T]):
    """Neighbours in order, disjoint. `firsts`, `lasts`: the first and last address of each."""

    items: Sequence[_T]
    firsts: Sequence[int]
    lasts: Sequence[int]

    def __len__(self) -> int:
        return len(self.items)

    def cut(self, low: int, high: int | None) -> _Row[_T]:
        """The items `low`..`high` - 1."""
        return _Row(self.items[low:high], self.firsts[low:high], self.lasts[low:high])

    def followed_by(self, *others: _Row[_T]) -> _Row[_T]:
        """With the items of `others` behind its own."""
        items, firsts, lasts = [*self.items], [*self.firsts], [*self.lasts]
        for other in others:
            items += other.items
            firsts += other.firsts
            lasts += other.lasts
        return _Row(items, firsts, lasts)


class Blocks(Members):
    """Members like any other; whole columns are made when somebody asks for one, and kept."""

    __slots__ = ("_group", "_groups", "_size", "_whole")

    _groups: _Row[_Row[Members]]
    _group: int
    _size: int
    _whole: Members | None

    def __init__(self, groups: _Row[_Row[Members]], size: int, group: int) -> None:
        """`groups`: at least one, none empty. `size`: rows of all. `group`: blocks of each."""
        self._set("_groups", groups)
        self._set("_group", group)
        self._set("_size", size)
        self._set("_whole", None)

    @classmethod
    def of(cls, members: Members, rows: int = BLOCK, group: int = GROUP) -> Blocks:
        """`members`, at least one, in blocks of so many rows; columns are shared, not copied."""
        if isinstance(members, Blocks):
            return members
        return cls(_grouped(_cut(members, rows), group), len(members), group)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return self._size

    @property
    def blocks(self) -> tuple[Members, ...]:
        """All of them, in order."""
        return tuple(part for group in self._groups.items for part in group.items)

    @property
    def groups(self) -> Sequence[object]:
        """All groups of them, in order; what a change does not touch is the same in both."""
        return self._groups.items

    def around(self, first: int, last: int) -> tuple[Place, Place]:
        """The first and the last block that `first`..`last` touches, a neighbour where it touches
        none."""
        groups = self._groups
        high = bisect_right(groups.firsts, last) - 1
        if high < 0:
            return (0, 0), (0, 0)
        stop = high, bisect_right(groups.items[high].firsts, last) - 1
        low = bisect_left(groups.lasts, first)
        if low == len(groups):
            return stop, stop
        return min((low, bisect_left(groups.items[low].lasts, first)), stop), stop

    def part(self, low: Place, high: Place) -> Members:
        """The rows of the blocks from `low` to `high`, both included."""
        return joined(self._run(low, high))

    def _run(self, low: Place, high: Place) -> Iterator[Members]:
        for number in range(low[0], high[0] + 1):
            items = self._groups.items[number].items
            start = low[1] if number == low[0] else 0
            yield from items[start : high[1] + 1 if number == high[0] else None]

    def changed(self, low: Place, high: Place, rows: Members, block: int = BLOCK) -> Members:
        """With `rows` in place of the blocks from `low` to `high`, both included."""
        size = self._size - sum(map(len, self._run(low, high))) + len(rows)
        if not size:
            return Members.none()
        fresh = _cut(rows, block if len(rows) > 2 * block else 2 * block)
        groups = self._groups
        before = groups.items[low[0]].cut(0, low[1])
        near = before.followed_by(fresh, groups.items[high[0]].cut(high[1] + 1, None))
        around = _grouped(near, self._group if len(near) > 2 * self._group else 2 * self._group)
        groups = groups.cut(0, low[0]).followed_by(around, groups.cut(high[0] + 1, None))
        return Blocks(groups, size, self._group)

    def _columns(self) -> Members:
        whole = self._whole
        if whole is None:
            whole = joined(self.blocks)
            # The blocks are of these columns from now on: nothing is there twice.
            self._set("_groups", _made_of(whole, self._groups))
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


def _made_of(whole: Members, groups: _Row[_Row[Members]]) -> _Row[_Row[Members]]:
    """Groups of the same sizes, of the rows of `whole`."""
    made, at = [], 0
    for group in groups.items:
        parts = []
        for part in group.items:
            parts.append(whole.cut(at, at + len(part)))
            at += len(part)
        made.append(_Row(parts, group.firsts, group.lasts))
    return _Row(made, groups.firsts, groups.lasts)


def _grouped(blocks: _Row[Members], size: int) -> _Row[_Row[Members]]:
    groups = [blocks.cut(at, at + size) for at in range(0, len(blocks), size)]
    return _Row(groups, [g.firsts[0] for g in groups], [g.lasts[-1] for g in groups])


def _cut(members: Members, rows: int) -> _Row[Members]:
    parts = [members.cut(at, at + rows) for at in range(0, len(members), rows)]
    return _Row(
        parts,
        [value for part in parts for value in to_integers(part.first[:1])],
        [value for part in parts for value in to_integers(part.last[-1:])],
    )
