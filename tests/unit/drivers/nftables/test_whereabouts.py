# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets that may hold an address are found by what they say, and none is overlooked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.layout import HostLayout, Layout, RangeLayout, place
from drivers.nftables.names import TABLE
from drivers.nftables.netlink import encode, objects
from drivers.nftables.netlink.catalogue import Catalogue
from drivers.nftables.netlink.constants import NLM_F_DUMP_INTR
from drivers.nftables.netlink.definitions import SetDefinition
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset
from drivers.nftables.render import HOOKS, specification
from drivers.nftables.whereabouts import MEMBERS, Whereabouts
from enforcer.core.intervals import Ranges, inside, merge
from enforcer.core.rules import NO_END, Key, Rule
from enforcer.core.rules import Members as Rows

FROM, TO = Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION)
TOP = 2**32 - 1
LAID = {
    FROM: Layout(HostLayout("b", 16, 4), RangeLayout("a", tuple(range(2**24, TOP, 2**26)))),
    TO: Layout(HostLayout("a"), RangeLayout("c")),
}


def sets() -> list[SetDefinition]:
    spec = specification(LAID, frozenset(list(HOOKS)[:1]), counters=True)
    return [one.definition for one in spec.sets.values()]


def told(made: list[SetDefinition]) -> list[bytes]:
    """As the kernel tells them: the same attributes as in the request that makes them."""
    return [encode.request(objects.add_set(TABLE, one, 1), 1) for one in made]


def whereabouts(made: list[SetDefinition]) -> Whereabouts:
    return Whereabouts(Catalogue(told(made), TABLE, MEMBERS))


def rows(spans: list[tuple[int, int]]) -> Rows:
    kept = merge(Ranges.of(spans))
    ends = np.full(len(kept), NO_END)
    return Rows(kept.first, kept.last, ends, np.ones(len(kept), np.int64))


def holding(rule: Rule, members: Rows, region: Ranges) -> set[str]:
    """By the way in which members are placed: the sets with any of `region`."""
    return {
        placed.name
        for placed in place(rule, LAID[rule], members)
        if len(inside(Ranges(placed.members.first, placed.members.last), merge(region)).source)
    }


spans = st.tuples(st.integers(0, TOP), st.sampled_from((1, 2, 256, 2**20, 2**27))).map(
    lambda given: (given[0], min(given[0] + given[1] - 1, TOP))
)


@given(members=st.lists(spans, max_size=60), asked=st.lists(spans, max_size=3))
def test_no_set_is_overlooked(members: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    there, region = rows(members), merge(Ranges.of(asked))
    for rule in LAID:
        found = [one.name for one in whereabouts(sets()).around(rule, region)]
        assert len(set(found)) == len(found)
        assert holding(rule, there, region) <= set(found)


@given(address=st.integers(0, TOP))
def test_of_one_address_few_sets_are_named(address: int) -> None:
    region = Ranges.of([(address, address)])
    found = [one.name for one in whereabouts(sets()).around(FROM, region)]
    shard = (address >> 4) & 15
    assert [name for name in found if name[0] == "h"] == [f"h{FROM.digest}_b_{shard:03x}"]
    part = sum(cut <= address for cut in LAID[FROM].ranges.cuts)
    assert [name for name in found if name[0] == "r"] == [
        f"r{FROM.digest}_a_{part:03x}",
        f"r{FROM.digest}_a_wide",
    ]


@pytest.mark.parametrize("part", ["h", "r"])
def test_where_one_says_nothing_all_of_its_kind_are_named(part: str) -> None:
    made = [
        dataclasses.replace(one, comment="whatever") if one.name.startswith(part) else one
        for one in sets()
    ]
    found = {one.name for one in whereabouts(made).around(FROM, Ranges.of([(7, 7)]))}
    beginning = f"{part}{FROM.digest}"
    assert {n for n in found if n[0] == part} == {
        one.name for one in made if one.name.startswith(beginning) and not one.name.endswith("map")
    }


def test_names_in_comments_are_no_sets() -> None:
    """Somebody else's comment may say the name of a set of ours, before it or instead of it."""
    name = f"h{TO.digest}_a"
    foreign = SetDefinition("theirs", 0, 7, 4, f"like {name}")
    there = whereabouts([foreign, *sets(), foreign])
    assert [one.name for one in there.around(TO, Ranges.of([(7, 7)])) if one.name[0] == "h"] == [
        name
    ]
    assert not whereabouts([foreign]).of(TO)


def test_what_is_told_in_part_is_no_answer() -> None:
    whole = b"".join(told(sets()))
    with pytest.raises(MalformedReply):
        Catalogue([whole[:-5]], TABLE, MEMBERS)
    moving = encode.request(objects.add_set(TABLE, sets()[0], 1), 1)
    flags = int.from_bytes(moving[6:8], "little") | NLM_F_DUMP_INTR
    with pytest.raises(MovingRuleset):
        Catalogue([whole, moving[:6] + flags.to_bytes(2, "little") + moving[8:]], TABLE, MEMBERS)
