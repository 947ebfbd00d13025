# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody puts elements into a set of ours where we would not look for them: they go."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import numpy as np
import pytest

from enforcer.core.addresses import to_column
from enforcer.core.drift import FindingKind
from enforcer.core.rules import NO_END, Key, Members, Rule
from tests.integration.nft_router import Router, desired, routers

pytestmark = pytest.mark.root
RULE = Rule(4, Key.SOURCE)
RANGES = f"r{RULE.digest}_a"
HOSTS = f"h{RULE.digest}_a"
STRAY = "198.51.100.89"


@pytest.fixture(scope="module")
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        yield made


def members(*prefixes: str) -> Members:
    nets = [ip_network(prefix) for prefix in prefixes]
    first, last = ([int(net[at]) for net in nets] for at in (0, -1))
    count = len(nets)
    ends, orders = np.full(count, NO_END), np.arange(1, count + 1)
    return Members(to_column(first), to_column(last), ends, orders)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("198.51.100.96/29",), STRAY),
        (("198.51.100.90/31",), STRAY),
        (("198.51.100.86/31", "198.51.100.90/31"), f"198.51.100.88, {STRAY}"),
        ((f"{STRAY}/32",), STRAY),
        ((), STRAY),
        ((), f"{STRAY} timeout 1h"),
    ],
)
def test_an_address_among_ranges_goes(router: Router, ours: tuple[str, ...], theirs: str) -> None:
    wanted = desired({RULE: members(*ours)} if ours else {})
    router.apply(wanted)
    router.nft(f"add element inet enforcer {RANGES} {{ {theirs} }}")
    found = router.apply(wanted)
    assert [(f.kind, RANGES in f.what) for f in found.findings] == [(FindingKind.EXTRA, True)]
    assert STRAY not in router.listing(f"set inet enforcer {RANGES}")
    assert (STRAY in router.listing(f"set inet enforcer {HOSTS}")) is (f"{STRAY}/32" in ours)


def test_an_address_gives_way_to_a_range_that_covers_it(router: Router) -> None:
    router.apply(desired({}))
    router.nft(f"add element inet enforcer {RANGES} {{ {STRAY} }}")
    router.apply(desired({RULE: members("198.51.100.88/30")}))
    assert "198.51.100.88/30" in router.listing(f"set inet enforcer {RANGES}")
    router.apply(desired({}))
    assert "198.51.100" not in router.listing("table inet enforcer")
