# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is ordered and whatever is protected: no rule matches protected space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.compile import Compiled, compile_device
from enforcer.core.contributions import contributions
from enforcer.core.intervals import Ranges, intersect, rows_of, subtract
from enforcer.core.orders import Network, SuspendCustomer, in_force
from enforcer.core.rules import Rule
from enforcer.core.topology import ProtectedPrefix, Topology
from tests.space import TINY, Space, prefixes
from tests.strategies import NOW, Case, cases

KEPT = st.lists(prefixes(Space(TINY.nets)), max_size=4)


def protecting(topology: Topology, kept: list[Network]) -> Topology:
    more = tuple(ProtectedPrefix(prefix, "grown") for prefix in kept)
    return replace(topology, protected=topology.protected + more)


def compiled(case: Case, topology: Topology) -> dict[str, Compiled]:
    standing = [
        contributions(order, topology, case.lists) for order in case.orders if in_force(order, NOW)
    ]
    return {name: compile_device(name, standing) for name in topology.devices}


def space(topology: Topology, family: int) -> Ranges:
    return rows_of(p.prefix for p in topology.protected if p.prefix.version == family)


def matched(found: dict[str, Compiled]) -> Iterator[tuple[str, Rule, Ranges]]:
    for name, one in found.items():
        for rule, members in one.desired.addresses.items():
            yield name, rule, Ranges(members.first, members.last)


@given(cases(shut=True), KEPT)
def test_no_rule_matches_protected_space(case: Case, kept: list[Network]) -> None:
    topology = protecting(case.topology, kept)
    for _, rule, ranges in matched(compiled(case, topology)):
        assert not len(intersect(ranges, space(topology, rule.family)))


@given(cases(shut=True), KEPT)
def test_protected_space_that_grows_is_taken_from_what_stands_and_nothing_else(
    case: Case, kept: list[Network]
) -> None:
    before, grown = compiled(case, case.topology), protecting(case.topology, kept)
    after = {(name, rule): ranges for name, rule, ranges in matched(compiled(case, grown))}
    for name, rule, ranges in matched(before):
        left, _ = subtract(ranges, space(grown, rule.family))
        now = after.pop((name, rule), Ranges.none())
        assert intersect(now, now).pairs() == left.pairs()
    assert not any(map(len, after.values()))


@given(cases(shut=True), KEPT)
def test_what_is_withheld_is_said(case: Case, kept: list[Network]) -> None:
    """All that an order would match without protection is matched, or named as withheld."""
    bare = replace(case.topology, protected=())
    topology = protecting(case.topology, kept)
    for order in case.orders:
        wanted = contributions(order, bare, case.lists)
        asks = contributions(order, topology, case.lists)
        for part in wanted.parts:
            if part.rule.by_interface:
                continue
            told = [(w.first, w.last) for w in asks.withheld if w.family == part.rule.family]
            same = [p for p in asks.on(part.device) if p.rule == part.rule]
            stands = [pair for p in same for pair in Ranges(p.first, p.last).pairs()]
            whole = Ranges(part.first, part.last)
            assert not len(subtract(whole, Ranges.of([*told, *stands]))[0])


@given(cases(shut=True), KEPT)
def test_a_rule_by_interface_spares_what_is_protected_of_its_customer(
    case: Case, kept: list[Network]
) -> None:
    topology = protecting(case.topology, kept)
    for order in case.orders:
        demand = order.demand
        if not isinstance(demand, SuspendCustomer) or demand.by != "interface":
            continue
        asks = contributions(order, topology, case.lists)
        customer = topology.customers[demand.customer]
        for part in asks.parts:
            family = part.rule.family
            own = rows_of(p for p in customer.prefixes if p.version == family)
            spared = intersect(own, space(topology, family))
            whatever = [
                (e.first, e.last)
                for e in part.rule.exempt
                if e.protocol is None and e.ports is None
            ]
            assert not len(subtract(spared, Ranges.of(whatever))[0])
            told = [(w.first, w.last) for w in asks.withheld if w.family == family]
            assert not len(subtract(spared, Ranges.of(told))[0])
