# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefix-sets and policies of IOS-XR reject what rules about routes say, and tell it again."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._router.known import KnownRules
from drivers._router.target import Target
from drivers.cisco_xr.boxes import box_of
from drivers.cisco_xr.identify import held_addresses
from drivers.cisco_xr.model import Box, Items, Peer, PeerKey, PolicyKey, SetKey, Setup
from drivers.cisco_xr.render import wanted
from drivers.cisco_xr.route_sets import condition, meant, member_of, normal, said
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.routes import Route, RouteEntry, rejects
from enforcer.core.rules import Key, Owner, RouteMatch, Rule
from tests.unit.drivers.route_rules import NEIGHBOR, members, routes, rules

OURS = Owner("C0FFEE", 3)
EMPTY = Box(peers={NEIGHBOR: Peer("64501", {(4, "in"): "PASS"}, families=frozenset({4}))})
WANTED = st.dictionaries(rules(), members(), min_size=1, max_size=3)


def written(asked: dict[Rule, Ranges]) -> Items:
    return wanted(Setup(OURS), Target(asked), EMPTY, OURS)


def drops(items: Items, prefix: Network) -> bool:
    """As the device does: the first condition of the bound policy that is true decides."""
    (policy,) = (value for key, value in items.items() if isinstance(key, PeerKey))
    assert isinstance(policy, str)
    lines = items[PolicyKey(policy)]
    assert isinstance(lines, tuple) and lines[-3:] == ("else", "apply PASS", "endif")
    tests = [line.split() for line in lines if line.endswith(" then")]
    assert [words[0] for words in tests] == ["if", *["elseif"] * (len(tests) - 1)]
    return any(_in_set(items, words[3], prefix) for words in tests)


def _in_set(items: Items, name: str, prefix: Network) -> bool:
    entries = items[SetKey(name)]
    assert isinstance(entries, frozenset)
    return any(_matches(entry.split(), prefix) for entry in entries)


def _matches(words: list[str], prefix: Network) -> bool:
    network = ip_network(words[0])
    told = dict(zip(words[1::2], map(int, words[2::2]), strict=True))
    low = told.get("ge", network.prefixlen)
    high = told.get("le", 32 if "ge" in told else network.prefixlen)
    first, last = int(network.network_address), int(network.broadcast_address)
    inside = first <= int(prefix.network_address) and int(prefix.broadcast_address) <= last
    return inside and low <= prefix.prefixlen <= high


@given(WANTED, st.lists(routes(), min_size=1, max_size=8))
def test_the_bound_policy_rejects_what_any_rule_rejects(
    asked: dict[Rule, Ranges], some: list[Route]
) -> None:
    items = written(asked)
    for route in some:
        rejected = any(rejects(rule, rows, route) for rule, rows in asked.items())
        assert drops(items, route.prefix) is rejected


@given(WANTED)
def test_what_stands_tells_every_members_again(asked: dict[Rule, Ranges]) -> None:
    known = KnownRules()
    known.learn(asked)
    there = held_addresses(box_of(written(asked), EMPTY), known, Setup(OURS))
    told = {rule: Ranges(m.first, m.last).pairs() for rule, m in there.items()}
    assert told == {rule: rows.pairs() for rule, rows in asked.items()}


@pytest.mark.parametrize(
    "text, ours, entry",
    [
        ("10.0.0.0/8", "10.0.0.0/8", ("10.0.0.0/8", 8, 8)),
        ("10.0.0.0/8 le 24", "10.0.0.0/8 le 24", ("10.0.0.0/8", 8, 24)),
        ("10.0.0.0/8 ge 25", "10.0.0.0/8 ge 25 le 32", ("10.0.0.0/8", 25, 32)),
        ("10.0.0.0/8 eq 24", "10.0.0.0/8 ge 24 le 24", ("10.0.0.0/8", 24, 24)),
        ("::/0 ge 49 le 128", "::/0 ge 49 le 128", ("::/0", 49, 128)),
    ],
)
def test_entries_by_length(text: str, ours: str, entry: tuple[str, int, int]) -> None:
    match = RouteEntry(ip_network(entry[0]), *entry[1:])
    assert meant(text) == match and said(match) == ours and normal(text) == ours


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.0/8 ge", "10.0.0.0/8 ne 9", "10.0.0.0/8 ge 4", "10.0.0.0/8 le x"]
)
def test_other_shapes_are_kept_as_they_are_and_are_no_member(text: str) -> None:
    assert meant(text) is None and normal(text) == text
    assert member_of(Rule(4, Key.RECEIVED, neighbor=NEIGHBOR), text) is None


def test_what_a_rule_says_of_the_path_must_hold_as_well() -> None:
    rule = Rule(4, Key.RECEIVED, neighbor=NEIGHBOR, routes=RouteMatch(0, 32, 64511, 64512))
    assert condition(rule) == (
        f"destination in ENF-{rule.digest}-S and as-path originates-from '64511'"
        " and as-path passes-through '64512'"
    )
