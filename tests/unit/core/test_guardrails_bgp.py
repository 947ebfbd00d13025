# SPDX-License-Identifier: GPL-2.0-or-later
"""What speaks against orders about BGP: each code broken on purpose, and then mended."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from enforcer.core.draft import Draft, Refusal
from enforcer.core.guardrails import check
from enforcer.core.orders import (
    MOST_ROUTES,
    Blackhole,
    Demand,
    Direction,
    DropRoutes,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.topology import Interface, Leaving, Neighbor, Topology
from tests.unit.core.bgp_drafts import (
    EDGE,
    EDGE2,
    LEAKY,
    LOOSE,
    NETWORK,
    OF_LEAKY,
    SECOND,
    SPEAKER,
    nets,
    sessions,
    with_device,
)
from tests.unit.core.drafts import CAPABILITIES, EVERYTHING, KNOWN, NOW, draft

ABLE = {**CAPABILITIES, **dict.fromkeys(NETWORK.devices, EVERYTHING)}
LEAK = nets("8.8.8.0/24")
KEPT = Selection(nets("9.9.9.0/24", "2001:db8:9::/48"))
DROP = DropRoutes(OF_LEAKY, LEAK)
HOLE = Blackhole(ip_network("192.0.2.7/32"))
CLOSE = ShutdownSession(OF_LEAKY)


def said(asked: Draft | Demand, topology: Topology = NETWORK) -> tuple[Refusal, ...]:
    asked = asked if isinstance(asked, Draft) else draft(asked)
    return check(asked, topology, KNOWN, NOW, ABLE)


def code(asked: Draft | Demand, topology: Topology = NETWORK) -> list[str]:
    return [refusal.code for refusal in said(asked, topology)]


def on(demand: Demand, scope: Scope) -> Draft:
    return replace(draft(demand), scope=scope)


def sure(demand: Demand) -> Draft:
    return replace(draft(demand), confirm_routes=True)


SOUND: list[Demand] = [
    DROP,
    replace(DROP, or_longer=True, direction="out"),
    replace(DROP, prefixes=(), choice="unregistered", sessions=sessions("10.0.1.2")),
    replace(DROP, prefixes=(), choice="every", origin_as=65009),
    replace(DROP, prefixes=(), choice="every", longer_than4=24),
    HOLE,
    replace(HOLE, exports=("transit1",)),
    Blackhole(ip_network("2001:db8:1::7/128")),
    CLOSE,
    SuspendCustomer("leaky", Selection(), "session"),
]


@pytest.mark.parametrize("demand", SOUND)
def test_sound_drafts_pass(demand: Demand) -> None:
    assert said(demand) == ()


def test_a_blackhole_both_ways_passes_where_every_edge_checks_sources_loosely() -> None:
    both = replace(HOLE, direction=Direction.BOTH)
    assert code(both) == ["source-blackhole-needs-urpf"]
    assert "edge1 and edge2 do not" in said(both)[0].message
    assert code(both, LOOSE) == []
    one = with_device(replace(SECOND, urpf="strict"), LOOSE)
    assert "edge2 does not" in said(both, one)[0].message
    # An edge by what is behind its interfaces, not by its role.
    behind = with_device(replace(EDGE, roles=frozenset()), LOOSE)
    assert code(both, with_device(replace(EDGE, urpf="", roles=frozenset()), behind)) == [
        "source-blackhole-needs-urpf"
    ]
    leaving = with_device(replace(SECOND, leaving=Leaving.DRAINING), LOOSE)
    assert code(both, leaving) == []


MENDED: list[tuple[str, Demand | Draft, str, Demand | Draft]] = [
    ("unknown-customer", replace(DROP, sessions=sessions("leeky")), "mean leaky?", DROP),
    ("sessions-missing", ShutdownSession(Sessions()), "a scope", on(CLOSE, EDGE2)),
    ("sessions-missing", replace(DROP, sessions=Sessions()), "name the customers",
     on(replace(DROP, sessions=Sessions()), EDGE2)),
    ("no-session", replace(DROP, sessions=sessions("unconnected")), "known: bare and leaky", DROP),
    ("no-session", replace(DROP, sessions=sessions("10.0.1.3")), "did you mean 10.0.1.2?", DROP),
    ("no-session", replace(DROP, sessions=sessions(65001, 7)), "AS7", DROP),
    ("no-session", on(replace(DROP, sessions=sessions(65002)), Scope(("edge1",))),
     "it is on edge2", on(replace(DROP, sessions=sessions(65002)), EDGE2)),
    ("no-session", replace(DROP, sessions=sessions("10.0.5.5")), "in a VRF", DROP),
    ("no-session", replace(DROP, sessions=sessions(65033)), "filter1 has one", DROP),
    ("no-session", on(replace(CLOSE, sessions=Sessions()), Scope(("filter1",))),
     "with the outside", on(CLOSE, EDGE2)),
    ("no-session", SuspendCustomer("unconnected", Selection(), "session"), "unconnected",
     SuspendCustomer("leaky", Selection(), "session")),
    ("no-routes", replace(DROP, prefixes=()), "name the prefixes", DROP),
    ("no-routes", replace(DROP, choice="every"), "choose one", DROP),
    ("no-routes", replace(DROP, longer_than4=24), "longer than asked for",
     replace(DROP, longer_than4=24, or_longer=True)),
    ("no-routes", replace(DROP, prefixes=nets("2001:db8::/32"), sessions=sessions("10.0.2.2")),
     "IPv4 routes only", DROP),
    ("too-many-routes", replace(DROP, prefixes=LEAK * (MOST_ROUTES + 1)), "100,001 prefixes", DROP),
    ("nothing-registered",
     replace(DROP, sessions=sessions(65003), choice="unregistered", prefixes=()),
     "no such route from 10.9.0.7 on edge1 would be rejected",
     replace(DROP, sessions=sessions(65003), choice="unregistered")),
    ("nothing-registered",
     replace(DROP, sessions=sessions("10.0.0.1"), choice="unregistered", prefixes=()),
     "which is no customer",
     replace(DROP, sessions=sessions("10.0.0.1"), choice="unregistered")),
    ("bad-routes", replace(DROP, longer_than4=-5, or_longer=True), "from 0 to 31",
     replace(DROP, longer_than4=24, or_longer=True)),
    ("bad-routes", replace(DROP, longer_than6=128, or_longer=True), "from 0 to 127",
     replace(DROP, longer_than6=24, or_longer=True, prefixes=nets("2620:fe::/48"))),
    ("bad-routes", replace(DROP, origin_as=-1), "origin_as: -1", replace(DROP, origin_as=1)),
    ("bad-routes", replace(DROP, path_as=2**32), "path_as", replace(DROP, path_as=2**32 - 1)),
    ("bad-routes", replace(DROP, choice="unregistered", or_longer=True), "none are listed",
     replace(DROP, or_longer=True)),
    ("no-session", ShutdownSession(Sessions(asns=(0,))), "AS0",
     ShutdownSession(sessions("10.0.2.2"))),
    ("no-device-in-scope",
     replace(on(SuspendCustomer("leaky", KEPT), EDGE2), confirm_routes=True), "--mode session",
     sure(SuspendCustomer("leaky", KEPT))),
    ("loses-all-routes", replace(DROP, prefixes=(), choice="every"), "10.0.1.2 on edge1",
     sure(replace(DROP, prefixes=(), choice="every"))),
    ("loses-all-routes", replace(DROP, prefixes=nets("0.0.0.0/0"), or_longer=True),
     "every IPv4 route of 10.0.1.2 on edge1",
     sure(replace(DROP, prefixes=nets("0.0.0.0/0"), or_longer=True))),
    ("loses-default-route", replace(DROP, prefixes=nets("::/0")), "the default route", DROP),
    ("loses-default-route", replace(DROP, prefixes=(), choice="every",
                                    exceptions=KEPT), "the default route",
     replace(DROP, prefixes=(), choice="every", exceptions=KEPT, origin_as=1)),
    ("loses-protected-route", replace(DROP, prefixes=nets("203.0.113.0/24")), "our own servers",
     sure(replace(DROP, prefixes=nets("203.0.113.0/24")))),
    ("loses-protected-route", replace(DROP, prefixes=nets("203.0.0.0/16"), or_longer=True),
     "203.0.113.0/25",
     replace(DROP, prefixes=nets("203.0.0.0/16"), or_longer=True,
             exceptions=Selection(nets("203.0.113.0/25")))),
    ("vrf-unsupported", replace(DROP, vrf="red"), "VRF 'red'", DROP),
    ("nothing-can-be-kept", replace(HOLE, exceptions=Selection(LEAK)), "a blackhole", HOLE),
    ("nothing-can-be-kept", replace(CLOSE, exceptions=Selection(LEAK)), "is shut down", CLOSE),
    ("nothing-can-be-kept", SuspendCustomer("leaky", Selection(LEAK), "session"), "is shut down",
     SuspendCustomer("leaky", Selection(), "session")),
    ("upstream-session", ShutdownSession(sessions("10.0.0.1")), "transit1 on edge1",
     sure(ShutdownSession(sessions("10.0.0.1")))),
    ("internal-session", ShutdownSession(sessions("10.0.9.9")), "--confirm-routes",
     sure(ShutdownSession(sessions("10.0.9.9")))),
    ("internal-session", sure(ShutdownSession(sessions(65000))), "by its address",
     sure(ShutdownSession(sessions("10.0.9.9")))),
    ("carries-management", ShutdownSession(sessions("bare")), "over the link to 10.9.0.7",
     sure(ShutdownSession(sessions("bare")))),
    ("exceptions-need-routes", SuspendCustomer("leaky", KEPT), "10.0.2.2 on edge2 shut down",
     sure(SuspendCustomer("leaky", KEPT))),
    ("exceptions-need-routes", SuspendCustomer("leaky", KEPT), "attach the customer by interface",
     on(SuspendCustomer("leaky", KEPT), Scope(("edge1", "filter1")))),
    ("blackhole-from-only", replace(HOLE, direction=Direction.FROM), "both directions", HOLE),
    ("foreign-destination", Blackhole(ip_network("8.8.8.8/32")), "--confirm-foreign",
     replace(draft(Blackhole(ip_network("8.8.8.8/32"))), confirm_foreign=True)),
    ("too-wide", Blackhole(ip_network("192.0.2.0/30")), "--confirm-wide",
     replace(draft(Blackhole(ip_network("192.0.2.0/30"))), confirm_wide=True)),
    ("unknown-upstream", replace(HOLE, exports=("transit2",)), "did you mean transit1?",
     replace(HOLE, exports=("transit1",))),
    ("no-rtbh-speaker", on(HOLE, EDGE2), "in the scope", HOLE),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "broken", "words", "mended"), MENDED)
def test_each_code_and_its_way_out(
    expected: str, broken: Demand | Draft, words: str, mended: Demand | Draft
) -> None:
    found = said(broken)
    assert [refusal.code for refusal in found] == [expected]
    assert words in found[0].message
    assert said(mended) == ()


CONFIRMABLE = {
    "nothing-registered",
    "loses-all-routes",
    "loses-default-route",
    "loses-protected-route",
    "upstream-session",
    "foreign-destination",
    "too-wide",
    "carries-management",
    "exceptions-need-routes",
}


@pytest.mark.parametrize(("expected", "broken"), [(c, b) for c, b, _, _ in MENDED])
def test_what_can_be_confirmed_says_how(expected: str, broken: Demand | Draft) -> None:
    (refusal,) = said(broken)
    if expected in ("internal-session", "nothing-registered"):
        assert refusal.confirmable is ("--confirm-" in refusal.message)
        return
    assert refusal.confirmable is (expected in CONFIRMABLE)
    assert refusal.confirmable is ("--confirm-" in refusal.message)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("0.0.0.0/0", "default-route"),
        ("224.0.0.1/32", "special-purpose"),
        ("203.0.113.7/32", "protected"),
        ("192.0.0.0/7", "too-wide"),
    ],
)
def test_a_blackhole_is_a_block_like_others(prefix: str, expected: str) -> None:
    hole = Blackhole(ip_network(prefix, strict=False))
    asked = replace(draft(hole), confirm_wide=True, confirm_foreign=True)
    assert expected in code(asked)


def test_a_speaker_must_say_how_it_announces() -> None:
    silent = with_device(replace(SPEAKER, blackholing=None))
    assert code(HOLE, silent) == ["no-rtbh-speaker"]
    assert "speaker has the role" in said(HOLE, silent)[0].message
    nobody = replace(NETWORK, devices={"edge1": EDGE})
    assert "no device announces" in said(HOLE, nobody)[0].message


def test_whose_space_a_blackhole_may_be_in() -> None:
    for prefix in ("198.51.100.9/32", "10.0.1.1/32"):
        assert code(Blackhole(ip_network(prefix))) == []
    straddling = Blackhole(ip_network("192.0.2.0/24"))
    assert code(replace(draft(straddling), confirm_wide=True)) == ["foreign-destination"]


def test_a_device_that_is_being_retired_says_so() -> None:
    leaving = with_device(replace(EDGE, leaving=Leaving.DRAINING))
    (refusal,) = said(replace(DROP, sessions=sessions("10.0.1.2")), leaving)
    assert refusal.code == "no-session" and "is being retired" in refusal.message


def test_a_device_that_cannot_shut_sessions_says_how_to_do_without() -> None:
    able = {**ABLE, "edge1": replace(EVERYTHING, keys=frozenset())}
    (refusal,) = check(draft(CLOSE), NETWORK, KNOWN, NOW, able)
    assert refusal.code == "unsupported-on-device" and "bgp: false" in refusal.message


def test_our_way_over_another_link_is_not_lost() -> None:
    aside = replace(
        EDGE, interfaces=(Interface("mgmt0", "", (ip_interface("10.8.0.1/24"),), management=True),)
    )
    assert code(ShutdownSession(sessions("bare")), with_device(aside)) == []


def test_every_protected_prefix_is_counted() -> None:
    more = tuple(
        replace(NETWORK.protected[0], prefix=ip_network(f"203.0.{n}.0/24")) for n in range(5)
    )
    asked = replace(DROP, prefixes=nets("203.0.0.0/16"), or_longer=True)
    (refusal,) = said(asked, replace(NETWORK, protected=more))
    assert "and 2 more" in refusal.message


def test_registered_by_the_other_family_alone_is_not_enough() -> None:
    only4 = replace(LEAKY, prefixes=nets("192.0.2.0/25"))
    topology = replace(NETWORK, customers={**NETWORK.customers, "leaky": only4})
    asked = replace(DROP, prefixes=(), choice="unregistered")
    (refusal,) = said(asked, topology)
    assert refusal.code == "nothing-registered" and "no IPv6 prefix" in refusal.message


def test_a_neighbor_that_nothing_is_stated_of_is_taken_for_our_own_network() -> None:
    closing = ShutdownSession(sessions(65002))
    assert code(closing) == ["internal-session"]
    stated = replace(SECOND, neighbors=(Neighbor(SECOND.neighbors[1].address, 65002, "bare"),))
    assert code(closing, with_device(stated)) == []
