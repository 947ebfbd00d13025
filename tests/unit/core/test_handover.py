# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of some addresses have another owner under another inventory."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.handover import Handover, handovers, named_addresses
from enforcer.core.orders import Blackhole
from enforcer.core.topology import Customer, Topology
from tests.space import TINY, prefixes
from tests.strategies import topologies
from tests.unit.core.drafts import draft


def owned(**customers: str) -> Topology:
    """Customers, each with prefixes between blanks."""
    return Topology(
        customers={
            name: Customer(name, tuple(map(ip_network, some.split())))
            for name, some in customers.items()
        }
    )


def test_a_blackhole_names_its_address() -> None:
    hole = Blackhole(ip_network("192.0.2.7/32"))
    assert named_addresses(draft(hole).order()) == (hole.prefix,)


def told(found: list[Handover]) -> list[tuple[str, str, str | None, str]]:
    return [(str(ip_address(h.first)), str(ip_address(h.last)), h.was, h.now) for h in found]


def test_only_what_changed_hands_is_told() -> None:
    before = owned(a="192.0.2.0/24", b="198.51.100.0/24")
    after = owned(a="192.0.2.0/25", b="198.51.100.0/24 192.0.2.128/25")
    within = [ip_network("192.0.2.0/24"), ip_network("198.51.100.0/24")]
    assert told(handovers(before, after, within)) == [("192.0.2.128", "192.0.2.255", "a", "b")]


def test_what_nobody_asked_about_is_not_told() -> None:
    before, after = owned(a="192.0.2.0/24"), owned(b="192.0.2.0/24")
    assert handovers(before, after, [ip_network("198.51.100.7/32")]) == []
    found = handovers(before, after, [ip_network("192.0.2.7/32")])
    assert told(found) == [("192.0.2.7", "192.0.2.7", "a", "b")]


def test_the_longest_prefix_owns() -> None:
    before = owned(a="192.0.2.0/24", b="192.0.2.0/28")
    after = owned(a="192.0.2.0/24")
    found = handovers(before, after, [ip_network("192.0.2.0/24")])
    assert told(found) == [("192.0.2.0", "192.0.2.15", "b", "a")]


def test_what_was_nobodys_before_is_told_as_such_and_what_is_nobodys_now_is_not() -> None:
    before, after = owned(a="2001:db8:1::/48"), owned(b="2001:db8:2::/48")
    (found,) = handovers(before, after, [ip_network("2001:db8::/32")])
    assert (found.was, found.now) == (None, "b")
    assert found.overlaps(ip_network("2001:db8:2:3::/64"))
    assert not found.overlaps(ip_network("2001:db8:3::/48"))
    assert not found.overlaps(ip_network("192.0.2.0/24"))


def owners_by_hand(topology: Topology, family: int, address: int) -> set[str]:
    found = [
        (p.prefixlen, name)
        for name, customer in topology.customers.items()
        for p in customer.prefixes
        if p.version == family and int(p.network_address) <= address <= int(p.broadcast_address)
    ]
    longest = max((length for length, _ in found), default=0)
    return {name for length, name in found if length == longest}


@given(topologies(), topologies(), st.lists(prefixes(TINY), min_size=1, max_size=3))
def test_it_agrees_with_looking_at_each_address(
    before: Topology, after: Topology, within: list[object]
) -> None:
    asked = [p for p in within if getattr(p, "num_addresses", 0) <= 256]
    found = handovers(before, after, asked)  # type: ignore[arg-type]  # prefixes, as drawn
    for prefix in asked:
        for address in map(int, prefix):  # type: ignore[call-overload]  # as drawn
            family = prefix.version  # type: ignore[attr-defined]  # as drawn
            was = owners_by_hand(before, family, address)
            now = owners_by_hand(after, family, address)
            here = [h for h in found if h.family == family and h.first <= address <= h.last]
            assert bool(here) <= bool(now)
            if len(was) <= 1 and len(now) == 1:
                assert bool(here) == (was != now)
            for handover in here:
                assert handover.now in now and (handover.was in was or not was)
