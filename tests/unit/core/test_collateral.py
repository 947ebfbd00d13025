# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is hit beside the target, by name."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.collateral import Hit, hit_by, listed
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    PortRange,
    Selection,
    SuspendCustomer,
)
from enforcer.core.parties import Party, parties_of
from enforcer.core.placement import ownership
from enforcer.core.topology import (
    Customer,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    SharedSpace,
    Tenant,
    Topology,
)

NEWS = ServiceSet("news", (ServiceEntry((ip_network("203.0.113.119"),)),))
SPREAD = ServiceSet("spread", (ServiceEntry((ip_network("192.0.2.0/24"),)),))


def tenant(name: str, *prefixes: str) -> Tenant:
    return Tenant(name, tuple(map(ip_network, prefixes)))


HOST = Customer(
    "host",
    (ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
    tenants=(
        tenant("shop", "192.0.2.0/28", "2001:db8:1:1::/64"),
        tenant("blog", "192.0.2.16/28"),
        tenant("cafe", "192.0.2.16/30"),
    ),
)
"""Shop has its own addresses; on the first four of blog's is cafe too."""
NESTED = Customer("nested", (ip_network("192.0.2.128/25"),))
OTHER = Customer("other", (ip_network("198.51.100.0/24"),))
TWINS = [Customer(name, (ip_network("203.0.113.64/26"),)) for name in ("castor", "pollux")]


def network(*customers: Customer, shared: tuple[SharedSpace, ...] = ()) -> Topology:
    return Topology(
        customers={one.name: one for one in customers},
        service_sets={"news": NEWS, "spread": SPREAD},
        shared=shared,
    )


PLAIN = network(HOST, NESTED, OTHER, *TWINS)


def hit(demand: Demand, topology: Topology = PLAIN) -> Hit:
    return hit_by(demand, topology, parties_of(topology), ownership(topology))


def block(prefix: str) -> BlockAddress:
    return BlockAddress(ip_network(prefix))


@pytest.mark.parametrize(
    "prefix, names",
    [
        ("192.0.2.0/28", ("shop (tenant of host)",)),
        ("192.0.2.7", ("shop (tenant of host)",)),
        ("2001:db8:1:1::7", ("shop (tenant of host)",)),
        ("192.0.2.20", ("blog (tenant of host)",)),
        ("192.0.2.40", ("host",)),
        ("192.0.2.129", ("nested",)),
        ("198.51.100.0/24", ("other",)),
        ("192.0.2.32/27", ("host",)),
        ("198.51.0.0/16", ("other",)),
        ("8.8.8.0/24", ()),
    ],
)
def test_one_party_is_no_collateral(prefix: str, names: tuple[str, ...]) -> None:
    assert hit(block(prefix)) == Hit((), (), names)


@pytest.mark.parametrize(
    "prefix, said",
    [
        ("192.0.2.17", "blog (tenant of host) and cafe (tenant of host)"),
        ("192.0.2.0/27", "blog (tenant of host), cafe (tenant of host) and shop (tenant of host)"),
        ("192.0.2.0/26", "host, blog (tenant of host), cafe (tenant of host)"),
        ("203.0.113.65", "castor and pollux"),
        ("2001:db8:1::/60", "host and shop (tenant of host)"),
    ],
)
def test_several_parties_behind_one_prefix_are(prefix: str, said: str) -> None:
    (sentence,) = hit(block(prefix)).needs
    assert said in sentence
    assert sentence.startswith(prefix)


def test_customers_within_each_other_are_two() -> None:
    assert hit(block("192.0.2.96/27")).needs == ()
    assert hit(block("192.0.2.128/27")).needs == ()
    (sentence,) = hit(block("192.0.2.0/24")).needs
    assert "host" in sentence and "nested" in sentence


def test_each_typed_prefix_is_judged_by_itself() -> None:
    """Two prefixes of two customers, both typed, were meant."""
    target = Selection((ip_network("198.51.100.7/32"), ip_network("192.0.2.40/32")))
    found = hit(BlockPort(target, (6,), (PortRange(25, 25),)))
    assert found == Hit((), (), ("host", "other"))


def test_a_customer_by_name_means_its_tenants_and_tells_so() -> None:
    topology = network(HOST, OTHER)
    for demand in (
        SuspendCustomer("host", Selection()),
        SuspendCustomer("host", Selection(), by="interface"),
        CutFeed("host"),
        BlockPort(Selection(customers=("host",)), (6,), ()),
    ):
        found = hit(demand, topology)
        assert found.needs == ()
        assert found.knowingly == ("the tenants of host are hit too: blog, cafe and shop",)
        assert "host" in found.names and "shop (tenant of host)" in found.names


def test_another_customer_within_the_prefixes_of_the_named_one_is_collateral() -> None:
    suspend = SuspendCustomer("host", Selection())
    (sentence,) = hit(suspend).needs
    assert sentence == "the prefixes of host hold addresses of nested"
    assert hit(replace(suspend, by="interface")).needs == ()
    both = BlockPort(Selection(customers=("host", "nested")), (6,), ())
    assert hit(both).needs == ()
    assert hit(suspend, network(HOST, OTHER)).needs == ()


@pytest.mark.parametrize(
    "kind, users, said",
    [
        ("shared", ("host", "other"), "is in farm, shared by host and other"),
        ("shared", (), "is in farm, shared by users that the inventory does not state"),
        ("cgnat", (), "is in farm, where addresses are translated: nobody can say who is hit"),
        ("cgnat", ("host",), "is in farm, shared by host"),
    ],
)
def test_shared_space_always_is(
    kind: Literal["shared", "cgnat"], users: tuple[str, ...], said: str
) -> None:
    farm = SharedSpace("farm", (ip_network("198.18.0.0/28"),), kind, users)
    topology = network(HOST, OTHER, shared=(farm,))
    found = hit(block("198.18.0.3"), topology)
    assert found.needs == (f"198.18.0.3 {said}",)
    assert found.names == users
    assert hit(block("198.18.0.16"), topology) == Hit()


def test_tenants_who_share_an_address_are_named_once() -> None:
    farm = SharedSpace("farm", (ip_network("192.0.2.17"),), users=("blog", "cafe"))
    found = hit(block("192.0.2.17"), network(HOST, shared=(farm,)))
    assert found.needs == ("192.0.2.17 is in farm, shared by blog and cafe",)
    assert found.names == ("blog (tenant of host)", "cafe (tenant of host)")
    more = hit(block("192.0.2.16/29"), network(HOST, shared=(farm,)))
    assert len(more.needs) == 1
    partly = replace(farm, users=("blog", "guest"))
    found = hit(block("192.0.2.17"), network(HOST, shared=(partly,)))
    assert len(found.needs) == 2
    assert found.names == ("blog (tenant of host)", "cafe (tenant of host)", "guest")


def test_what_a_named_customer_shares_with_its_own_tenants_is_known() -> None:
    farm = SharedSpace("farm", (ip_network("192.0.2.40"),), users=("host", "shop"))
    suspend = SuspendCustomer("host", Selection())
    assert hit(suspend, network(HOST, shared=(farm,))).needs == ()
    wider = replace(farm, users=("host", "other"))
    (sentence,) = hit(suspend, network(HOST, shared=(wider,))).needs
    assert sentence == "a part of the prefixes of host is in farm, shared by host and other"


def test_the_denied_side_counts_and_not_its_counterpart() -> None:
    servers = Customer("servers", (ip_network("203.0.113.119"),))
    flow = BlockFlow(Selection((ip_network("8.8.8.8/32"),)), Selection((), (), ("spread",)))
    assert hit(flow, network(HOST, servers)) == Hit()
    back = replace(flow, source=flow.destination, destination=flow.source)
    (sentence,) = hit(back, network(HOST, servers)).needs
    assert sentence.startswith("192.0.2.0/24 is used by")


def test_what_is_withheld_hits_nobody() -> None:
    kept = (ProtectedPrefix(ip_network("192.0.2.16/28"), "the blogs of the staff"),)
    assert hit(block("192.0.2.0/27")).needs != ()
    assert hit(block("192.0.2.0/27"), replace(PLAIN, protected=kept)).needs == ()


def test_lists_are_judged_when_they_are_imported() -> None:
    assert hit(BlockList("botnets")) == Hit()


def test_long_enumerations_are_cut() -> None:
    names = [f"t{n}" for n in range(1200)]
    assert listed(names[:2]) == "t0 and t1"
    assert listed(names[:1]) == "t0"
    assert listed(names).endswith("t9 and 1190 more")


PREFIXES = st.builds(
    lambda n, length: ip_network((n, length), strict=False),
    st.integers(0, 63).map(lambda n: n * 4 + 2**24),
    st.integers(24, 32),
)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), PREFIXES), max_size=5),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), PREFIXES), max_size=4),
    PREFIXES,
)
def test_parties_are_those_of_each_single_address(
    own: list[tuple[str, object]], tenants: list[tuple[str, str, object]], asked: object
) -> None:
    """Against looking at every address by itself."""
    customers = {
        name: Customer(
            name,
            tuple(p for n, p in own if n == name),  # type: ignore[misc]  # drawn networks
            tenants=tuple(
                Tenant(t, (p,))  # type: ignore[arg-type]  # drawn networks
                for n, t, p in tenants
                if n == name
            ),
        )
        for name in "abc"
    }
    parties = parties_of(Topology(customers=customers))
    target = ip_network(str(asked))
    expected: set[Party] = set()
    for address in target:
        around = [
            (p.prefixlen, c.name) for c in customers.values() for p in c.prefixes if address in p
        ]
        for length, name in around:
            if length == max(around)[0]:
                here = [t.name for t in customers[name].tenants if address in t.prefixes[0]]
                expected |= {Party(name, t) for t in here or [""]}
    found = parties.using(4, int(target[0]), int(target[-1]))
    assert found.parties == expected
