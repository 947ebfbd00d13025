# SPDX-License-Identifier: GPL-2.0-or-later
"""What is protected, too wide, shared or lent is not blocked by accident.

Each draft that is refused passes, the very same, once the one reason is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.draft import Draft, Known
from enforcer.core.guardrails import check
from enforcer.core.intervals import rows_of, subtract
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockAddress, BlockPort, Scope, Selection
from enforcer.core.topology import (
    Customer,
    DynamicPool,
    Leaving,
    ProtectedPrefix,
    SharedSpace,
    SourceLimits,
    Tenant,
    Topology,
)
from tests.unit.core.drafts import (
    BY_INTERFACE,
    CUST1,
    FEED,
    HOUR,
    KNOWN,
    LIST,
    NOW,
    PORT,
    SMTP,
    SUSPEND,
    TOPOLOGY,
    block,
    codes,
    confirmed,
    draft,
    wide,
)

OPEN = replace(TOPOLOGY, protected=(), sources={"*": SourceLimits("*", widest4=None, widest6=None)})
"""Nothing protected, nothing too wide."""


def protecting(*prefixes: str, origin: str = "stated") -> Topology:
    kept = tuple(ProtectedPrefix(ip_network(p), "why", origin) for p in prefixes)
    return replace(OPEN, protected=kept)


def with_customer(customer: Customer) -> Topology:
    return replace(OPEN, customers={**OPEN.customers, customer.name: customer})


TENANT = Customer(
    "host",
    (ip_network("192.88.0.0/24"),),
    tenants=(
        Tenant("shop", (ip_network("192.88.0.0/26"),)),
        Tenant("blog", (ip_network("192.88.0.64/26"),)),
    ),
)
SHARED = SharedSpace("web1", (ip_network("198.18.7.7"),), users=("cust1", "cust2"))
CGNAT = SharedSpace("cgn", (ip_network("100.64.0.0/24"),), "cgnat")
POOL = DynamicPool("dial", (ip_network("198.18.8.0/22"),), 3600)


def lasting(prefix: str, hours: float) -> Draft:
    return replace(block(prefix), end=NOW + hours * HOUR)


def drained(name: str) -> Topology:
    device = replace(OPEN.devices[name], leaving=Leaving.DRAINING)
    return replace(OPEN, devices={**OPEN.devices, name: device})


# code, part of the sentence, the draft, where it is refused, where the very same one passes
PLACES: list[tuple[str, str, Draft, Topology, Topology]] = [
    ("protected", "why", block("198.18.0.1"), protecting("198.18.0.0/31"), OPEN),
    ("protected", "why", wide("198.18.0.1"), protecting("198.18.0.1"), OPEN),
    ("protected", "why", block("2001:db8:9::1"), protecting("2001:db8:9::/64"), OPEN),
    (
        "protected",
        "leave that out",
        wide("198.18.0.0/24"),
        protecting("198.18.0.0/25", "198.18.0.128/25"),
        protecting("198.18.0.0/25"),
    ),
    (
        "protected",
        "nothing would be left",
        draft(FEED),
        protecting("192.0.2.0/25", "2001:db8:1::/48"),
        protecting("192.0.2.0/25"),
    ),
    (
        "protected",
        "nothing would be left",
        draft(BY_INTERFACE),
        protecting("192.0.2.0/25", "2001:db8:1::/48"),
        protecting("192.0.2.8"),
    ),
    ("too-wide", "wider than /24", block("198.18.0.0/23"), TOPOLOGY, OPEN),
    ("too-wide", "wider than /48", block("2001:db8:8000::/47"), TOPOLOGY, OPEN),
    (
        "collateral",
        "192.88.0.0/25 is used by blog (tenant of host) and shop (tenant of host)",
        block("192.88.0.0/25"),
        with_customer(TENANT),
        with_customer(replace(TENANT, tenants=())),
    ),
    (
        "collateral",
        "198.18.7.0/24 is in web1, shared by cust1 and cust2",
        block("198.18.7.0/24"),
        replace(OPEN, shared=(SHARED,)),
        OPEN,
    ),
    (
        "collateral",
        "nobody can say who is hit",
        block("100.64.0.9"),
        replace(OPEN, shared=(CGNAT,)),
        OPEN,
    ),
    (
        "dynamic-pool",
        "in the dynamic pool dial, where an address stays with a customer for 1h",
        lasting("198.18.9.9", 2),
        replace(OPEN, pools=(POOL,)),
        replace(OPEN, pools=(replace(POOL, lease=7200),)),
    ),
    (
        "dynamic-pool",
        "2026-11-21T18:00:00Z",
        replace(block("198.18.9.9"), end=None, open_ended=True),
        replace(OPEN, pools=(POOL,)),
        OPEN,
    ),
    (
        "no-device-in-scope",
        "core1 is being retired",
        replace(block("198.18.0.1"), scope=Scope(devices=("core1",))),
        drained("core1"),
        OPEN,
    ),
    (
        "no-device-in-scope",
        "core1 is being retired",
        replace(block("198.18.0.1"), scope=Scope(roles=("border",))),
        drained("core1"),
        OPEN,
    ),
    ("no-device-in-scope", "role border", block("198.18.0.1"), drained("core1"), OPEN),
]


@pytest.mark.parametrize("code, part, asked, here, there", PLACES)
def test_the_very_same_draft_passes_where_the_reason_is_gone(
    code: str, part: str, asked: Draft, here: Topology, there: Topology
) -> None:
    (refusal,) = check(asked, here, KNOWN, NOW)
    assert refusal.code == code
    assert part in refusal.message
    assert check(asked, there, KNOWN, NOW) == ()


def sure(asked: Draft) -> Draft:
    return replace(asked, confirm_wide=True)


def known(asked: Draft) -> Draft:
    return replace(asked, confirm_collateral=True)


# code, the draft, where it is refused until it is confirmed, and how
CONFIRMABLE: list[tuple[str, Draft, Topology, Callable[[Draft], Draft]]] = [
    ("protected", block("198.18.0.0/24"), protecting("198.18.0.128/25"), sure),
    ("too-wide", block("198.18.0.0/15"), TOPOLOGY, sure),
    ("collateral", block("192.88.0.0/25"), with_customer(TENANT), known),
    ("collateral", block("100.64.0.9"), replace(OPEN, shared=(CGNAT,)), known),
]


@pytest.mark.parametrize("code, asked, topology, confirm", CONFIRMABLE)
def test_what_may_be_confirmed_passes_with_its_own_confirmation_alone(
    code: str, asked: Draft, topology: Topology, confirm: Callable[[Draft], Draft]
) -> None:
    other = known if confirm(asked).confirm_wide else sure
    for refused in (asked, other(asked)):
        (refusal,) = check(refused, topology, KNOWN, NOW)
        assert (refusal.code, refusal.confirmable) == (code, True)
        assert "(--confirm-" in refusal.message
    assert check(confirm(asked), topology, KNOWN, NOW) == ()


@pytest.mark.parametrize("prefix", ["128.0.0.0/7", "2000::/15", "4000::/2"])
def test_some_prefixes_are_too_wide_for_everybody(prefix: str) -> None:
    """Also where the source has no limit, and two halves of the Internet are no way out."""
    (refusal,) = check(confirmed(prefix), OPEN, KNOWN, NOW)
    assert (refusal.code, refusal.confirmable) == ("too-wide", False)
    assert "nobody may order" in refusal.message


def test_the_limit_is_the_source_s_own() -> None:
    limits = {"*": SourceLimits("*", widest4=32), "noc": SourceLimits("noc", widest4=16)}
    topology = replace(OPEN, sources=limits)
    asked = block("198.18.0.0/16")
    assert check(replace(asked, source="noc"), topology, KNOWN, NOW) == ()
    (refusal,) = check(replace(asked, source="detector"), topology, KNOWN, NOW)
    assert "wider than /32, the limit of the source 'detector'" in refusal.message
    assert codes(check(asked, replace(OPEN, sources={}), KNOWN, NOW)) == ["too-wide"]


def test_what_is_named_is_never_too_wide() -> None:
    big = Customer("big", (ip_network("198.18.0.0/15"),))
    asked = draft(BlockPort(Selection(customers=("big",)), (6,), SMTP))
    topology = with_customer(big)
    assert check(asked, replace(topology, sources={}), KNOWN, NOW) == ()


def test_of_names_the_overlapping_part_is_withheld_without_a_question() -> None:
    topology = protecting("192.0.2.0/26")
    for demand in (PORT, SUSPEND, FEED):
        assert check(draft(demand), topology, KNOWN, NOW) == ()


def test_a_typed_prefix_inside_protected_space_is_refused_beside_names_too() -> None:
    target = Selection((ip_network("198.18.0.1/32"),), ("cust1",))
    found = check(draft(BlockPort(target, (6,), SMTP)), protecting("198.18.0.0/24"), KNOWN, NOW)
    assert codes(found) == ["protected"]
    assert "198.18.0.1 touches" in found[0].message


def listed(*prefixes: str) -> Known:
    v4 = rows_of(map(ip_network, prefixes))
    none = rows_of(())
    content = ListContent(3, v4.first, v4.last, none.first, none.last)
    return replace(KNOWN, contents={"botnets": content})


def test_a_list_is_refused_where_nothing_would_be_left_of_it() -> None:
    topology = protecting("198.18.0.0/24")
    (refusal,) = check(draft(LIST), topology, listed("198.18.0.1", "198.18.0.9"), NOW)
    assert refusal.code == "protected"
    assert "every entry of its version 3 is protected" in refusal.message
    assert check(draft(LIST), topology, listed("198.18.0.1", "198.18.1.9"), NOW) == ()
    assert check(draft(LIST), OPEN, listed("198.18.0.1", "198.18.0.9"), NOW) == ()
    assert check(draft(LIST), topology, listed(), NOW) == ()


def test_the_counterpart_may_be_protected() -> None:
    assert check(draft(FEED), protecting("203.0.113.119", "2001:db8:100::119"), KNOWN, NOW) == ()


def test_a_pool_binds_what_is_typed_and_not_what_a_customer_is_registered_for() -> None:
    topology = replace(OPEN, pools=(replace(POOL, prefixes=(ip_network("192.0.2.0/24"),)),))
    named = replace(draft(BlockPort(CUST1, (6,), SMTP)), end=NOW + 9 * HOUR)
    assert check(named, topology, KNOWN, NOW) == ()
    assert codes(check(lasting("192.0.2.9", 9), topology, KNOWN, NOW)) == ["dynamic-pool"]
    assert check(lasting("192.0.2.9", 1), topology, KNOWN, NOW) == ()


def test_an_order_without_an_end_is_asked_for_one_first() -> None:
    topology = replace(OPEN, pools=(POOL,))
    asked = replace(block("198.18.9.9"), end=None)
    assert codes(check(asked, topology, KNOWN, NOW)) == ["end-missing"]


def test_many_protected_prefixes_make_a_short_sentence() -> None:
    topology = protecting(*(f"198.18.0.{n}" for n in range(200)))
    (refusal,) = check(block("198.18.0.0/24"), topology, KNOWN, NOW)
    assert "and 197 more" in refusal.message
    assert len(refusal.message) < 300


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 32),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), max_size=3),
)
def test_protected_space_is_touched_knowingly_or_not_at_all(
    address: int, length: int, protected: list[tuple[int, int]]
) -> None:
    target = ip_network((address, length), strict=False)
    kept = [ip_network(pair, strict=False) for pair in protected]
    topology = replace(TOPOLOGY, protected=tuple(ProtectedPrefix(p, "why") for p in kept))
    asked = draft(BlockAddress(target))
    touched = any(target[0] in network or network[0] in target for network in kept)
    left = len(subtract(rows_of([target]), rows_of(kept))[0]) > 0
    assert ("protected" in codes(check(asked, topology, KNOWN, NOW))) == touched
    found = check(sure(asked), topology, KNOWN, NOW)
    assert ("protected" in codes(found)) == (touched and not left)
