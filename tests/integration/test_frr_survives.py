# SPDX-License-Identifier: GPL-2.0-or-later
"""A real bgpd lives through what is done to our route-maps by hand, and through their repair.

bgpd 8.4 frees a route-map that is attached under its neighbors where it is deleted and one of
that name is made before ``bgp route-map delay-timer`` is over (FRR pull request 14017).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.worlds import NOTHING, converge, drift_of
from tests.integration.frr_isp import (
    CLOUD,
    CUSTOMER,
    EVERY,
    GOOGLE,
    LEGIT6,
    Isp,
    an_isp,
    drop,
    wanted,
)

pytestmark = pytest.mark.root
LOOPS = 3
START = f"neighbor {CUSTOMER} route-map "


@pytest.fixture(scope="module")
def isp() -> Iterator[Isp]:
    with an_isp() as made:
        made.established()
        # The longest that it can be: nothing that was deleted is forgotten within this test.
        made.edge.by_hand("router bgp 65000", "bgp route-map delay-timer 600")
        yield made


def attached(isp: Isp) -> str:
    """The route-map of the customer."""
    lines = map(str.strip, isp.edge.show("show running-config").splitlines())
    (name,) = [line.split()[3] for line in lines if line.startswith(START)]
    return name


def test_a_map_deleted_under_its_neighbor_is_not_made_again_by_its_name(isp: Isp) -> None:
    one, other = wanted(drop(GOOGLE)), wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, one)
    for _ in range(LOOPS):
        name = attached(isp)
        isp.edge.by_hand(f"no route-map {name}")
        converge(isp.driver, one)
        assert attached(isp)[:-5] == name[:-5] and attached(isp) != name
        assert not drift_of(isp.driver, one)
        # What it has goes back to what it had: by this bgpd died.
        converge(isp.driver, other)
        converge(isp.driver, one)
        assert isp.edge.ended is None, "bgpd runs as it was started"
    converge(isp.driver, NOTHING)
    assert attached(isp) == "HIS" and isp.edge.ended is None
    assert LEGIT6 in isp.edge.show("show bgp ipv6 unicast")
    isp.passes(*EVERY)
