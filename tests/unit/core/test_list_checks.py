# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries of a list measured by the inventory, against asking address by address."""

from __future__ import annotations

from ipaddress import ip_network

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.list_checks import Judged, grounds, judge
from enforcer.core.orders import Network
from enforcer.core.topology import (
    Customer,
    Device,
    DynamicPool,
    ProtectedPrefix,
    SharedSpace,
    Tenant,
    Topology,
)

TOPOLOGY = Topology(
    devices={"edge1": Device("edge1", "fake", nat=(ip_network("198.51.100.240/28"),))},
    customers={
        "cust1": Customer(
            "cust1",
            (ip_network("192.0.2.0/25"), ip_network("2001:db8:1::/48")),
            tenants=(Tenant("shop", (ip_network("192.0.2.64/26"),)),),
        )
    },
    protected=(
        ProtectedPrefix(ip_network("203.0.113.0/25"), "services"),
        ProtectedPrefix(ip_network("203.0.113.25/32"), "mail relay"),
        ProtectedPrefix(ip_network("203.0.113.128/26"), "more services"),
        ProtectedPrefix(ip_network("192.0.2.1/32"), "gateway"),
    ),
    pools=(DynamicPool("dsl", (ip_network("198.51.100.0/26"),), 3600),),
    shared=(SharedSpace("hosts", (ip_network("198.51.100.128/25"),)),),
    documentation_space=True,
)


def judged(*prefixes: str, topology: Topology = TOPOLOGY) -> Judged:
    networks = [ip_network(prefix) for prefix in prefixes]
    return judge(networks[0].version, rows_of(networks), grounds(topology))


def why(found: Judged) -> list[tuple[str, str, str]]:
    rows = np.flatnonzero(~found.kept | found.withheld)
    pairs = found.reasons(rows)
    return [(text, *pair) for text, pair in zip(found.texts(rows), pairs, strict=True)]


def test_each_reason_names_whose_it_is() -> None:
    found = judged(
        "203.0.113.25/32",
        "192.0.2.70/32",
        "203.0.113.0/24",
        "8.8.8.8/32",
        "192.0.2.1/32",
        "192.0.0.0/16",
        "203.0.113.0/25",
        "203.0.113.64/26",
        "203.0.113.0/25",
    )
    assert [(text, code) for text, code, _ in why(found)] == [
        ("203.0.113.25", "protected"),
        ("192.0.2.70", "own-space"),
        ("203.0.113.0/24", "withheld"),
        ("192.0.2.1", "protected"),
        ("192.0.0.0/16", "own-space"),
        ("203.0.113.0/25", "protected"),
        ("203.0.113.64/26", "protected"),
        ("203.0.113.0/25", "protected"),
    ]
    reasons = [reason for _, _, reason in why(found)]
    assert "203.0.113.25/32 (mail relay)" in reasons[0]
    assert "customer cust1's tenant shop's 192.0.2.64/26" in reasons[1]
    assert "complaint" in reasons[1]
    assert "203.0.113.0/25 (services)" in reasons[2]
    assert "that part is withheld" in reasons[2]
    assert "customer cust1's 192.0.2.0/25" in reasons[4]
    assert found.counts() == {"protected": 5, "own-space": 2}
    assert found.kept.tolist() == [False, False, True, True, *[False] * 5]


def test_our_own_space_is_more_than_customers() -> None:
    found = judged("198.51.100.1/32", "198.51.100.200/32", "198.51.100.250/32", "198.51.100.64/26")
    assert [reason.split(":")[0] for _, _, reason in why(found)] == [
        "has addresses of the dynamic pool dsl's 198.51.100.0/26",
        "has addresses of the shared space hosts's 198.51.100.128/25",
        "has addresses of edge1's translated addresses 198.51.100.240/28",
    ]


def test_two_protected_prefixes_side_by_side_protect_as_one() -> None:
    found = judged("203.0.113.0/24", "203.0.113.96/27", "203.0.113.128/27")
    assert [code for _, code, _ in why(found)] == ["withheld", "protected", "protected"]
    spanning = judge(4, Ranges.of([(0xCB007100, 0xCB0071BF)]), grounds(TOPOLOGY))
    assert spanning.kept.tolist() == [False]


def test_documentation_space_counts_outside_of_labs() -> None:
    found = judged("192.0.2.9/32", "8.8.8.8/32", topology=Topology())
    assert [(text, code) for text, code, _ in why(found)] == [("192.0.2.9", "documentation")]
    found = judged("2001:db8::/32", topology=Topology())
    assert "RFC 3849" in why(found)[0][2]
    assert judged("192.0.2.200/32").kept.all()


def test_without_anything_all_is_kept() -> None:
    nothing = Topology(documentation_space=True)
    assert judged("192.0.2.9/32", "8.0.0.0/8", topology=nothing).kept.all()
    assert judge(4, Ranges.none(), grounds(TOPOLOGY)).counts() == {}


# A space of 64 addresses: short enough to ask each of them.
BASE = int(ip_network("8.8.8.0/26").network_address)
small_s: st.SearchStrategy[Network] = st.builds(
    lambda host, length: ip_network((BASE | (host >> 32 - length << 32 - length), length)),
    st.integers(0, 63),
    st.integers(26, 32),
)


def numbers(networks: list[Network]) -> set[int]:
    return {
        address
        for n in networks
        for address in range(int(n.network_address), int(n.broadcast_address) + 1)
    }


@given(st.lists(small_s, max_size=8), st.lists(small_s, max_size=4), st.lists(small_s, max_size=4))
def test_every_address_counts(
    entries: list[Network], protected: list[Network], owned: list[Network]
) -> None:
    topology = Topology(
        customers={"c": Customer("c", tuple(owned))},
        protected=tuple(ProtectedPrefix(p, "p") for p in protected),
    )
    found = judge(4, rows_of(entries), grounds(topology))
    safe, own = numbers(protected), numbers(owned)
    for row, entry in enumerate(entries):
        asked = numbers([entry])
        expected = not asked <= safe and not asked & own
        assert found.kept[row] == expected
        assert found.withheld[row] == (expected and bool(asked & safe))
    touched = np.flatnonzero(~found.kept | found.withheld)
    assert len(found.reasons(touched)) == len(touched)
