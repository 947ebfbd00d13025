# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefix-lists of IOS reject what rules about routes say, and tell their members again."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._router.known import KnownRules
from drivers._router.names import group_name
from drivers._router.target import Target
from drivers.cisco_ios.abilities import capability
from drivers.cisco_ios.applied import applied
from drivers.cisco_ios.ground import Ground, Layout
from drivers.cisco_ios.identify import seen
from drivers.cisco_ios.model import Box, Entry, Fact, Filter, Peer
from drivers.cisco_ios.render import Wanted, facts
from drivers.cisco_ios.route_lists import entry_of, entry_text, normal
from enforcer.core.capability import unsupported
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.routes import Route, RouteEntry, rejects
from enforcer.core.rules import Key, RouteMatch, Rule
from enforcer.core.topology import Device, Neighbor
from tests.unit.drivers.route_rules import NEIGHBOR, members, routes, rules

DEVICE = Device("edge1", "cisco_ios", neighbors=(Neighbor(ip_network("192.0.2.130")[0], 64501),))
LAYOUT = Layout.of(DEVICE)
WANTED = st.dictionaries(rules(), members(), min_size=1, max_size=3)


def written(wanted: dict[Rule, Ranges]) -> frozenset[Fact]:
    return facts(Wanted(Target(wanted)), LAYOUT, Ground())


def bound(found: frozenset[Fact]) -> str:
    (name,) = {fact.name for fact in found if isinstance(fact, Filter)}
    return name


def permits(found: frozenset[Fact], name: str, prefix: Network) -> bool:
    """As the device does: the first entry that matches decides; the permit of all is last."""
    texts = [fact.text for fact in found if isinstance(fact, Entry) and fact.name == name]
    assert "permit 0.0.0.0/0 le 32" in texts
    return not any(_matches(text.split(), prefix) for text in texts if text.startswith("deny"))


def _matches(words: list[str], prefix: Network) -> bool:
    network = ip_network(words[1])
    told = dict(zip(words[2::2], map(int, words[3::2]), strict=True))
    low = told.get("ge", network.prefixlen)
    high = told.get("le", 32 if "ge" in told else network.prefixlen)
    inside = int(prefix.network_address) >> (32 - network.prefixlen) if network.prefixlen else 0
    own = int(network.network_address) >> (32 - network.prefixlen) if network.prefixlen else 0
    longer = prefix.prefixlen >= network.prefixlen
    return longer and inside == own and low <= prefix.prefixlen <= high


@given(WANTED, st.lists(routes(), min_size=1, max_size=8))
def test_the_bound_list_rejects_what_any_rule_rejects(
    wanted: dict[Rule, Ranges], some: list[Route]
) -> None:
    found = written(wanted)
    for route in some:
        rejected = any(rejects(rule, rows, route) for rule, rows in wanted.items())
        assert permits(found, bound(found), route.prefix) is not rejected


@given(WANTED)
def test_what_stands_tells_every_members_again(wanted: dict[Rule, Ranges]) -> None:
    known = KnownRules()
    known.learn(wanted)
    empty = Box(peers={(4, NEIGHBOR): Peer(("router bgp 64500",))})
    again = seen(applied(empty, written(wanted)), LAYOUT, known)
    assert again.facts == written(wanted)
    told = {rule: Ranges(m.first, m.last).pairs() for rule, m in again.addresses.items()}
    assert told == {rule: rows.pairs() for rule, rows in wanted.items()}


@given(WANTED, st.data())
def test_an_entry_that_is_lost_or_altered_is_no_silence(
    wanted: dict[Rule, Ranges], data: st.DataObject
) -> None:
    """Either a member is missing, or the structure is not what the members need."""
    found = written(wanted)
    entries = sorted(f for f in found if isinstance(f, Entry) and f.text.startswith("deny"))
    if not entries:
        return
    gone = data.draw(st.sampled_from(entries))
    other = gone._replace(text=data.draw(st.sampled_from(["", f"{gone.text} ge 32", "deny ::/0"])))
    left = (found - {gone}) | ({other} if other.text else set())
    known = KnownRules()
    known.learn(wanted)
    empty = Box(peers={(4, NEIGHBOR): Peer(("router bgp 64500",))})
    again = seen(applied(empty, left), LAYOUT, known)
    told = {r: Ranges(m.first, m.last) for r, m in again.addresses.items()}
    same = {r: m.pairs() for r, m in told.items()} == {r: m.pairs() for r, m in wanted.items()}
    assert not same or written(told) != again.facts


@pytest.mark.parametrize(
    "text, entry",
    [
        ("deny 10.0.0.0/8", ("10.0.0.0/8", 8, 8)),
        ("deny 10.0.0.0/8 le 24", ("10.0.0.0/8", 8, 24)),
        ("deny 10.0.0.0/8 ge 25", ("10.0.0.0/8", 25, 32)),
        ("deny 10.0.0.0/8 ge 24 le 24", ("10.0.0.0/8", 24, 24)),
        ("deny ::/0 ge 49", ("::/0", 49, 128)),
        ("deny 2001:db8::/32 le 128", ("2001:db8::/32", 32, 128)),
    ],
)
def test_entries_by_length(text: str, entry: tuple[str, int, int]) -> None:
    meant = RouteEntry(ip_network(entry[0]), *entry[1:])
    assert entry_text(meant) == text and entry_of(text) == meant


def test_what_is_shown_in_other_words_is_the_same() -> None:
    assert normal("deny 10.0.0.0/8 ge 25 le 32") == "deny 10.0.0.0/8 ge 25"
    assert normal("deny ::/0 ge 49 le 128") == "deny ::/0 ge 49"
    assert normal("permit 0.0.0.0/0 le 32") == "permit 0.0.0.0/0 le 32"


@pytest.mark.parametrize("text", ["permit 10.0.0.0/8", "deny", "deny x", "deny 10.0.0.0/8 ge"])
def test_what_is_no_deny_of_that_shape_is_none(text: str) -> None:
    assert entry_of(text) is None


@pytest.mark.parametrize("match", [RouteMatch(0, 32, 64511), RouteMatch(0, 32, None, 64512)])
def test_a_rule_by_as_path_is_refused_in_a_sentence(match: RouteMatch) -> None:
    able = capability(DEVICE, LAYOUT, 100)
    rule = Rule(4, Key.RECEIVED, neighbor=NEIGHBOR, routes=match)
    why = unsupported(rule, DEVICE, able)
    assert why is not None and "AS path" in why and why.startswith("edge1 cannot")
    assert unsupported(replace(rule, routes=RouteMatch(25, 32)), DEVICE, able) is None
    assert unsupported(Rule(0, Key.SESSION), DEVICE, able) is None


def test_a_list_of_many_entries_goes_as_a_whole() -> None:
    from drivers.cisco_ios.objects import LAST_ENTRY, entries

    name = group_name(Rule(4, Key.RECEIVED, neighbor=NEIGHBOR), "F")
    rows = {5 * n: f"deny 198.51.{n}.0/24" for n in range(1, 60)}
    rows[LAST_ENTRY] = "permit 0.0.0.0/0 le 32"
    gone = {Entry(4, name, text) for text in rows.values()}
    (step,) = entries(Box(lists={(4, name): rows}), (), gone)
    assert step.line == f"no ip prefix-list {name}" and len(step.back) == len(rows)
    some = sorted(gone)[:55]
    assert len(list(entries(Box(lists={(4, name): rows}), (), some))) == 55
