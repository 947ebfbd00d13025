# SPDX-License-Identifier: GPL-2.0-or-later
"""A list's new version on a device: what stays is never free, and what is new comes first."""

from __future__ import annotations

import numpy as np

from drivers.nftables.batching import BATCH_ROWS
from enforcer.core.intervals import Ranges, cover, match, subtract, union
from enforcer.core.rules import NO_END, Members
from tests.unit.drivers.nftables.test_planning import SOURCE, plan, standing

MANY = BATCH_ROWS


def rows(*pairs: tuple[int, int]) -> Ranges:
    """(first, last) of many members as integers."""
    return Ranges.of(pairs)


def version(*parts: Ranges) -> Members:
    """The canonical members of one version."""
    every = union(parts)
    end = np.full(len(every), NO_END)
    return cover(every.first, every.last, end, np.full(len(every), 7))


def spread(start: int, count: int, size: int) -> Ranges:
    return rows(*((start + 512 * n, start + 512 * n + size - 1) for n in range(count)))


KEPT = spread(2**24, MANY, 1)
GONE = spread(2**25, MANY, 1)
NEW = spread(2**26, MANY, 1)
WIDE = spread(2**27, MANY, 256)
NARROW = spread(2**27, MANY, 128)
"""The lower half of each of `WIDE`: the member changes its shape."""


def without(members: Members, rows: Members) -> Members:
    found = match(rows, members)
    assert (found >= 0).all(), "only what is there is removed"
    return members.take(np.setdiff1d(np.arange(len(members)), found))


def test_a_new_version_frees_nothing_that_stays_and_adds_before_it_removes() -> None:
    old, new = version(KEPT, GONE, WIDE), version(KEPT, NEW, NARROW)
    made, works = plan({SOURCE: new}, standing({SOURCE: old}))
    assert len(made.batches) > 3
    both = subtract(Ranges(old.first, old.last), GONE)[0]
    both = subtract(both, subtract(WIDE, NARROW)[0])[0]
    held, removing = old, False
    for work in works:
        for change in work.changes:
            held = without(held, change.remove)
        added = [c.add for c in work.changes if len(c.add)]
        assert not (removing and added), "a batch adds after one that only removes"
        removing = removing or not added
        parts = [Ranges(held.first, held.last), *(Ranges(a.first, a.last) for a in added)]
        held = version(*parts)
        standing_now = Ranges(held.first, held.last)
        assert not len(subtract(both, standing_now)[0]), "what both versions block is free"
        if removing:
            assert not len(subtract(NEW, standing_now)[0]), "not all that is new is there yet"
    assert removing, "something was only removed"
    assert held.same_as(new)
