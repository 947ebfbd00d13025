# SPDX-License-Identifier: GPL-2.0-or-later
"""What is true of one prefix is true of every other one that nothing tells apart from it."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface, ip_network

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from enforcer.core.alike import Terrain
from enforcer.core.collateral import hit_by
from enforcer.core.contributions import contributions
from enforcer.core.draft import Draft, Ground, Known
from enforcer.core.guardrails import check
from enforcer.core.intervals import Ranges, ends_of
from enforcer.core.orders import BlockAddress, Network
from enforcer.core.plan import Barred
from enforcer.core.topology import Topology
from tests.space import TINY, prefixes
from tests.strategies import HOUR, NOW, stated_inventories, topologies


def others(prefix: Network, terrain: Terrain) -> st.SearchStrategy[Network]:
    """Prefixes of its length between the same two cuts."""
    first, last = ends_of(prefix)
    size, top = last - first + 1, 1 << prefix.max_prefixlen
    cuts = [0, *terrain.cuts[prefix.version], top]
    low = max(cut for cut in cuts if cut <= first)
    high = min(cut for cut in cuts if cut > first)
    kind = IPv4Network if prefix.version == 4 else IPv6Network
    at = st.integers(-(-low // size), high // size - 1)
    return at.map(lambda n: kind((n * size, prefix.prefixlen)))


def said(prefix: Network, topology: Topology, ground: Ground) -> tuple[object, ...]:
    """All that the checks say of an order for a prefix, but for the words."""
    draft = Draft(BlockAddress(prefix), NOW, NOW + HOUR, source="noc")
    refusals = check(draft, topology, Known(ground=ground), NOW)
    hit = hit_by(draft.demand, topology, ground.parties, ground.owners)
    asks = contributions(draft.order(), topology, {}, ground.owners)
    return (
        [refusal.code for refusal in refusals],
        (len(hit.needs), hit.knowingly, hit.names),
        asks.devices,
        [(part.device, part.rule, len(part)) for part in asks.parts],
        [one.reason for one in asks.withheld],
    )


@given(topology=topologies() | stated_inventories(), prefix=prefixes(TINY), more=st.data())
def test_the_checks_say_the_same_of_two_that_are_alike(
    topology: Topology, prefix: Network, more: st.DataObject
) -> None:
    terrain, ground = Terrain.of(topology), Ground.of(topology)
    place = terrain.place(prefix)
    assume(place is not None)
    other = more.draw(others(prefix, terrain))
    assert terrain.place(other) == place
    assert said(other, topology, ground) == said(prefix, topology, ground)


CUT = ip_network("10.1.0.0/16")


@pytest.mark.parametrize(
    "stated",
    [
        CUT,
        [CUT],
        {"of": (CUT,)},
        {CUT: 1},
        "10.1.0.0/16",
        Barred(Ranges.of([ends_of(CUT)]), "not"),
        {4: Barred(Ranges.of([ends_of(CUT)]), "not")},
        (ip_interface("10.1.0.0/16"), b"10.2.0.0/16", None, 7, "ten"),
    ],
)
def test_whatever_is_stated_somewhere_cuts(stated: object) -> None:
    terrain = Terrain.of(stated)
    inside, outside = (
        terrain.place(ip_network("10.1.2.0/24")),
        terrain.place(ip_network("10.2.2.0/24")),
    )
    assert inside is not None
    assert outside is not None
    assert inside != outside
    assert terrain.place(ip_network("10.0.0.0/15")) is None
    assert terrain.place(ip_network("10.1.0.0/16")) != terrain.place(ip_network("10.2.0.0/16"))


def test_an_address_is_like_no_other_one() -> None:
    terrain = Terrain.of(ip_address("10.0.0.1"))
    places = [terrain.place(ip_network(f"10.0.0.{last}")) for last in range(4)]
    assert places[2] == places[3]
    assert len({*places}) == 3


def test_what_is_nobodys_cuts_by_itself() -> None:
    terrain = Terrain.of()
    assert terrain.place(ip_network("127.0.0.1")) != terrain.place(ip_network("126.0.0.1"))
    assert terrain.place(ip_network("0.0.0.0/0")) is None
