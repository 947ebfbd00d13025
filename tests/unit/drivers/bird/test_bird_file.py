# SPDX-License-Identifier: GPL-2.0-or-later
"""Our include file: what is written is read again, and what is not understood is never believed."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._router.target import Target
from drivers.bird.model import IncludeFile
from drivers.bird.names import OWNER, STATE, digest_of, function_name, set_name
from drivers.bird.parse import include_file, owner_of, set_members, sum_in
from drivers.bird.reading import judged
from drivers.bird.render import content, digest, layout, mark_text, state_of
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.rules import Exempt, Key, Owner, RouteMatch, Rule
from enforcer.core.sessions import CLOSED
from enforcer.errors import ParseFailed

NEIGHBORS = ("10.1.0.2", "2001:db8::2")
BASE = {4: ip_network("10.0.0.0/24"), 6: ip_network("2001:db8::/120")}


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, Ranges]:
    family = draw(st.sampled_from((4, 6)))
    first = int(BASE[family].network_address)
    spans = st.tuples(st.integers(0, 255), st.integers(0, 255)).map(sorted)
    some = draw(st.lists(spans, min_size=1, max_size=4))
    members = merge(Ranges.of((first + a, first + b) for a, b in some))
    kept = merge(Ranges.of((first + a, first + b) for a, b in draw(st.lists(spans, max_size=2))))
    bits = 32 if family == 4 else 128
    match = draw(
        st.none()
        | st.builds(
            RouteMatch,
            st.integers(bits - 9, bits - 4),
            st.integers(bits - 4, bits),
            st.none() | st.integers(1, 2**32 - 1),
            st.none() | st.integers(1, 2**32 - 1),
        )
    )
    exempt = tuple(Exempt(low, high) for low, high in kept.pairs())
    key = draw(st.sampled_from((Key.RECEIVED, Key.ANNOUNCED)))
    neighbor = draw(st.sampled_from(NEIGHBORS))
    return Rule(family, key, exempt=exempt, neighbor=neighbor, routes=match), members


@given(st.lists(rules(), max_size=4), st.sets(st.sampled_from(NEIGHBORS)))
def test_what_is_written_is_read(found: list[tuple[Rule, Ranges]], shut: set[str]) -> None:
    target = Target(dict(found), {CLOSED: frozenset(shut)} if shut else {})
    items = layout(NEIGHBORS, target) | {OWNER: mark_text(Owner("C0FFEE", 3, 7, "0000abcd"))}
    raw = content(IncludeFile(items, holds=("# ENFORCER-HOLD",)))
    file = include_file("edge1", raw)
    assert dict(file.items) == items and file.holds == ("# ENFORCER-HOLD",)
    assert file.state == state_of(file.items)
    assert content(file) == raw
    owner = owner_of("edge1", file)
    assert owner is not None and (owner.epoch, owner.position, owner.digest) == (3, 7, "0000abcd")
    for rule, members in target.addresses.items():
        text = file.items[set_name(rule)]
        assert set_members(rule, text).pairs() == members.pairs()
        assert sum_in(text) == digest(text.rpartition("define")[0])


@given(rules(), st.integers(0, 10_000), st.sampled_from(["", "x", "9", "}", "]", ";", "\n"]))
def test_an_edit_is_a_difference_or_none(made: tuple[Rule, Ranges], place: int, put: str) -> None:
    """Whatever one character becomes: the members are those of the text that stands, or none."""
    rule, members = made
    items = layout(NEIGHBORS, Target({rule: members}))
    raw = content(IncludeFile(items)).decode()
    at = place % len(raw)
    file = include_file("edge1", (raw[:at] + put + raw[at + 1 :]).encode())
    text = file.items.get(set_name(rule), "")
    found = set_members(rule, text)
    right = layout(NEIGHBORS, Target({rule: found} if len(found) else {}))
    same = dict(file.items) == right and file.state == state_of(file.items)
    assert not same or found.pairs() == members.pairs()


@given(
    st.binary(max_size=400)
    | st.text(alphabet='define ENF_0a=["];{}()\n#/.,', max_size=400).map(str.encode)
)
def test_rubbish_is_read_or_refused(raw: bytes) -> None:
    try:
        file = include_file("edge1", raw)
        owner_of("edge1", file)
    except ParseFailed:
        return
    for name, text in file.items.items():
        if digest_of(name):
            set_members(Rule(4, Key.RECEIVED, neighbor="10.1.0.2"), text)


@pytest.mark.parametrize("said", ["C0FFEE", "C0FFEE three 0 -", "", "a b c d e"])
def test_a_mark_that_nobody_wrote_is_refused(said: str) -> None:
    file = include_file("edge1", f'define ENF_OWNER = "{said}";\n'.encode())
    with pytest.raises(ParseFailed, match="ENF_OWNER"):
        owner_of("edge1", file)


def test_the_same_thing_twice_is_seen() -> None:
    file = include_file("edge1", b"define MINE = 1;\ndefine MINE = 2;\n\n")
    assert dict(file.items) == {"MINE": "define MINE = 1;\n", "MINE (2)": "define MINE = 2;\n"}


def test_what_our_digest_covers() -> None:
    items = layout(NEIGHBORS, Target())
    raw = content(IncludeFile(items)).decode()
    assert include_file("edge1", raw.encode()).state == state_of(items)
    edited = include_file("edge1", raw.replace("return false", "return true", 1).encode())
    assert edited.state != state_of(edited.items)
    held = include_file("edge1", f"# ENFORCER-HOLD\n{raw}".encode())
    assert held.state == state_of(held.items), "a marker changes nothing"
    assert STATE not in held.items


def test_names_of_neighbors_do_not_meet() -> None:
    texts = ("10.1.0.2", "10.10.2.1", "1::2", "1:0:0:2::", "::1", "1::")
    names = {function_name(t, k) for t in texts for k in (Key.RECEIVED, Key.ANNOUNCED)}
    assert len(names) == 2 * len(texts)


def test_an_empty_constant_keeps_its_members() -> None:
    """Members of which no prefix has the length that is asked for."""
    rule = Rule(4, Key.RECEIVED, neighbor="10.1.0.2", routes=RouteMatch(0, 8))
    members = merge(rows_of([ip_network("10.0.0.0/24")]))
    text = layout((), Target({rule: members}))[set_name(rule)]
    assert "255.255.255.255/32{32,32}" in text
    assert set_members(rule, text).pairs() == members.pairs()


def test_what_is_asked_of_many_sets_fits_into_commands() -> None:
    """BIRD hangs up on a command of 1,024 bytes, and no answer is no proof."""
    sets = [set_name(Rule(4, Key.RECEIVED, neighbor=f"10.0.0.{n}")) for n in range(60)]
    lines = [f"  if net.type = NET_IP4 && net ~ {name} then return true;" for name in sets]
    path = f"  if net.type = NET_IP4 && net ~ {sets[0]} && bgp_path.last = 1 then return true;"
    asked = judged("enf", "\n".join([*lines[1:], path]))
    assert all(len(one) < 800 for one in asked)
    for name in sets[1:]:
        assert sum(f"(net.type = NET_IP4 && net ~ {name})" in one for one in asked) == 1
    assert not any(sets[0] in one for one in asked)
    assert judged("enf", "\n".join(lines)) == ("enf()",)
    assert judged("enf", "  return false;") == ()
