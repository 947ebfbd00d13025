# SPDX-License-Identifier: GPL-2.0-or-later
"""What an order would take of a neighbor's routes: as the definition says, route by route."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given, settings
from hypothesis import strategies as st

from enforcer.core.contributions import contributions
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.orders import DropRoutes, Sessions
from enforcer.core.route_effect import RouteEffect, asked_of, effect, refusals_of, rejected
from enforcer.core.routes import Route, rejects
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule
from enforcer.core.topology import ProtectedPrefix
from tests.space import Space, prefixes
from tests.unit.core.bgp_drafts import NETWORK, OF_LEAKY, nets
from tests.unit.core.drafts import draft

NEIGHBOR = "10.0.1.2"
SMALL = Space(
    (ip_network("192.0.2.16/28"), ip_network("2001:db8::10/124")),
    (ip_network("0.0.0.0/0"), ip_network("::/0"), ip_network("192.0.0.0/16")),
)
PATHS = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Route], dict[Rule, Ranges]]:
    """Routes of both families in any sequence, and up to four rules on them."""
    found = draw(st.lists(st.builds(Route, prefixes(SMALL), PATHS), max_size=12))
    rules: dict[Rule, Ranges] = {}
    for _ in range(draw(st.integers(0, 4))):
        some = draw(st.lists(prefixes(SMALL), max_size=3))
        spared = draw(st.lists(prefixes(SMALL), max_size=2))
        for family, bits in ((4, 32), (6, 128)):
            members = merge(rows_of(p for p in some if p.version == family))
            holes = merge(rows_of(p for p in spared if p.version == family))
            low, high = sorted((draw(st.integers(0, bits)), bits - draw(st.integers(0, 5))))
            one = st.none() | st.integers(1, 4)
            match = draw(st.none() | st.builds(RouteMatch, st.just(low), st.just(high), one, one))
            exempt = tuple(Exempt(*pair) for pair in holes.pairs())
            rule = Rule(family, Key.RECEIVED, exempt=exempt, neighbor=NEIGHBOR, routes=match)
            rules[rule] = members
    return found, rules


@settings(max_examples=150, deadline=None)
@given(situations())
def test_as_the_definition_says(given: tuple[list[Route], dict[Rule, Ranges]]) -> None:
    routes, rules = given
    wanted = [any(rejects(rule, members, r) for rule, members in rules.items()) for r in routes]
    assert rejected(routes, rules).tolist() == wanted
    found = effect("edge1", NEIGHBOR, routes, rules)
    assert found.lost == tuple(r for r, gone in zip(routes, wanted, strict=True) if gone)
    assert found.remaining == len(routes) - len(found.lost)
    assert found.loses_all is (bool(routes) and all(wanted))
    assert found.loses_default is any(not r.prefix.prefixlen for r in found.lost)


def rules_of(*texts: str, key: Key = Key.RECEIVED, neighbor: str = NEIGHBOR) -> dict[Rule, Ranges]:
    return {Rule(4, key, neighbor=neighbor): merge(rows_of(nets(*texts)))}


def routes_of(*texts: str) -> tuple[Route, ...]:
    return tuple(Route(prefix, (65001,)) for prefix in nets(*texts))


def test_rules_of_another_neighbor_or_the_other_way_take_nothing() -> None:
    routes = routes_of("8.8.8.0/24")
    assert effect("edge1", NEIGHBOR, routes, rules_of("8.0.0.0/8")).loses_all
    for other in (rules_of("8.0.0.0/8", key=Key.ANNOUNCED), rules_of("8.0.0.0/8", neighbor="::1")):
        found = effect("edge1", NEIGHBOR, routes, other)
        assert (found.lost, found.remaining, found.loses_all) == ((), 1, False)


def test_protected_space_is_named_and_the_default_route_is_another_matter() -> None:
    ours = ProtectedPrefix(ip_network("203.0.113.0/25"), "our own servers")
    other = ProtectedPrefix(ip_network("2001:db8::/32"), "ours too")
    lost = effect("edge1", NEIGHBOR, routes_of("203.0.113.0/24"), rules_of("203.0.0.0/16"),
                  (ours, other))  # fmt: skip
    assert lost.loses_protected == (ours,)
    inside = effect("edge1", NEIGHBOR, routes_of("203.0.113.8/32"), rules_of("203.0.0.0/16"),
                    (ours, other))  # fmt: skip
    assert inside.loses_protected == (ours,)
    default = effect("edge1", NEIGHBOR, routes_of("0.0.0.0/0"), rules_of("0.0.0.0/0"), (ours,))
    assert default.loses_default and default.loses_protected == ()


def test_nothing_accepted_is_nothing_lost() -> None:
    found = effect("edge1", NEIGHBOR, (), rules_of("0.0.0.0/0"))
    assert (found.lost, found.remaining, found.loses_all) == ((), 0, False)
    assert refusals_of([found], confirmed=False) == ()


def test_what_needs_a_confirmation() -> None:
    ours = ProtectedPrefix(ip_network("203.0.113.0/25"), "our own servers")
    routes = routes_of("0.0.0.0/0", "203.0.113.0/24")
    found = effect("edge1", NEIGHBOR, routes, rules_of("0.0.0.0/0"), (ours,))
    refusals = refusals_of([found], confirmed=False)
    assert [r.code for r in refusals] == [
        "loses-all-routes",
        "loses-default-route",
        "loses-protected-route",
    ]
    assert all(r.confirmable and "--confirm-routes" in r.message for r in refusals)
    assert f"all 2 routes received from {NEIGHBOR} on edge1" in refusals[0].message
    assert "203.0.113.0/25 (our own servers)" in refusals[2].message
    assert refusals_of([found], confirmed=True) == ()
    some = RouteEffect("edge1", NEIGHBOR, routes[:1], 1, False, (), False)
    assert refusals_of([some], confirmed=False) == ()


def test_what_an_order_asks_by_neighbor_and_way() -> None:
    demand = DropRoutes(
        OF_LEAKY, nets("8.8.8.0/24", "9.9.9.0/25", "2001:db8::/32"), direction="out"
    )
    asks = contributions(draft(demand).order(), NETWORK, {})
    found = asked_of(asks, "edge1")
    assert list(found) == [(NEIGHBOR, Key.ANNOUNCED)]
    assert sorted(rule.family for rule in found[NEIGHBOR, Key.ANNOUNCED]) == [4, 4, 6]
    assert list(asked_of(asks, "edge2")) == [("10.0.2.2", Key.ANNOUNCED)]
    assert asked_of(asks, "speaker") == {}
    closing = contributions(draft(DropRoutes(Sessions())).order(), NETWORK, {})
    assert asked_of(closing, "edge1") == {}
