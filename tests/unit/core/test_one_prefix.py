# SPDX-License-Identifier: GPL-2.0-or-later
"""An order for one prefix asks for what a list of that one prefix would ask for."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.contributions import Contributions, contributions
from enforcer.core.intervals import Ranges, rows_of, subtract
from enforcer.core.lists import content_of
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockList,
    Demand,
    Direction,
    Network,
    Order,
)
from enforcer.core.placement import ownership
from enforcer.core.route_contributions import blackhole_rules
from enforcer.core.topology import ROLE_RTBH, Blackholing, Device, Topology
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


SPEAKER = Device("speaker", "gobgp", roles=frozenset({ROLE_RTBH}), blackholing=Blackholing())


@given(topology=topologies(), prefix=prefixes(TINY))
def test_one_blackhole_is_all_that_is_left_of_its_prefix(
    topology: Topology, prefix: Network
) -> None:
    network = replace(topology, devices={**topology.devices, "speaker": SPEAKER})
    asks = asked(Blackhole(prefix), network, prefix)
    left, removed = subtract(rows_of((prefix,)), ownership(network).protected[prefix.version])
    rules = blackhole_rules(Blackhole(prefix), left)
    found = [(part.rule, Ranges(part.first, part.last).pairs()) for part in asks.parts]
    assert found == [(rule, members.pairs()) for rule, members in rules]
    withheld = sum(one.last - one.first + 1 for one in asks.withheld)
    assert withheld == sum(last - first + 1 for first, last in removed.pairs())
    assert asks.devices == ("speaker",)
