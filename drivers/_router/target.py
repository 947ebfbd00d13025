# SPDX-License-Identifier: GPL-2.0-or-later
"""What a box is to hold after a plan: what it holds, with the plan's delta and no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, summarize_address_range

import numpy as np

from enforcer.core.drift import Delta
from enforcer.core.intervals import Ranges, outside, union
from enforcer.core.orders import Network
from enforcer.core.rules import NO_END, UNATTRIBUTED, Actual, Desired, Members, Rule


@dataclass(frozen=True, eq=False)
class Target:
    """Per rule its addresses (canonical, never empty), or the names of its interfaces."""

    addresses: Mapping[Rule, Ranges] = field(default_factory=dict)
    interfaces: Mapping[Rule, frozenset[str]] = field(default_factory=dict)

    def rules(self) -> tuple[Rule, ...]:
        """All rules, ordered by digest."""
        return tuple(sorted((*self.addresses, *self.interfaces), key=lambda r: r.digest))


def held(state: Actual | Desired) -> Target:
    """What a state says, as bare addresses."""
    ranges = {r: union([Ranges(m.first, m.last)]) for r, m in state.addresses.items()}
    names = {r: frozenset(m.name for m in some) for r, some in state.interfaces.items()}
    return Target(
        {r: rows for r, rows in ranges.items() if len(rows)}, {r: n for r, n in names.items() if n}
    )


def target(actual: Actual, delta: Delta) -> Target:
    """`actual` without what `delta` removes, and with what it adds."""
    before = held(actual)
    addresses, interfaces = dict(before.addresses), dict(before.interfaces)
    for rule, change in delta.addresses.items():
        rows = addresses.pop(rule, Ranges.none())
        gone = union([Ranges(change.remove.first, change.remove.last)])
        kept = outside(rows, gone).ranges if len(gone) and len(rows) else rows
        new = union([kept, Ranges(change.add.first, change.add.last)])
        if len(new):
            addresses[rule] = new
    for rule, moved in delta.interfaces.items():
        names = interfaces.pop(rule, frozenset()) - {m.name for m in moved.remove}
        names |= {m.name for m in moved.add}
        if names:
            interfaces[rule] = names
    return Target(addresses, interfaces)


def members(ranges: Ranges) -> Members:
    """Bare addresses as the members of an actual state: no end, no order."""
    rows = union([ranges])
    size = len(rows)
    return Members(
        rows.first,
        rows.last,
        np.full(size, NO_END, np.int64),
        np.full(size, UNATTRIBUTED, np.int64),
    )


def prefixes(family: int, ranges: Ranges) -> list[Network]:
    """The fewest prefixes that make up `ranges`, sorted."""
    found: list[Network] = []
    for first, last in ranges.pairs():
        if family == 4:
            found.extend(summarize_address_range(IPv4Address(first), IPv4Address(last)))
        else:
            found.extend(summarize_address_range(IPv6Address(first), IPv6Address(last)))
    return found
