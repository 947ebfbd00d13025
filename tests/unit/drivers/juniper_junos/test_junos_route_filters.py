# SPDX-License-Identifier: GPL-2.0-or-later
"""Policy statements of Junos reject what rules about routes say, as Junos judges route-filters."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.juniper_junos.commands import edits
from drivers.juniper_junos.model import Box, Lines
from drivers.juniper_junos.names import STATEMENTS
from drivers.juniper_junos.parse import parse
from drivers.juniper_junos.render import groups
from drivers.juniper_junos.route_filters import FILTER, policy, statement_name
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.routes import Route, of_path, rejects
from enforcer.core.rules import Key, RouteMatch, Rule
from tests.unit.drivers.route_rules import NEIGHBOR, members, routes, rules


def lines_of(rule: Rule, rows: Ranges) -> Lines:
    return policy(rule, rows, groups(rule)[0].name)[f"{STATEMENTS} {statement_name(rule)}"]


def matches(lines: Lines, prefix: Network) -> bool:
    """The longest filter that holds the prefix is judged alone, by its match type."""
    filters = [line.removeprefix(FILTER).split() for line in lines if line.startswith(FILTER)]
    around = [words for words in filters if _holds(ip_network(words[0]), prefix)]
    if not around:
        return False
    longest = max(ip_network(words[0]).prefixlen for words in around)
    return any(
        _typed(words, prefix.prefixlen)
        for words in around
        if ip_network(words[0]).prefixlen == longest
    )


def _holds(network: Network, prefix: Network) -> bool:
    first, last = int(network.network_address), int(network.broadcast_address)
    return first <= int(prefix.network_address) and int(prefix.broadcast_address) <= last


def _typed(words: list[str], length: int) -> bool:
    own = ip_network(words[0]).prefixlen
    if words[1] == "exact":
        return length == own
    if words[1] == "orlonger":
        return length >= own
    bounds = [int(n) for n in re.findall(r"/(\d+)", words[2])]
    return own <= length <= bounds[0] if words[1] == "upto" else bounds[0] <= length <= bounds[1]


@given(rules(), members(), st.lists(routes(), min_size=1, max_size=8))
def test_a_statement_rejects_what_its_rule_rejects(
    rule: Rule, rows: Ranges, some: list[Route]
) -> None:
    lines = lines_of(rule, rows)
    if rule.routes is None and not rule.exempt:
        assert lines[0] == f"term DROP from prefix-list-filter {groups(rule)[0].name} orlonger"
        return
    for route in some:
        assert matches(lines, route.prefix) is rejects(rule, rows, route)


@given(rules(), members())
def test_a_term_is_never_without_a_condition(rule: Rule, rows: Ranges) -> None:
    lines = lines_of(rule, rows)
    assert lines[0].startswith("term DROP from ")
    assert lines[-2:] == ("term DROP then reject", "term REST then next policy")


PATHS = st.lists(st.sampled_from([64511, 64512, 64513]), min_size=1, max_size=4)


@given(PATHS, st.sampled_from([(64511, None), (None, 64512), (64511, 64512), (64511, 64511)]))
def test_the_expression_is_true_of_the_paths_that_are_meant(
    path: list[int], match: tuple[int | None, int | None]
) -> None:
    said = RouteMatch(0, 32, *match)
    rule = Rule(4, Key.RECEIVED, neighbor=NEIGHBOR, routes=said)
    ((regex,),) = (
        lines
        for name, lines in policy(rule, Ranges.of([(0, 2**32 - 1)]), "L").items()
        if " as-path " in name
    )
    # A term of the expression is one AS number (Junos routing policy guide, AS path expressions).
    parts = regex.strip('"').split(" ")
    pattern = "".join(r"(?:\d+ )*" if part == ".*" else rf"{part} " for part in parts)
    text = "".join(f"{number} " for number in path)
    assert (re.fullmatch(pattern, text) is not None) is of_path(said, tuple(path))


@given(rules(), members(), members(), st.booleans())
def test_one_policy_becomes_another_line_by_line(
    rule: Rule, before: Ranges, after: Ranges, turned: bool
) -> None:
    path = f"{STATEMENTS} {statement_name(rule)}"
    was, then = lines_of(rule, before), lines_of(rule, after)
    text = [f"set {path} {line}" for line in (was[-3::-1] + was[-2:] if turned else was)]
    found = parse("edge1", text, 1)
    assert found.items == {path: was}
    made = edits(found, Box(items={path: then}), 1)
    assert not made.build and not made.drop
    stands = list(was)
    for line in made.lines():
        verb, _, rest = line.removesuffix("\n").partition(f" {path} ")
        stands.append(rest) if verb == "set" else stands.remove(rest)
        assert any(ln.startswith("term DROP from ") for ln in stands)
    assert sorted(stands) == sorted(then)


def test_a_policy_without_any_of_our_prefixes_is_made_anew() -> None:
    rule = Rule(4, Key.RECEIVED, neighbor=NEIGHBOR, routes=RouteMatch(25, 32))
    path = f"{STATEMENTS} {statement_name(rule)}"
    right = lines_of(rule, Ranges.of([(0, 2**32 - 1)]))
    made = edits(Box(items={path: right[-2:]}), Box(items={path: right}), 1)
    assert made.build[0] == f"delete {path}" and len(made.build) == len(right) + 1


@pytest.mark.parametrize("by", ["neighbor", "group"])
def test_a_neighbor_that_the_operator_deactivated_is_his(by: str) -> None:
    top = "protocols bgp group upstream"
    path = f"{top} neighbor {NEIGHBOR}"
    asleep = path if by == "neighbor" else top
    box = parse("edge1", [f"set {path} peer-as 64501", f"deactivate {asleep}"], 1)
    assert box.sessions == {NEIGHBOR: (path,)} and not box.neighbors
    assert (path in box.closed) is (by == "neighbor") and (path in box.dormant) is (by == "group")
