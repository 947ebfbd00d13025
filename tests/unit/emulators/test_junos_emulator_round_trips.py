# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: whatever was edited, every form it is shown in says the same."""

from hypothesis import given
from hypothesis import strategies as st

from lab.emulators.juniper_junos import JunosOptions
from lab.emulators.juniper_junos.commits import from_set_lines, lines_of
from lab.emulators.juniper_junos.display import braces, compare
from lab.emulators.juniper_junos.edits import EditRefused, apply_set_line
from lab.emulators.juniper_junos.loading import load_braces, load_set
from lab.emulators.juniper_junos.merging import merge
from lab.emulators.juniper_junos.nodes import Node, empty
from lab.emulators.juniper_junos.values import words_of

UNIT = "interfaces ge-0/0/0 unit 0 family inet"
TERM = "firewall family inet filter F term"
STATEMENTS = [
    "system host-name edge",
    "system services netconf ssh",
    'interfaces ge-0/0/0 description "to { A }"',
    "interfaces ge-0/0/0 disable",
    f"{UNIT} filter input A",
    f"{UNIT} filter input-list A",
    f"{UNIT} filter input-list B",
    f"{UNIT} filter",
    f"{UNIT} rpf-check",
    f"{UNIT} rpf-check mode loose",
    f"{UNIT} address 192.0.2.1/24",
    "routing-options static route 192.0.2.1/32 discard",
    "routing-options static route 192.0.2.1/32 tag 5",
    "routing-options static route 192.0.2.1/32 next-hop 192.0.2.2",
    "routing-options static",
    "protocols bgp group G import A",
    "protocols bgp group G import B",
    "protocols bgp group G neighbor 192.0.2.9",
    "policy-options prefix-list L",
    "policy-options prefix-list L 192.0.2.1/32",
    "policy-options prefix-list L 2001:db8::/32",
    "policy-options policy-statement P term a from route-filter 10.0.0.0/8 upto /24 accept",
    "policy-options policy-statement P then reject",
    f"{TERM} a from source-prefix-list L",
    f"{TERM} a from source-prefix-list L except",
    f"{TERM} a from destination-port 25",
    f"{TERM} a from destination-port 80",
    f"{TERM} a then count c",
    f"{TERM} a then discard",
    f"{TERM} b then next term",
    f"{TERM} b",
]
VERBS = ["set", "set", "set", "delete", "deactivate", "activate"]
MOVES = [f"insert {TERM} a after term b", f"insert {UNIT} filter input-list B before A"]

single = st.builds(" ".join, st.tuples(st.sampled_from(VERBS), st.sampled_from(STATEMENTS)))
edits = st.lists(st.one_of(single, st.sampled_from(MOVES)), max_size=40)


def built(lines: list[str]) -> Node:
    root = empty()
    for line in lines:
        try:
            apply_set_line(root, [word.text for word in words_of(line)])
        except EditRefused:
            continue
    return root


@given(edits)
def test_set_format_can_be_typed_back(lines: list[str]) -> None:
    root = built(lines)
    shown = lines_of(root)
    assert lines_of(from_set_lines(shown)) == shown
    assert compare(root, from_set_lines(shown)) == []


@given(edits)
def test_braces_can_be_loaded_back(lines: list[str]) -> None:
    root = built(lines)
    again = empty()
    load = load_braces(again, braces(root), lambda _words: True)
    assert load.errors == 0
    assert lines_of(again) == lines_of(root)


@given(edits, edits)
def test_compare_is_empty_exactly_when_both_show_the_same(
    first: list[str], second: list[str]
) -> None:
    old, new = built(first), built(second)
    assert (compare(old, new) == []) is (braces(old) == braces(new))


@given(edits)
def test_deleting_what_was_set_leaves_the_rest_as_it_was(lines: list[str]) -> None:
    before = built(lines)
    after = before.clone()
    ours = ["policy-options prefix-list ENF-A 203.0.113.1/32", f"{TERM} ENF then discard"]
    for statement in ours:
        apply_set_line(after, ["set", *statement.split()])
    for path in ("policy-options prefix-list ENF-A", f"{TERM} ENF"):
        apply_set_line(after, ["delete", *path.split()])
    kept = [line for line in lines_of(after) if line != "set firewall family inet filter F"]
    assert kept == [
        line for line in lines_of(before) if line != "set firewall family inet filter F"
    ]


@given(edits, edits)
def test_merging_into_what_nobody_changed_gives_the_private_copy(
    first: list[str], second: list[str]
) -> None:
    base, mine = built(first), built(first + second)
    target = base.clone()
    merge(base, mine, target)
    assert sorted(lines_of(target)) == sorted(lines_of(mine))


@given(edits, edits)
def test_merging_nothing_keeps_what_others_did(first: list[str], second: list[str]) -> None:
    base, others = built(first), built(first + second)
    target = others.clone()
    merge(base, base.clone(), target)
    assert lines_of(target) == lines_of(others)


def test_ten_thousand_members_come_back_in_order() -> None:
    lines = [
        f"set policy-options prefix-list BULK 10.{i >> 8}.{i & 255}.1/32" for i in range(10_000)
    ]
    root = empty()
    assert (
        load_set(root, lines, lambda _words: True, JunosOptions()).result(True) == "load complete"
    )
    assert lines_of(root) == lines
