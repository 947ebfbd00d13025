# SPDX-License-Identifier: GPL-2.0-or-later
"""May new software write what it wants? What the old one wanted cannot be computed any more.

At the first look of another version at a device that was proved before, what no order explains
must not move more than the brake allows. An order explains its rows if it was changed, began or
ended since the last proof, or its list was imported since, and so it explains what lies under
them. A device without members of ours and without our mark is empty, and is filled again.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from enforcer.core.addresses import Flags
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.intervals import Ranges, inside, merge
from enforcer.core.raw import concatenate
from enforcer.core.rules import Actual, Members

_DISTRIBUTION = "network-enforcer"


@cache
def installed() -> str:
    """The version of this program, as installed; "unknown" in a tree that never was."""
    try:
        return version(_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def is_empty(actual: Actual) -> bool:
    """Whether nothing of ours stands on a device."""
    return actual.owner is None and not standing(actual)


def standing(actual: Actual) -> int:
    """How many members of ours stand on a device."""
    return sum(map(len, actual.addresses.values())) + sum(map(len, actual.interfaces.values()))


def orders_in(delta: Delta) -> frozenset[int]:
    """Numbers of the orders behind the rows of `delta`."""
    numbers: set[int] = set()
    for change in delta.addresses.values():
        for rows in (change.add, change.remove):
            numbers.update(np.unique(rows.order).tolist())
    for moved in delta.interfaces.values():
        numbers.update(m.order for m in (*moved.add, *moved.remove))
    return frozenset(numbers)


def unexplained(delta: Delta, explained: Collection[int]) -> Delta:
    """The rows of `delta` for which no order in `explained` accounts."""
    addresses = {r: _unexplained(c, explained) for r, c in delta.addresses.items()}
    interfaces = {r: _unexplained_names(c, explained) for r, c in delta.interfaces.items()}
    return Delta(
        {r: c for r, c in addresses.items() if len(c.add) or len(c.remove)},
        {r: c for r, c in interfaces.items() if c.add or c.remove},
    )


def _unexplained(change: Change, explained: Collection[int]) -> Change:
    numbers = np.array(sorted(explained), np.int64)
    both = concatenate([change.add, change.remove])
    ours = both.take(np.isin(both.order, numbers))
    region = merge(Ranges(ours.first, ours.last))
    return Change(_beyond(change.add, region), _beyond(change.remove, region))


def _beyond(rows: Members, region: Ranges) -> Members:
    touched: Flags = np.zeros(len(rows), np.bool_)
    touched[inside(Ranges(rows.first, rows.last), region).source] = True
    return rows.take(~touched)


def _unexplained_names(moved: InterfaceChange, explained: Collection[int]) -> InterfaceChange:
    members = (*moved.add, *moved.remove)
    ours = {member.name for member in members if member.order in explained}
    return InterfaceChange(
        tuple(m for m in moved.add if m.name not in ours),
        tuple(m for m in moved.remove if m.name not in ours),
    )
