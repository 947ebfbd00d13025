# SPDX-License-Identifier: GPL-2.0-or-later
"""Cut the change of one set into pieces that can each be one transaction. Pure.

Rows that overlap (a range replaced by its halves, an element written anew) stay together: the
kernel refuses overlapping ranges, and in two transactions some packet would pass in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from drivers.nftables.work import SetChange
from enforcer.core.addresses import Indices
from enforcer.core.rules import Addresses, Members


def cut(change: SetChange, limit: int) -> Iterator[SetChange]:
    """Pieces of about `limit` rows; what only removes is never in one piece with what adds."""
    if not len(change.add) or not len(change.remove):
        for at in range(0, len(change), limit):
            part = slice(at, at + limit)
            yield replace(change, add=_rows(change.add, part), remove=_rows(change.remove, part))
        return
    group, size = _groups(change)
    of_add, of_remove = group[: len(change.add)], group[len(change.add) :]
    adding = np.zeros(size, np.bool_)
    adding[of_add] = True
    # Groups are renumbered so that those that only remove come last, in pieces of their own.
    rank = np.empty(size, np.intp)
    rank[np.argsort(~adding, kind="stable")] = np.arange(size)
    weight = np.bincount(rank[group], minlength=size)
    piece = (np.cumsum(weight) - weight) // limit
    piece[int(adding.sum()) :] += len(change)
    add_piece, remove_piece = piece[rank[of_add]], piece[rank[of_remove]]
    for number in np.unique(piece).tolist():
        yield replace(
            change,
            add=change.add.take(add_piece == number),
            remove=change.remove.take(remove_piece == number),
        )


def _rows(members: Members, part: slice) -> Members:
    return Members(members.first[part], members.last[part], members.end[part], members.order[part])


def _groups(change: SetChange) -> tuple[Indices, int]:
    """For each row (added ones first) the number of its run of overlapping rows; and how many."""
    first = np.concatenate((change.add.first, change.remove.first))
    last = np.concatenate((change.add.last, change.remove.last))
    rank = _ranks(np.concatenate((first, last)))
    low, high = rank[: len(first)], rank[len(first) :]
    order = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[order])
    begins = np.ones(len(order), np.bool_)
    begins[1:] = low[order][1:] > reach[:-1]
    numbers = np.cumsum(begins) - 1
    group = np.empty(len(order), np.intp)
    group[order] = numbers
    return group, int(numbers[-1]) + 1


def _ranks(points: Addresses) -> Indices:
    order = np.lexsort((points[:, 1], points[:, 0]))
    ordered = points[order]
    fresh = np.ones(len(points), np.bool_)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    rank = np.empty(len(points), np.intp)
    rank[order] = np.cumsum(fresh)
    return rank
