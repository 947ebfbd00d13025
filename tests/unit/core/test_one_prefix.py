# SPDX-License-Identifier: GPL-2.0-or-later
"""An order for one prefix asks for what a list of that one prefix would ask for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.contributions import Contributions, contributions
from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.lists import content_of
from enforcer.core.orders import BlockAddress, BlockList, Demand, Direction, Network, Order
from enforcer.core.topology import Topology
from tests.space import TINY, prefixes
from tests.strategies import HOUR, NOW, topologies


def asked(demand: Demand, topology: Topology, listed: Network) -> Contributions:
    order = Order(1, 1, demand, "test", "noc", "test", NOW, NOW, NOW + HOUR)
    rows, none = rows_of((listed,)), Ranges.none()
    content = content_of(rows, none) if listed.version == 4 else content_of(none, rows)
    return contributions(order, topology, {"one": content})


def said(asks: Contributions) -> tuple[object, ...]:
    parts = [
        (part.device, part.rule, Ranges(part.first, part.last).pairs(), part.interfaces, part.end)
        for part in asks.parts
    ]
    return parts, asks.withheld, asks.devices, asks.unresolved


@given(topology=topologies(), prefix=prefixes(TINY), direction=st.sampled_from(Direction))
def test_one_prefix_is_a_list_of_one(
    topology: Topology, prefix: Network, direction: Direction
) -> None:
    alone = asked(BlockAddress(prefix, direction), topology, prefix)
    listed = asked(BlockList("one", direction), topology, prefix)
    assert said(alone) == said(listed)
