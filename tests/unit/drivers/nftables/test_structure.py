# SPDX-License-Identifier: GPL-2.0-or-later
"""The difference between structures: nothing for equals, something for everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.edits import Edit, edits
from drivers.nftables.layout import HostLayout, Layout, RangeLayout
from drivers.nftables.model import Found, Spec
from drivers.nftables.names import BLOCKS, exempt_name
from drivers.nftables.netlink.attributes import attributes
from drivers.nftables.netlink.definitions import ChainFacts, ObjectFacts, RuleFacts
from drivers.nftables.netlink.expressions import (
    Expression,
    compare,
    counter,
    dispatch,
    lookup,
    mask,
    meta,
    payload,
    read_expression,
    verdict,
)
from drivers.nftables.render import COMMON, specification
from enforcer.core.drift import FindingKind
from enforcer.core.rules import Exempt, Key, Rule, Service

PLAIN = Rule(4, Key.SOURCE)
FLOW = Rule(
    6, Key.DESTINATION, Service(17, (1, 9), (53, 53)), ((5, 6),), (Exempt(7, 8, 6, (25, 25)),)
)
BY_INTERFACE = Rule(4, Key.INPUT_INTERFACE)
SPREAD = Layout(HostLayout("b", 4, 8), RangeLayout("c", (100, 200)))
RULES: dict[Rule, Layout | None] = {PLAIN: SPREAD, FLOW: Layout(), BY_INTERFACE: None}
SPEC = specification(RULES, {"forward", "input"}, counters=True)


def as_found(spec: Spec) -> Found:
    """The structure as a kernel that holds `spec` would tell it."""
    handles = iter(range(1, 1_000))
    return Found(
        0,
        {name: chain.facts for name, chain in spec.chains.items()},
        {
            name: tuple(RuleFacts(name, next(handles), r.expressions) for r in chain.rules)
            for name, chain in spec.chains.items()
        },
        {name: made.definition for name, made in spec.sets.items()},
        (),
        {name: made.ranges for name, made in spec.sets.items() if made.ranges is not None},
        {name: made.jumps for name, made in spec.sets.items() if made.jumps is not None},
    )


HELD = as_found(SPEC)


def test_the_same_differs_in_nothing() -> None:
    assert edits(HELD, SPEC) == ()
    assert edits(HELD, SPEC, keep_old=True) == ()


def test_an_empty_device_lacks_everything() -> None:
    made = edits(Found(), SPEC)
    assert {edit.kind for edit in made} == {FindingKind.MISSING}
    assert made[0].text == "add table inet enforcer"
    rules = sum(len(chain.rules) for chain in SPEC.chains.values())
    filled = sum(s.ranges is not None or s.jumps is not None for s in SPEC.sets.values())
    assert len(made) == 1 + len(SPEC.sets) + len(SPEC.chains) + filled + rules


@pytest.mark.parametrize("name", SPEC.sets)
def test_every_set_is_looked_at(name: str) -> None:
    definition = HELD.sets[name]
    for changed in (
        replace(definition, flags=definition.flags ^ 2),
        replace(definition, comment="another"),
        replace(definition, timeout=1000),
        replace(definition, restricted=True),
        replace(definition, statements=("limit",)),
    ):
        found = replace(HELD, sets={**HELD.sets, name: changed})
        told = {(e.kind, e.what) for e in edits(found, SPEC)}
        assert (FindingKind.ALTERED, f"set {name}") in told
    found = replace(HELD, sets={n: s for n, s in HELD.sets.items() if n != name})
    assert (FindingKind.MISSING, f"set {name}") in {(e.kind, e.what) for e in edits(found, SPEC)}


@pytest.mark.parametrize("name", SPEC.chains)
def test_every_rule_is_looked_at(name: str) -> None:
    rules = HELD.rules[name]
    for index, rule in enumerate(rules):
        rest = (*rules[:index], *rules[index + 1 :])
        one_gone = edits(replace(HELD, rules={**HELD.rules, name: rest}), SPEC)
        assert [(e.kind, e.what.startswith(f"rule in chain {name}")) for e in one_gone] == [
            (FindingKind.MISSING, True)
        ]
        shorter = replace(rule, expressions=rule.expressions[:-1])
        changed = (*rules[:index], shorter, *rules[index + 1 :])
        altered = edits(replace(HELD, rules={**HELD.rules, name: changed}), SPEC)
        assert [e.kind for e in altered] == [FindingKind.EXTRA, FindingKind.MISSING]
    twice = (*rules, replace(rules[0], handle=2_000))
    (extra,) = edits(replace(HELD, rules={**HELD.rules, name: twice}), SPEC)
    assert "handle 2000" in extra.text


def test_a_missing_rule_comes_back_to_its_place() -> None:
    chain = exempt_name(FLOW)
    rules = HELD.rules[chain]
    (edit,) = edits(replace(HELD, rules={**HELD.rules, chain: rules[1:]}), SPEC)
    assert f"position {rules[1].handle}" in edit.text
    (edit,) = edits(replace(HELD, rules={**HELD.rules, chain: rules[:-1]}), SPEC)
    assert edit.text.startswith(f"add rule inet enforcer {chain} drop")


def test_old_layouts_stay_until_the_end() -> None:
    new = {**RULES, PLAIN: Layout(HostLayout("d"), RangeLayout("d"))}
    wanted = specification(new, {"forward", "input"}, counters=True)
    meanwhile = edits(HELD, wanted, keep_old=True)
    assert {edit.kind for edit in meanwhile} == {FindingKind.MISSING}
    assert len(of_kind(edits(HELD, wanted), FindingKind.EXTRA)) == (
        len(("hosts", "wide", "ranges"))  # the rules in `blocks`
        + len(("4 of hosts", "a map", "3 of ranges", "wide", "a map"))
        + 5  # sets and maps
        + 2 * 7  # the shards' chains, and the rule in each
    )
    theirs = replace(
        HELD,
        objects=(ObjectFacts("theirs", 1),),
        chains={**HELD.chains, "evil": ChainFacts("evil")},
    )
    extra = of_kind(edits(theirs, wanted, keep_old=True), FindingKind.EXTRA)
    assert {edit.what for edit in extra} == {"chain evil", "object of type 1 theirs"}


def of_kind(made: tuple[Edit, ...], kind: FindingKind) -> list[Edit]:
    return [edit for edit in made if edit.kind is kind]


def test_the_common_sets_are_there_without_any_rule() -> None:
    spec = specification({rule: Layout() for rule in COMMON}, {"forward"}, counters=False)
    assert len(spec.sets) == 1 + 2 * len(COMMON)
    assert len(spec.chains[BLOCKS].rules) == 2 * len(COMMON)


EXPRESSIONS = st.one_of(
    st.builds(meta, st.integers(0, 40)),
    st.builds(payload, st.integers(0, 2), st.integers(0, 60), st.integers(1, 16)),
    st.builds(compare, st.integers(0, 5), st.binary(min_size=1, max_size=16)),
    st.builds(mask, st.binary(min_size=4, max_size=16)),
    st.builds(lookup, st.sampled_from(["a", "h0123456789ab_a"])),
    st.builds(dispatch, st.sampled_from(["a", "h0123456789ab_a_map"])),
    st.just(counter()),
    st.builds(verdict, st.sampled_from([0, 1, -5])),
    st.builds(verdict, st.sampled_from([-3, -4]), st.sampled_from(["blocks", "x"])),
)


@given(EXPRESSIONS)
def test_expressions_read_back(expression: Expression) -> None:
    encoded = expression.encoded()
    (listed,) = attributes(encoded, 0, len(encoded))
    assert read_expression(encoded, listed.start, listed.stop) == expression
