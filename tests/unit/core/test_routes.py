# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule about routes as a list of entries says what the rule says, for every prefix there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from ipaddress import ip_network

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from enforcer.core.intervals import Ranges, merge
from enforcer.core.orders import Network
from enforcer.core.routes import Route, RouteEntry, entries, of_path, rejects
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule

SPACES = (ip_network("192.0.2.240/28"), ip_network("2001:db8::fff0/124"), ip_network("0.0.0.0/28"))
NEIGHBOR = "10.0.0.1"
Entries = Callable[[Rule, Ranges], Sequence[RouteEntry]]


@cache
def every_prefix(space: Network) -> tuple[Network, ...]:
    """All prefixes inside of `space`, and all around it."""
    inside = (p for length in range(space.prefixlen, space.max_prefixlen + 1)
              for p in space.subnets(new_prefix=length))  # fmt: skip
    around = (space.supernet(new_prefix=length) for length in range(space.prefixlen))
    return (*inside, *around)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Network, Rule, Ranges]:
    """A space, and a rule with members in it, exceptions and lengths."""
    space = draw(st.sampled_from(SPACES))
    bounds = st.tuples(*[st.integers(0, 15)] * 2).map(sorted)
    base, bits = int(space.network_address), space.max_prefixlen

    def ranges(most: int) -> Ranges:
        found = draw(st.lists(bounds, max_size=most))
        return merge(Ranges.of((base + low, base + high) for low, high in found))

    # Now and then everything, so that what lies around the exceptions reaches the whole family.
    whole = Ranges.of([(0, (1 << bits) - 1)])
    members = whole if draw(st.integers(0, 4)) == 0 else ranges(3)
    exempt = tuple(Exempt(first, last) for first, last in ranges(3).pairs())
    lengths = st.tuples(*[st.integers(0, bits) | st.integers(bits - 5, bits)] * 2).map(sorted)
    low, high = draw(lengths)
    match = draw(st.sampled_from([None, RouteMatch(low, high), RouteMatch(bits - 4, high)]))
    rule = Rule(space.version, Key.RECEIVED, exempt=exempt, neighbor=NEIGHBOR, routes=match)
    return space, rule, members


def matched(found: Sequence[RouteEntry], prefix: Network) -> bool:
    """As a router does: inside an entry's prefix, of one of its lengths."""
    return any(
        entry.shortest <= prefix.prefixlen <= entry.longest
        and entry.prefix.prefixlen <= prefix.prefixlen
        and prefix.network_address in entry.prefix
        for entry in found
    )


def differences(
    given: tuple[Network, Rule, Ranges], making: Entries = entries
) -> Iterator[Network]:
    space, rule, members = given
    found = making(rule, members)
    for prefix in every_prefix(space):
        if matched(found, prefix) is not rejects(rule, members, Route(prefix)):
            yield prefix


@settings(max_examples=150, deadline=None)
@given(asked())
def test_entries_say_what_the_rule_says(given: tuple[Network, Rule, Ranges]) -> None:
    assert list(differences(given)) == []


@settings(max_examples=60, deadline=None)
@given(asked())
def test_entries_are_sorted_possible_and_each_once(given: tuple[Network, Rule, Ranges]) -> None:
    _, rule, members = given
    found = entries(rule, members)
    keys = [(int(e.prefix.network_address), e.prefix.prefixlen) for e in found]
    assert keys == sorted(keys) and len(set(found)) == len(found)
    assert all(e.prefix.prefixlen <= e.shortest <= e.longest for e in found)


def _exceptions_left_out(rule: Rule, members: Ranges) -> list[RouteEntry]:
    return entries(Rule(rule.family, rule.key, neighbor=NEIGHBOR, routes=rule.routes), members)


def _nothing_around(rule: Rule, members: Ranges) -> list[RouteEntry]:
    return [e for e in entries(rule, members) if e.shortest != e.longest]


def _any_length(rule: Rule, members: Ranges) -> list[RouteEntry]:
    return entries(Rule(rule.family, rule.key, exempt=rule.exempt, neighbor=NEIGHBOR), members)


@pytest.mark.parametrize("broken", [_exceptions_left_out, _nothing_around, _any_length])
def test_broken_entries_are_caught(broken: Entries) -> None:
    search = settings(
        max_examples=400,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    try:
        find(asked(), lambda given: any(True for _ in differences(given, broken)), settings=search)
    except NoSuchExample:
        pytest.fail("a broken list of entries went unnoticed")


@pytest.mark.parametrize(
    ("match", "path", "applies"),
    [
        (None, (), True),
        (RouteMatch(0, 32), (), True),
        (RouteMatch(0, 32, origin=3), (1, 2, 3), True),
        (RouteMatch(0, 32, origin=2), (1, 2, 3), False),
        (RouteMatch(0, 32, origin=1), (1,), True),
        (RouteMatch(0, 32, origin=1), (), False),
        (RouteMatch(0, 32, passes=2), (1, 2, 3), True),
        (RouteMatch(0, 32, passes=3), (1, 2, 3), True),
        (RouteMatch(0, 32, passes=4), (1, 2, 3), False),
        (RouteMatch(0, 32, origin=3, passes=4), (1, 2, 3), False),
    ],
)
def test_what_is_said_of_the_path(
    match: RouteMatch | None, path: tuple[int, ...], applies: bool
) -> None:
    assert of_path(match, path) is applies


def test_the_definition_by_example() -> None:
    """The whole prefix inside the members as one union, its length, and no exception around it."""
    half = [ip_network("192.0.2.0/25"), ip_network("192.0.2.128/25")]
    members = Ranges.of((int(p.network_address), int(p.broadcast_address)) for p in half)
    members = merge(members)
    spared = ip_network("192.0.2.128/26")
    exempt = (Exempt(int(spared.network_address), int(spared.broadcast_address)),)
    rule = Rule(4, Key.RECEIVED, exempt=exempt, neighbor=NEIGHBOR, routes=RouteMatch(24, 27))

    def said(text: str) -> bool:
        return rejects(rule, members, Route(ip_network(text)))

    assert said("192.0.2.0/24")  # more than the exception, and all of it inside both halves
    assert said("192.0.2.128/25") and said("192.0.2.192/26")
    assert not said("192.0.2.128/26") and not said("192.0.2.160/27")
    assert not said("192.0.2.0/28") and not said("192.0.2.0/23")
    assert not said("2001:db8::/32")
    assert entries(rule, members) == [
        RouteEntry(ip_network("192.0.2.0/24"), 24, 24),
        RouteEntry(ip_network("192.0.2.0/25"), 25, 27),
        RouteEntry(ip_network("192.0.2.128/25"), 25, 25),
        RouteEntry(ip_network("192.0.2.192/26"), 26, 27),
    ]
