# SPDX-License-Identifier: GPL-2.0-or-later
"""Which elements do not belong into the set where they stand: exactly those of other sets."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.layout import (
    HostLayout,
    Layout,
    RangeLayout,
    astray,
    host_names,
    place,
    range_names,
)
from enforcer.core.addresses import to_column
from enforcer.core.rules import NO_END, Key, Members, Rule

RULE = Rule(4, Key.SOURCE)
LOW = int(ip_network("198.51.100.0/24").network_address)
LAYOUT = Layout(HostLayout("a", 4, 0), RangeLayout("a", (LOW + 64, LOW + 128)))
spans = st.tuples(st.integers(0, 255), st.integers(0, 40))


def members_of(found: list[tuple[int, int]]) -> Members:
    """Disjoint ones, in sequence."""
    rows: list[tuple[int, int]] = []
    for offset, more in sorted(found):
        first = LOW + offset
        if not rows or first > rows[-1][1]:
            rows.append((first, first + more))
    ends, orders = np.full(len(rows), NO_END), np.ones(len(rows), np.int64)
    return Members(to_column(r[0] for r in rows), to_column(r[1] for r in rows), ends, orders)


@given(st.lists(spans, max_size=12), st.sampled_from([LAYOUT, Layout()]))
def test_what_is_placed_belongs_there_and_nowhere_else(
    found: list[tuple[int, int]], layout: Layout
) -> None:
    parts = (
        (layout.hosts, host_names(RULE, layout.hosts)),
        (layout.ranges, range_names(RULE, layout.ranges)),
    )
    for placed in place(RULE, layout, members_of(found)):
        for scheme, names in parts:
            for index, name in enumerate(names):
                hosts = isinstance(scheme, HostLayout)
                if hosts and not placed.name.startswith("h"):
                    continue  # a hash set takes no ranges
                wrong = astray(scheme, index, placed.members)
                assert wrong.all() if name != placed.name else not wrong.any()
