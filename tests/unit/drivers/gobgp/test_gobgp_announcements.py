# SPDX-License-Identifier: GPL-2.0-or-later
"""From members to announcements and back; what must never be announced."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.gobgp.messages import announcements, path_of
from drivers.gobgp.model import (
    MARK,
    NO_EXPORT,
    Announcement,
    Large,
    network_of,
    owner_text,
    read_owner,
    sendable,
)
from drivers.gobgp.parse import Labels, members
from drivers.gobgp.render import Shape, label, layout
from enforcer.core.addresses import to_column
from enforcer.core.intervals import ends_of
from enforcer.core.orders import MAX_ORDER_NUMBER
from enforcer.core.rules import NO_END, Key, Members, Owner, RouteMatch, Rule
from enforcer.errors import CommandRejected, ParseFailed

RTBH = 65535 << 16 | 666
UPA = 65000 << 16 | 1001
SHAPE = Shape(
    Owner("C0FFEE", 3),
    {4: "192.0.2.254", 6: "2001:db8:dead::1"},
    frozenset({RTBH}),
    frozenset(),
    {"upa": UPA, "upb": Large(65000, 1, 2)},
    MARK,
)
HOST = RouteMatch(32, 32)
PLAIN = Rule(4, Key.BLACKHOLE, routes=HOST)
TO_A = Rule(4, Key.BLACKHOLE, routes=HOST, exports=("upa",))
TO_BOTH = Rule(4, Key.BLACKHOLE, routes=HOST, exports=("upa", "upb"))


def rows(*some: tuple[int, int, int]) -> Members:
    return Members(
        to_column(r[0] for r in some),
        to_column(r[1] for r in some),
        np.full(len(some), NO_END, np.int64),
        np.array([r[2] for r in some], np.int64),
    )


def at(text: str, order: int) -> tuple[int, int, int]:
    first, last = ends_of(ip_network(text))
    return first, last, order


def test_what_is_not_exported_carries_no_export() -> None:
    made = layout(SHAPE, {PLAIN: rows(at("203.0.113.10/32", 7))})
    (found,) = made.values()
    assert found.communities == {RTBH, NO_EXPORT}
    assert found.next_hop == "192.0.2.254"
    assert found.large == {label(PLAIN, 7, MARK)}


def test_what_is_exported_carries_the_upstreams_own() -> None:
    (found,) = layout(SHAPE, {TO_BOTH: rows(at("203.0.113.10/32", 7))}).values()
    assert found.communities == {RTBH, UPA}
    assert found.large == {label(TO_BOTH, 7, MARK), Large(65000, 1, 2)}


def test_two_orders_for_one_prefix_are_one_announcement() -> None:
    made = layout(
        SHAPE,
        {PLAIN: rows(at("203.0.113.10/32", 7)), TO_A: rows(at("203.0.113.10/32", 9))},
    )
    (found,) = made.values()
    assert found.communities == {RTBH, UPA}
    assert members(Labels(SHAPE), [found]).keys() == {PLAIN, TO_A}


def test_an_order_beyond_32_bits_keeps_its_number() -> None:
    made = layout(SHAPE, {PLAIN: rows(at("203.0.113.10/32", MAX_ORDER_NUMBER))})
    read = members(Labels(SHAPE), made.values())
    assert read[PLAIN].order.tolist() == [MAX_ORDER_NUMBER]


def test_a_narrow_announcement_stands_inside_a_wide_one() -> None:
    wide = replace(PLAIN, routes=RouteMatch(24, 24))
    held = {PLAIN: rows(at("203.0.113.10/32", 7)), wide: rows(at("203.0.113.0/24", 9))}
    made = layout(SHAPE, held)
    assert {str(p) for p in made} == {"203.0.113.0/24", "203.0.113.10/32"}
    read = members(Labels(SHAPE), made.values())
    assert read.keys() == held.keys()
    assert all(read[rule].same_as(found) for rule, found in held.items())


@st.composite
def disjoint(draw: st.DrawFn) -> Members:
    """Some rows in a small space, touching ones of one order joined as the compiler does."""
    cuts = sorted(draw(st.sets(st.integers(0, 64), min_size=2, max_size=12)))
    found: list[tuple[int, int, int]] = []
    for first, after in pairwise(cuts):
        order = draw(st.integers(0, 3))
        if order and found and found[-1][1] + 1 == first and found[-1][2] == order:
            found[-1] = (found[-1][0], after - 1, order)
        elif order:
            found.append((first, after - 1, order))
    base = int(IPv4Network("203.0.113.64/26").network_address)
    return rows(*((base + a, base + b, order) for a, b, order in found))


@given(plain=disjoint(), exported=disjoint())
def test_members_come_back_as_they_were(plain: Members, exported: Members) -> None:
    held = {r: m for r, m in ((PLAIN, plain), (TO_A, exported)) if len(m)}
    made = layout(SHAPE, held)
    read = members(Labels(SHAPE), made.values())
    assert read.keys() == held.keys()
    assert all(read[rule].same_as(found) for rule, found in held.items())
    inside = {a for m in held.values() for f, last, _, _ in m.rows() for a in range(f, last + 1)}
    sent = {a for p in made for a in range(ends_of(p)[0], ends_of(p)[1] + 1)}
    assert sent == inside, "nothing outside the members"


@pytest.mark.parametrize(
    "prefix",
    ["0.0.0.0/0", "0.0.0.0/32", "10.0.0.0/7", "224.0.0.0/8", "127.0.0.0/8", "::/0", "::/128"],
)
def test_what_must_never_be_announced_is_refused_before_it_is_sent(prefix: str) -> None:
    network = ip_network(prefix)
    assert sendable(network)
    with pytest.raises(CommandRejected, match="nothing was announced"):
        path_of("rtbh1", Announcement(network, "192.0.2.254", frozenset(), frozenset()))


@pytest.mark.parametrize("prefix", ["203.0.113.10/32", "10.0.0.0/8", "2001:db8::/32"])
def test_other_prefixes_may(prefix: str) -> None:
    assert not sendable(ip_network(prefix))


def test_without_a_next_hop_nothing_is_sent() -> None:
    with pytest.raises(CommandRejected, match="next_hops"):
        path_of("rtbh1", Announcement(ip_network("203.0.113.1/32"), "", frozenset(), frozenset()))


@pytest.mark.parametrize("prefix", ["203.0.113.10/32", "203.0.113.8/29", "2001:db8:1::/48"])
def test_a_path_is_read_as_it_was_sent(prefix: str) -> None:
    network = ip_network(prefix)
    rule = Rule(network.version, Key.BLACKHOLE)
    sent = SHAPE.announcement(network, [(rule, 5)])
    path = path_of("rtbh1", sent)
    assert announcements("rtbh1", [path], MARK) == {network: sent}
    assert not announcements("rtbh1", [path], MARK + 1), "of another mark: not ours"
    path.neighbor_ip = "10.0.0.1"
    assert not announcements("rtbh1", [path], MARK), "learnt from a neighbor: not ours"


def test_a_path_of_ours_that_cannot_be_read_is_no_absence() -> None:
    path = path_of("rtbh1", SHAPE.announcement(ip_network("203.0.113.10/32"), [(PLAIN, 5)]))
    path.nlri.value = b""
    with pytest.raises(ParseFailed, match="no prefix"):
        announcements("rtbh1", [path], MARK)


@pytest.mark.parametrize("text", ["203.0.113.300", "203.0.113.1", "x", ""])
def test_only_canonical_networks_are_read(text: str) -> None:
    assert network_of(text, 24) is None
    assert network_of("203.0.113.0", 24) == IPv4Network("203.0.113.0/24")
    assert network_of("2001:DB8::", 32) is None
    assert network_of("2001:db8::", 32) == IPv6Network("2001:db8::/32")


@pytest.mark.parametrize(
    "owner", [Owner("C0FFEE", 3), Owner("C0FFEE", 4, 17, "0000002a"), Owner("C0FFEE", 4, 17)]
)
def test_the_mark_is_read_as_it_was_written(owner: Owner) -> None:
    read = read_owner(owner_text(owner))
    assert read == owner and read is not None
    assert (read.position, read.digest) == (owner.position, owner.digest)


@pytest.mark.parametrize(
    "text", ["", "ENF-OWNER", "ENF-OWNER controller A epoch x", "ENF-OWNER epoch 1 controller A"]
)
def test_what_is_no_mark_is_none(text: str) -> None:
    assert read_owner(text) is None
