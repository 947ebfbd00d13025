# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR: what the operator's own policies do goes on, whatever happens to them or to ours."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from pathlib import Path

import pytest

from drivers.frr.reading import SAVED
from enforcer.core.orders import DropRoutes, Selection
from enforcer.driver_api import RoutingSession
from enforcer.errors import DeviceError, Unsupported
from tests.contract.worlds import NOTHING, converge, drift_of, read, write
from tests.integration.frr_isp import (
    AT,
    CUSTOMER,
    EVERY,
    GOOGLE,
    LEGIT,
    OWN,
    TO,
    UPSTREAM,
    Isp,
    an_isp,
    drop,
    untouched,
    wanted,
)

pytestmark = pytest.mark.root
BGP, UNICAST = "router bgp 65000", "address-family ipv4 unicast"
REST = EVERY - {GOOGLE}
HIS = ("route-map HIS permit 10", "match ip address prefix-list OPERATOR")
HIS_SET = "set local-preference 200"


@pytest.fixture(scope="module")
def world() -> Iterator[Isp]:
    with an_isp() as made:
        yield made


@pytest.fixture
def isp(world: Isp) -> Iterator[Isp]:
    with untouched(world):
        yield world


def attach(isp: Isp, name: str, neighbor: str = CUSTOMER) -> None:
    isp.edge.by_hand(BGP, UNICAST, f"neighbor {neighbor} route-map {name} in")


def ours(isp: Isp) -> str:
    """The route-map of ours that the customer has."""
    start = f"neighbor {CUSTOMER} route-map ENF-I4-"
    (line,) = [x.strip() for x in isp.edge.running().splitlines() if x.strip().startswith(start)]
    return line.split()[3]


def bound(isp: Isp, name: str) -> bool:
    return f"neighbor {CUSTOMER} route-map {name} in\n" in isp.edge.running()


def test_a_neighbor_without_policy_stays_closed(isp: Isp) -> None:
    """RFC 8212: what is attached for an order must not open the session."""
    hand, edge = isp.edge.by_hand, isp.edge
    hand(BGP, "bgp ebgp-requires-policy", UNICAST, f"no neighbor {CUSTOMER} route-map HIS in")
    edge.show("clear bgp ipv4 unicast * soft")
    isp.passes()
    out = DropRoutes(TO, (ip_network(OWN),), direction="out")
    converge(isp.driver, wanted(drop(GOOGLE), out))
    assert edge.running().count("deny 65535") == 3, "both end closed, and the mark"
    isp.passes()
    attach(isp, "HIS")
    hand(BGP, "no bgp ebgp-requires-policy")
    found = drift_of(isp.driver, wanted(drop(GOOGLE), out))
    assert any("must end otherwise" in f.detail for f in found.findings), found
    converge(isp.driver, wanted(drop(GOOGLE), out))
    isp.passes(*(REST - {OWN}))


def test_a_prefix_list_of_the_operator_is_a_policy(isp: Isp) -> None:
    hand = isp.edge.by_hand
    hand(
        BGP,
        "bgp ebgp-requires-policy",
        UNICAST,
        f"no neighbor {CUSTOMER} route-map HIS in",
        f"neighbor {CUSTOMER} prefix-list OPERATOR in",
        f"neighbor {UPSTREAM} prefix-list OPERATOR out",
    )
    isp.edge.show("clear bgp ipv4 unicast * soft")
    isp.passes(*EVERY)
    converge(isp.driver, wanted(drop(GOOGLE)))
    isp.passes(*REST)
    hand(
        BGP,
        "no bgp ebgp-requires-policy",
        UNICAST,
        f"no neighbor {CUSTOMER} prefix-list OPERATOR in",
        f"no neighbor {UPSTREAM} prefix-list OPERATOR out",
    )
    attach(isp, "HIS")


def test_a_route_map_that_does_not_exist_denies_as_before(isp: Isp) -> None:
    due = wanted(drop(GOOGLE))
    attach(isp, "NOSUCH")
    isp.passes()
    converge(isp.driver, due)
    isp.passes()
    isp.edge.by_hand("route-map NOSUCH permit 10")
    assert "has NOSUCH now" in drift_of(isp.driver, due).findings[0].detail
    converge(isp.driver, due)
    isp.passes(*REST)
    isp.edge.by_hand("no route-map NOSUCH")
    found = drift_of(isp.driver, due)
    assert "route-map NOSUCH does not exist" in found.findings[0].detail
    converge(isp.driver, due)
    isp.passes()
    converge(isp.driver, NOTHING)
    assert bound(isp, "NOSUCH")
    attach(isp, "HIS")


@pytest.mark.parametrize("damage", ["deleted", "call removed", "call changed"])
def test_his_policy_outlives_what_is_done_to_ours(isp: Isp, damage: str) -> None:
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    name = ours(isp)
    hand = isp.edge.by_hand
    if damage == "deleted":
        hand(f"no route-map {name}")
    else:
        hand(f"route-map {name} permit 65535", "call NOSUCH" if "ch" in damage else "no call")
    converge(isp.driver, due)
    isp.passes(*REST)
    assert f"route-map {ours(isp)} permit 65535\n call HIS\n" in isp.edge.running()
    converge(isp.driver, NOTHING)
    assert bound(isp, "HIS")


def test_one_of_anothers_in_its_place_is_refused(isp: Isp) -> None:
    """What the neighbor itself had is not known then."""
    converge(isp.driver, wanted(drop(GOOGLE)))
    attach(isp, ours(isp), UPSTREAM)
    due = wanted(drop(GOOGLE), drop(OWN, at=TO))
    found = drift_of(isp.driver, due)
    assert any("is not known: attach it" in f.detail for f in found.findings), found
    with pytest.raises(Unsupported, match=f"{UPSTREAM} .*is not known"):
        converge(isp.driver, due)
    isp.edge.by_hand(BGP, UNICAST, f"no neighbor {UPSTREAM} route-map {ours(isp)} in")
    converge(isp.driver, due)
    assert not drift_of(isp.driver, due)


def test_a_swap_that_was_not_taken_removes_nothing(isp: Isp, tmp_path: Path) -> None:
    script = tmp_path / "vtysh"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"-f /dev/stdin"*)\n'
        ' sed \'/ neighbor .* route-map /d\' | vtysh "$@";; *) exec vtysh "$@";; esac\n'
    )
    script.chmod(0o755)
    converge(isp.driver, wanted(drop(GOOGLE)))
    name = ours(isp)
    with pytest.raises(DeviceError, match="nothing was removed"):
        converge(isp.bound(vtysh=str(script)), wanted(drop(GOOGLE, OWN)))
    isp.passes(*REST)
    assert bound(isp, name) and f"route-map {name} permit 65535" in isp.edge.running()


def test_more_than_a_start_can_bear_is_not_saved(isp: Isp) -> None:
    some = list(map(str, IPv4Network("8.0.0.0/12").subnets(new_prefix=22)))[::2]
    more = wanted(drop(*some[: SAVED + 1]))
    converge(isp.driver, more)
    assert "ENF-" not in isp.edge.saved.replace("ENF-OWNER", "")
    (saving,) = [one for one in isp.driver.diagnose() if one.check == "saving"]
    assert saving.ok and "after a restart" in saving.detail
    isp.edge.vtysh("-c", "write memory")
    (saving,) = [one for one in isp.driver.diagnose() if one.check == "saving"]
    assert not saving.ok and "next start" in saving.detail
    converge(isp.driver, wanted(drop(GOOGLE)))
    assert "prefix-list ENF-" in isp.edge.saved and "8.0.8.0" not in isp.edge.saved


def test_a_prepended_path_is_no_leak(isp: Isp) -> None:
    """HIS makes another path of what passes: by that nobody may say what was judged."""
    isp.edge.by_hand(*HIS, "set as-path prepend 64999")
    due = wanted(DropRoutes(AT, choice="every", path_as=64999))
    converge(isp.driver, due)
    assert not drift_of(isp.driver, due)
    isp.passes(*REST)
    isp.edge.by_hand(HIS[0], "no set as-path prepend 64999")


def test_many_exceptions_are_kept_apart_and_rules_compose(isp: Isp) -> None:
    """Each rule's exceptions are its own: what one keeps, another still rejects."""
    far = list(IPv4Network("100.64.0.0/16").subnets(new_prefix=24))[::2]
    kept = Selection(prefixes=(*map(ip_network, (OWN, LEGIT)), *far))
    longer = Selection(prefixes=(*map(ip_network, (OWN, GOOGLE)), *far[1:]))
    demands = (
        DropRoutes(AT, choice="every", exceptions=kept),
        DropRoutes(AT, choice="every", longer_than4=24, exceptions=longer),
    )
    due = wanted(*demands)
    converge(isp.driver, due)
    isp.passes(OWN, LEGIT)
    assert not drift_of(isp.driver, due)
    assert isp.edge.running().count(" seq ") < 400
    shown = isp.edge.show(f"show bgp ipv4 unicast {OWN} json").replace(" ", "")
    assert '"locPrf":200' in shown, "what is kept goes through his"
    converge(isp.driver, wanted(*demands, drop(OWN)))
    isp.passes(LEGIT)
    converge(isp.driver, wanted(demands[1]))
    isp.passes(*EVERY - {"203.0.113.128/26"})


def test_what_bgpd_has_and_zebra_does_not_use_is_not_in_the_rib(isp: Isp) -> None:
    def seen() -> tuple[bool, bool]:
        with isp.driver.connect() as session:
            assert isinstance(session, RoutingSession)
            found, there = session.sightings(ip_network(LEGIT))
        return bool(found), there

    assert seen() == (True, True)
    hand = isp.edge.by_hand
    hand("route-map NEVER deny 10", BGP, UNICAST, "table-map NEVER")
    assert seen() == (True, False)
    hand(BGP, UNICAST, "no table-map NEVER")
    hand("no route-map NEVER")
    with isp.driver.connect() as session:
        assert read(isp.driver).owner is not None
        write(isp.driver, session, NOTHING)


def test_a_member_of_a_group_gets_back_its_own() -> None:
    with an_isp() as isp:
        isp.established()
        for grouped in ("GRP", "HIS"):
            _member_of_a_group(isp, grouped)


def _member_of_a_group(isp: Isp, grouped: str) -> None:
    hand = isp.edge.by_hand
    hand("route-map GRP permit 10", BGP, "neighbor CUST peer-group")
    hand(BGP, UNICAST, f"neighbor CUST route-map {grouped} in")
    hand(BGP, f"neighbor {CUSTOMER} peer-group CUST")
    attach(isp, "HIS")
    converge(isp.driver, NOTHING)
    before = isp.edge.running()
    for due in (drop(GOOGLE), drop(GOOGLE, OWN)):
        converge(isp.driver, wanted(due))
        assert f"route-map {ours(isp)} permit 65535\n call HIS\n" in isp.edge.running()
    converge(isp.driver, NOTHING)
    assert isp.edge.running() == before and bound(isp, "HIS")
