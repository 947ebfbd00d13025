# SPDX-License-Identifier: GPL-2.0-or-later
"""Change one region of a cover and say exactly what changed."""

from __future__ import annotations

import numpy as np

from enforcer.core.addresses import (
    Flags,
    ascending,
    earlier,
    equal,
    later,
    position,
    predecessor,
    search,
    successor,
    to_integers,
)
from enforcer.core.blocks import BLOCK, Blocks, joined
from enforcer.core.drift import Change
from enforcer.core.intervals import Ranges, cover, match, outside
from enforcer.core.raw import Raw, concatenate
from enforcer.core.rules import Members

_TOP = 2**128 - 1
_MANY = 4 * BLOCK
"""From so many rows on they are kept in blocks: below, copying all of them costs less."""


def patch(
    members: Members,
    raw: Raw,
    region: Ranges,
    block: int = BLOCK,
    many: int = _MANY,
    coming: Members | None = None,
) -> tuple[Members, Change]:
    """The cover of `raw`, given that `members` is right outside of `region` (canonical).

    `coming`: where `members` was right everywhere before, the rows of `raw`, all inside the
    region, that came since: where nothing stood, they are all there is. Costs a copy of the
    blocks around the region plus work in proportion to the region.
    """
    if len(members) < many:
        return _patch(members, raw, region, coming)
    blocks = Blocks.of(members, block)
    first, last = to_integers(region.first[:1])[0], to_integers(region.last[-1:])[0]
    low, high = blocks.around(max(first - 1, 0), last + 1)
    part, change = _patch(blocks.part(low, high), raw, region, coming)
    if not len(change.add) and not len(change.remove):
        return members, change
    return blocks.changed(low, high, part, block), change


def _patch(
    members: Members, raw: Raw, region: Ranges, coming: Members | None
) -> tuple[Members, Change]:
    low, high, touched = _neighbourhood(members, region)
    if low == high and coming is not None and len(coming):
        new = cover(coming.first, coming.last, coming.end, coming.order)
        return _put(members, low, high, new), Change(new, Members.none())
    middle = members.cut(low, high)
    old = middle.take(touched)
    kept = outside(Ranges(old.first, old.last), region)
    end, order = old.end[kept.source], old.order[kept.source]
    fresh = raw.within(region)
    fresh = cover(fresh.first, fresh.last, fresh.end, fresh.order)
    rows = concatenate([Members(kept.ranges.first, kept.ranges.last, end, order), fresh])
    new = cover(rows.first, rows.last, rows.end, rows.order)
    change = difference(old, new)
    if not len(change.add) and not len(change.remove):
        return members, change
    between = concatenate([middle.take(~touched), new])
    by_first = ascending(between.first)
    between = between if by_first is None else between.take(by_first)
    return _put(members, low, high, between), change


def _put(members: Members, low: int, high: int, rows: Members) -> Members:
    """With `rows` in place of the rows `low`..`high` - 1."""
    return joined([members.cut(0, low), rows, members.cut(high, len(members))])


def overlapping(members: Members, ranges: Ranges) -> Members:
    """The rows of `members` that overlap any of `ranges` (disjoint, sorted, few)."""
    parts = []
    for first, last in ranges.pairs():
        near = members
        if isinstance(members, Blocks):
            near = members.part(*members.around(first, last))
        low, high = position(near.last, first, "left"), position(near.first, last, "right")
        parts.append(near.cut(low, high))
    rows = concatenate(parts)
    # One that overlaps two of them is there twice.
    again = equal(rows.first[1:], rows.first[:-1])
    return rows.take(np.concatenate(([True], ~again))) if again.any() else rows


def difference(old: Members, new: Members) -> Change:
    """The rows of `new` that are not in `old`, and of `old` that are not in `new`."""
    at = match(new, old)
    rows = np.flatnonzero(at >= 0)
    found = at[rows]
    equal = (old.end[found] == new.end[rows]) & (old.order[found] == new.order[rows])
    fresh, gone = np.ones(len(new), np.bool_), np.ones(len(old), np.bool_)
    fresh[rows[equal]] = False
    gone[found[equal]] = False
    return Change(new.take(fresh), old.take(gone))


def _neighbourhood(members: Members, region: Ranges) -> tuple[int, int, Flags]:
    """The run of rows around `region`, and which of them overlap or adjoin it.

    Rows beyond keep their form: what they adjoin is not in the region.
    """
    if len(region) == 1:
        ((one, other),) = region.pairs()
        begin = position(members.last, max(one - 1, 0), "left")
        stop = position(members.first, min(other + 1, _TOP), "right")
        return begin, stop, np.ones(stop - begin, np.bool_)
    # At either end of the address space the neighbour wraps around; the end itself will do.
    first = earlier(predecessor(region.first), region.first)
    last = later(successor(region.last), region.last)
    low = search(members.last, first, "left")
    high = search(members.first, last, "right")
    begin, stop = int(low[0]), int(high[-1])
    depth = np.zeros(stop - begin + 1, np.int64)
    np.add.at(depth, low - begin, 1)
    np.add.at(depth, high - begin, -1)
    return begin, stop, np.cumsum(depth)[:-1] > 0
