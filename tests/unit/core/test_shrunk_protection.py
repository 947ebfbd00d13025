# SPDX-License-Identifier: GPL-2.0-or-later
"""Space that one inventory guards and the next one does not."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.shrunk_protection import shrunk, shrunk_sentence
from enforcer.core.topology import DynamicPool, ProtectedPrefix, SharedSpace, Topology


def shield(*prefixes: str, origin: str = "stated") -> Topology:
    found = tuple(ProtectedPrefix(ip_network(p), "ours", origin) for p in prefixes)
    return Topology(protected=found)


def test_what_went_is_named_with_its_reason() -> None:
    before = shield("198.51.100.0/24", "2001:db8::/48", "203.0.113.53")
    assert shrunk(before, shield("198.51.100.0/24")) == [
        "protected 203.0.113.53 (ours, stated)",
        "protected 2001:db8::/48 (ours, stated)",
    ]
    assert shrunk(before, Topology()) and not shrunk(before, before)


def test_a_part_that_went_counts_and_other_words_for_the_same_do_not() -> None:
    before = shield("198.51.100.0/24")
    assert shrunk(before, shield("198.51.100.0/25")) == ["protected 198.51.100.0/24 (ours, stated)"]
    assert not shrunk(before, shield("198.51.100.0/25", "198.51.100.128/25"))
    assert not shrunk(before, shield("198.51.0.0/16", origin="ix"))


def test_infrastructure_shared_space_and_pools_count() -> None:
    shared = SharedSpace("webhost", (ip_network("192.0.2.10"),), "shared", ("acme",))
    pool = DynamicPool("dial-in", (ip_network("192.0.2.192/26"),), 3600)
    before = Topology(
        protected=shield("203.0.113.53", origin="dns").protected, shared=(shared,), pools=(pool,)
    )
    assert shrunk(before, Topology()) == [
        "protected 203.0.113.53 (ours, dns)",
        "shared 192.0.2.10 (webhost)",
        "pool 192.0.2.192/26 (dial-in)",
    ]
    as_pool = Topology(protected=before.protected, pools=(pool,))
    assert shrunk(before, as_pool) == ["shared 192.0.2.10 (webhost)"]


def test_a_long_loss_is_told_in_part() -> None:
    said = shrunk_sentence([f"protected 192.0.2.{n} (ours, stated)" for n in range(12)])
    assert "192.0.2.9 " in said and "192.0.2.10" not in said and "and 2 more" in said


blocks = st.sets(st.integers(0, 15))


@given(blocks, blocks)
def test_it_is_told_exactly_when_an_address_is_lost(before: set[int], after: set[int]) -> None:
    old, new = (shield(*(f"198.51.100.{16 * n}/28" for n in some)) for some in (before, after))
    assert bool(shrunk(old, new)) == bool(before - after)
    assert len(shrunk(old, new)) == len(before - after)
