# SPDX-License-Identifier: GPL-2.0-or-later
"""Entries, expressions and what passes: against the definition of what a rule rejects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.frr.effect import passing
from drivers.frr.known import Known
from drivers.frr.options import Options
from drivers.frr.parse_bgp import as_path, pending, routes, routes_of_all, sessions, unused
from drivers.frr.render import NONE, entry_text, path_text, texts
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.routes import Route, RouteEntry, of_path, rejects
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import Condition
from enforcer.errors import ConfigurationInvalid, ParseFailed

NET = IPv4Network("192.0.2.240/28")
_LENGTHS = st.integers(28, 32)


@st.composite
def prefixes(draw: st.DrawFn) -> IPv4Network:
    offset = draw(st.integers(0, 15))
    return IPv4Network((int(NET.network_address) + offset, draw(_LENGTHS)), strict=False)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    low, high = sorted((draw(_LENGTHS), draw(_LENGTHS)))
    kept = draw(st.lists(prefixes(), max_size=2))
    ends = sorted((int(p.network_address), int(p.broadcast_address)) for p in kept)
    numbers = st.sampled_from([None, 1, 2])
    return Rule(
        4,
        Key.RECEIVED,
        exempt=tuple(Exempt(a, b) for a, b in ends),
        neighbor="192.0.2.1",
        routes=RouteMatch(low, high, draw(numbers), draw(numbers)),
    )


def ranges(some: Sequence[IPv4Network]) -> Ranges:
    return merge(rows_of(some))


PATHS = st.lists(st.integers(1, 3), max_size=4).map(tuple)


def listed(text: str, prefix: IPv4Network) -> bool:
    """As prefix-lists match (FRR, `prefix_list_entry_match`)."""
    words = text.split()
    network, rest = IPv4Network(words[1]), dict(zip(words[2::2], words[3::2], strict=True))
    low = int(rest.get("ge", network.prefixlen))
    high = int(rest.get("le", network.prefixlen if "ge" not in rest else 32))
    inside = prefix.prefixlen >= network.prefixlen and prefix.subnet_of(network)
    return words[0] == "permit" and inside and low <= prefix.prefixlen <= high


def matched(expression: str, path: tuple[int, ...]) -> bool:
    """As bgpd reads an expression: ``_`` is any delimiter or an end."""
    if not expression:
        return True
    pattern = expression.removeprefix("permit ").replace("_", r"(?:^|[,{}() ]|$)")
    return re.search(pattern, " ".join(map(str, path))) is not None


@given(rules(), st.lists(prefixes(), min_size=1, max_size=4), prefixes(), PATHS)
def test_lists_and_expressions_say_what_the_rule_says(
    rule: Rule, some: list[IPv4Network], prefix: IPv4Network, path: tuple[int, ...]
) -> None:
    members = ranges(some)
    found = any(listed(text, prefix) for text in texts(rule, members))
    said = found and matched(path_text(rule.routes), path)
    assert said is rejects(rule, members, Route(prefix, path))


@given(rules(), st.lists(prefixes(), min_size=1, max_size=4), st.lists(prefixes()), PATHS)
def test_what_passes_all_the_same_is_what_is_rejected(
    rule: Rule, some: list[IPv4Network], sent: list[IPv4Network], path: tuple[int, ...]
) -> None:
    members = ranges(some)
    there = [Route(prefix, path) for prefix in sent]
    assert passing({rule: members}, there) == [r for r in there if rejects(rule, members, r)]


@given(st.integers(1, 3), st.integers(1, 3), PATHS)
def test_an_expression_for_both_ends_of_a_path(
    origin: int, passes: int, path: tuple[int, ...]
) -> None:
    both = RouteMatch(0, 32, origin, passes)
    assert matched(path_text(both), path) is of_path(both, path)


def test_entries_are_spelt_as_frr_prints_them() -> None:
    net, six = ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")
    assert entry_text(RouteEntry(net, 8, 8)) == "permit 10.0.0.0/8"
    assert entry_text(RouteEntry(net, 8, 32)) == "permit 10.0.0.0/8 le 32"
    assert entry_text(RouteEntry(net, 24, 24)) == "permit 10.0.0.0/8 ge 24 le 24"
    assert entry_text(RouteEntry(six, 48, 128)) == "permit 2001:db8::/32 ge 48 le 128"


def test_a_rule_that_says_nothing_is_a_list_that_matches_nothing() -> None:
    """An empty list would match everything, and a missing one denies all."""
    inside = ip_network("192.0.2.0/24")
    low, high = int(inside.network_address), int(inside.broadcast_address)
    rule = Rule(4, Key.RECEIVED, exempt=(Exempt(low, high),), routes=RouteMatch(24, 32))
    assert texts(rule, ranges([IPv4Network("192.0.2.0/24")])) == (NONE[4],)


def test_members_are_known_by_what_they_were_rendered_to() -> None:
    known = Known()
    rule = Rule(4, Key.RECEIVED, neighbor="192.0.2.1", routes=RouteMatch(32, 32))
    members = ranges([IPv4Network("192.0.2.0/31"), IPv4Network("192.0.2.8/32")])
    entries = known.rendered(rule, members).texts
    assert known.members(rule, reversed(entries)).pairs() == members.pairs()
    # By a process that never rendered it: what its entries are about.
    assert Known().members(rule, entries).pairs() == members.pairs()


@pytest.mark.parametrize(
    "text,path",
    [("65001 {64999,15169}", (65001, 64999, 15169)), ("", ()), ("(65000) 1", (65000, 1))],
)
def test_a_path_is_its_numbers(text: str, path: tuple[int, ...]) -> None:
    assert as_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"warning":"No such neighbor in this view/vrf"}',
        '{"routes":{"x":[]}}{"routes":{}}',
        '{"routes":{"192.0.2.0/24":[{"valid":true}]}}',
        '{"routes":{"192.0.2.1/24":[{"path":"1"}]}}',
        '{"routes":[1]}',
        "% BGP instance not found",
    ],
)
def test_unknown_answers_about_routes_are_refused(text: str) -> None:
    with pytest.raises(ParseFailed):
        routes("edge1", text)


def test_a_neighbor_whose_routes_are_not_kept_is_told_apart() -> None:
    none = '{ "warning": "Inbound soft reconfiguration not enabled" }\n'
    assert routes_of_all("edge1", none + ' {"advertisedRoutes":{}} ', 2) == [None, ()]


@given(st.text(max_size=60) | st.binary(max_size=60).map(repr))
def test_any_answer_about_sessions_is_read_or_refused(text: str) -> None:
    try:
        sessions("edge1", text)
    except ParseFailed:
        return


def test_a_route_map_that_bgpd_has_not_seen_to() -> None:
    """As FRR 8.4.4 prints them; older and newer ones may say nothing."""
    shown = '{"BGP":{"HIS":{"invoked":7,"processedChange":%s,"rules":[]}}}'
    assert pending(shown % "false" + shown % "true") and not pending(shown % "false")
    assert not pending('{"BGP":{}}')
    text = (
        "\nBGP:\n"
        "route-map: HIS Invoked: 0 Optimization: enabled Processed Change: true\n"
        " permit, sequence 10 Invoked 0\n  Match clauses:\n  Call clause:\n"
        "route-map: ENF-OWNER Invoked: 0 Optimization: enabled Processed Change: false\n"
    )
    assert unused(text) == {"HIS", "ENF-OWNER"}
    assert unused("\nBGP: None\n") == frozenset()


def test_a_session_that_is_down_is_not_one_that_was_shut() -> None:
    text = (
        '{"192.0.2.1":{"bgpState":"Active"},'
        '"192.0.2.2":{"bgpState":"Idle","adminShutDown":true},'
        '"2001:DB8:0::3":{"bgpState":"Established",'
        '"neighborCapabilities":{"routeRefresh":"advertisedAndReceivedNew"},'
        '"addressFamilyInfo":{"ipv6Unicast":{"inboundSoftConfigPermit":true}}}}'
    )
    told = sessions("edge1", text)
    down, shut, up = told["192.0.2.1"], told["192.0.2.2"], told["2001:db8::3"]
    assert (down.condition, shut.condition) == (Condition.DOWN, Condition.SHUT)
    assert (up.condition, up.refresh, up.soft) == (Condition.UP, True, frozenset({6}))


@pytest.mark.parametrize(
    "transport,options,said",
    [
        ({"local": "yes", "pathspace": "a b"}, {}, "pathspace"),
        ({"local": "yes", "vtysh": ""}, {}, "vtysh is empty"),
        ({"local": "yes"}, {"save": "sometimes"}, "options.save"),
        ({"local": "yes"}, {"sav": "never"}, "it takes save"),
        ({}, {}, "where its daemon is"),
    ],
)
def test_what_the_inventory_says_wrongly(
    transport: dict[str, str], options: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        Options.of(Device("edge1", "frr", transport=transport, options=options))


def test_how_vtysh_is_called() -> None:
    transport = {"local": "yes", "pathspace": "red", "vtysh": "sudo -n /usr/bin/vtysh"}
    found = Options.of(Device("edge1", "frr", transport=transport))
    assert found.vtysh == ("sudo", "-n", "/usr/bin/vtysh", "-N", "red")
    assert found.folder == "/etc/frr/red" and found.save
