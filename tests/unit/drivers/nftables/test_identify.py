# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rule a set is of: told by the device alone, and never by what somebody made up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.identify import Known, identify
from drivers.nftables.layout import HostLayout, Layout, RangeLayout
from drivers.nftables.model import Found
from drivers.nftables.names import exempt_name
from drivers.nftables.netlink import encode, objects
from drivers.nftables.netlink.constants import NFT_MSG_NEWRULE
from drivers.nftables.netlink.errors import MalformedReply
from drivers.nftables.parse import Replies, read_structure
from drivers.nftables.render import specification
from enforcer.core.rules import Exempt, Key, Rule, Service
from tests.unit.drivers.nftables.test_structure import RULES, SPEC, SPREAD, as_found

HELD = as_found(SPEC)
NAMES = sorted(name for name in SPEC.sets if name[0] in "hri")


def known(found: Found, seen: dict[str, Rule] | None = None) -> Known:
    return identify(found, seen or {}, counters=True)


def test_every_rule_is_known_from_the_device_alone() -> None:
    told = known(HELD)
    assert {*told.layouts, *told.interfaces} == RULES.keys()
    assert not told.ghosts
    for rule, layout in RULES.items():
        if layout is not None:
            assert told.layouts[rule] == ((layout.hosts,), (layout.ranges,))


def test_two_layouts_of_a_rule_are_both_told() -> None:
    (rule,) = (rule for rule, layout in RULES.items() if layout == SPREAD)
    other = Layout(HostLayout("z"), RangeLayout("z"))
    more = specification({rule: other}, {"forward"}, counters=True)
    both = replace(HELD, sets={**HELD.sets, **as_found(more).sets})
    hosts, ranges = known(both).layouts[rule]
    assert set(hosts) == {SPREAD.hosts, other.hosts}
    assert set(ranges) == {SPREAD.ranges, other.ranges}


def test_changed_exceptions_make_the_rule_unknown_unless_it_was_seen() -> None:
    (rule,) = (rule for rule in RULES if rule.exempt)
    name = f"{exempt_name(rule)}_0"
    changed = replace(HELD, ranges={**HELD.ranges, name: ((0, 1 << 100),)})
    told = known(changed)
    assert rule not in told.layouts
    assert len(told.ghosts) == 2
    assert all(ghost not in RULES for ghost in told.ghosts.values())
    assert rule in known(changed, {rule.digest: rule}).layouts


def test_exceptions_of_several_services_read_back_in_their_order() -> None:
    exempt = (Exempt(9, 9), Exempt(1, 2, 6, (25, 25)), Exempt(5, 6, 6, (25, 25)), Exempt(1, 1, 17))
    rule = Rule(4, Key.DESTINATION, Service(6), None, exempt)
    spec = specification({rule: Layout()}, {"forward"}, counters=True)
    assert set(known(as_found(spec)).layouts) == {rule}


@pytest.mark.parametrize("name", NAMES)
def test_a_set_of_another_kind_holds_nothing_of_ours(name: str) -> None:
    for changed in (
        replace(HELD.sets[name], flags=HELD.sets[name].flags ^ 2),
        replace(HELD.sets[name], comment=""),
        replace(HELD.sets[name], statements=()),
    ):
        assert name not in known(replace(HELD, sets={**HELD.sets, name: changed})).sets


LAYOUTS = st.text("0123456789abcdef:@ x", max_size=9) | st.from_regex(
    r"\d{1,5}[@:][0-9a-f]{0,33}", fullmatch=True
)


@given(st.sampled_from(NAMES), LAYOUTS)
def test_made_up_layouts_are_no_layouts(name: str, text: str) -> None:
    words = HELD.sets[name].comment.split(" ")
    changed = replace(HELD.sets[name], comment=" ".join((*words[:5], text)))
    told = known(replace(HELD, sets={**HELD.sets, name: changed}))
    rules = {rule: Layout(h[0], r[0]) for rule, (h, r) in told.layouts.items() if h and r}
    spec = specification({**rules, **dict.fromkeys(told.interfaces)}, {"forward"}, counters=True)
    assert spec.sets


def test_a_lost_cut_makes_the_layout_unknown() -> None:
    (rule,) = (rule for rule, layout in RULES.items() if layout == SPREAD)
    lost = f"r{rule.digest}_c_001"
    rest = {name: made for name, made in HELD.sets.items() if name != lost}
    assert known(replace(HELD, sets=rest)).layouts[rule] == ((SPREAD.hosts,), ())
    wide = f"r{rule.digest}_c_wide"
    rest = {name: made for name, made in HELD.sets.items() if name != wide}
    assert known(replace(HELD, sets=rest)).layouts[rule] == ((SPREAD.hosts,), (SPREAD.ranges,))


# -- bytes ---------------------------------------------------------------------------------


def spoken() -> Replies:
    """What a kernel that holds `SPEC` says: its replies are laid out like our requests."""
    sets = [objects.add_set("enforcer", s.definition, 1) for s in SPEC.sets.values()]
    chains = [objects.add_chain("enforcer", c.facts) for c in SPEC.chains.values()]
    # A reply about a rule carries its handle, which stands where a request may carry a position.
    rules = [
        objects.delete_rule("enforcer", name, 7)
        for name, chain in SPEC.chains.items()
        for _ in chain.rules
    ]
    said = [replace(rule, kind=rule.kind & 0xFF00 | NFT_MSG_NEWRULE) for rule in rules]
    tables = [objects.add_table("enforcer")]
    return Replies(*([encode.request(m, 1) for m in each] for each in (tables, chains, said, sets)))


def test_definitions_read_back() -> None:
    found = read_structure(spoken())
    assert found.flags == 0
    assert found.sets == HELD.sets
    assert found.chains == HELD.chains


@given(st.data())
def test_mutated_replies_decode_or_fail_closed(choose: st.DataObject) -> None:
    replies = spoken()
    part = choose.draw(st.sampled_from(["table", "chains", "rules", "sets"]))
    listed = list(getattr(replies, part))
    index = choose.draw(st.integers(0, len(listed) - 1))
    raw = bytearray(listed[index])
    for _ in range(choose.draw(st.integers(1, 4))):
        raw[choose.draw(st.integers(0, len(raw) - 1))] ^= choose.draw(st.integers(1, 255))
    listed[index] = bytes(raw)
    try:
        found = read_structure(replace(replies, **{part: listed}))
    except MalformedReply:
        return
    known(found)
