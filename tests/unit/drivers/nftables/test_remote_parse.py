# SPDX-License-Identifier: GPL-2.0-or-later
"""Listings as nft 1.0.6 prints them: read rightly or refused, whatever is broken in them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._router.known import KnownRules
from drivers.nftables.remote.model import Element, Listing
from drivers.nftables.remote.parse import Unreadable, exists, held, listing
from drivers.nftables.remote.reading import actual, counted
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Key, Owner, Rule
from enforcer.driver_api import Counted

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
RULE = Rule(4, Key.SOURCE)
INFO = {"metainfo": {"version": "1.0.6", "release_name": "x", "json_schema_version": 1}}
WHERE = {"family": "inet", "table": "enforcer"}
MARK = "enforcer 9D1A03F2 epoch 4 at 4711 5e0c9a27"


def text(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"nftables": [INFO, *entries]}).encode()


def table(name: str = "enforcer", family: str = "inet", **more: object) -> dict[str, Any]:
    return {"table": {"family": family, "name": name, "handle": 1, **more}}


def set_of(name: str, *elem: object, kind: str = "ipv4_addr", **more: object) -> dict[str, Any]:
    return {"set": {**WHERE, "name": name, "type": kind, "handle": 2, "elem": [*elem], **more}}


def counting(value: object, comment: str, packets: int = 0) -> dict[str, Any]:
    counter = {"packets": packets, "bytes": 60 * packets}
    return {"elem": {"val": value, "comment": comment, "counter": counter}}


WHOLE = text(
    table(),
    set_of("owner_mark", {"elem": {"val": 1, "comment": MARK}}, kind="mark"),
    set_of(f"h{RULE.digest}", counting("198.51.100.7", "0001-Y", 3), stmt=[{"counter": None}]),
    set_of(
        f"r{RULE.digest}",
        counting({"prefix": {"addr": "198.51.100.64", "len": 26}}, "0002-W", 5),
        counting({"range": ["198.51.100.128", "198.51.100.130"]}, "by hand"),
        flags=["interval"],
    ),
    {"chain": {**WHERE, "name": "forward", "handle": 3, "type": "filter", "hook": "forward",
               "prio": -150, "policy": "accept"}},
    {"rule": {**WHERE, "chain": "forward", "handle": 4,
              "expr": [{"counter": {"packets": 9, "bytes": 8}}, {"drop": None}]}},
)  # fmt: skip


def known() -> KnownRules:
    rules = KnownRules()
    rules.learn([RULE])
    return rules


def key_of(value: object) -> object:
    read = listing(text(table(), set_of("h0123456789ab", value)), False)
    [element] = read.elements["h0123456789ab"]
    return element.key


def span(first: str, last: str) -> tuple[int, int]:
    return int(ip_address(first)), int(ip_address(last))


def test_a_whole_table() -> None:
    read = listing(WHOLE, hold=False)
    assert read.owner == Owner("9D1A03F2", 4, 4711, "5e0c9a27")
    host = Element(span("198.51.100.7", "198.51.100.7"), "0001-Y", 3, 180)
    assert read.elements[f"h{RULE.digest}"] == (host,)
    forward = read.structure.chains["forward"]
    assert (forward.hook, forward.priority, forward.policy) == ("forward", -150, "accept")
    assert forward.lines == ('[{"counter": null}, {"drop": null}]',)
    state = actual("r1", read, known(), NOW)
    orders = {row[:2]: row[3] for row in state.addresses[RULE].rows()}
    assert orders == {
        span("198.51.100.7", "198.51.100.7"): 1,
        span("198.51.100.64", "198.51.100.127"): 2,
        span("198.51.100.128", "198.51.100.130"): -1,
    }


def test_a_set_of_a_rule_that_nobody_knows_holds_no_members() -> None:
    assert not actual("r1", listing(WHOLE, False), KnownRules(), NOW).addresses


def test_what_is_counted_is_what_was_asked_for() -> None:
    asked = {RULE: Ranges.of([span("198.51.100.0", "198.51.100.80")])}
    assert counted(listing(WHOLE, False), known(), asked)[RULE] == Counted(8, 480)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10.0.0.1", span("10.0.0.1", "10.0.0.1")),
        ({"prefix": {"addr": "0.0.0.0", "len": 0}}, span("0.0.0.0", "255.255.255.255")),
        ({"prefix": {"addr": "::", "len": 0}}, (0, 2**128 - 1)),
        ({"prefix": {"addr": "::", "len": 127}}, (0, 1)),
        ({"prefix": {"addr": "::ffff:10.0.0.0", "len": 104}},
         span("::ffff:10.0.0.0", "::ffff:10.255.255.255")),
        ("::1.2.3.4", span("::1.2.3.4", "::1.2.3.4")),
        ({"range": ["10.0.0.5", "10.0.0.6"]}, span("10.0.0.5", "10.0.0.6")),
        ("eth0", "eth0"),
        ("eth*", "eth*"),
        (7, "7"),
    ],
)  # fmt: skip
def test_every_way_in_which_nft_writes_an_element(value: object, expected: object) -> None:
    assert key_of(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        ["10.0.0.1"],
        {"prefix": {"addr": "10.0.0.1", "len": 8}},
        {"prefix": {"addr": "10.0.0.0", "len": 33}},
        {"range": ["10.0.0.6", "10.0.0.5"]},
        {"range": ["10.0.0.6", "::7"]},
        {"range": ["10.0.0.6"]},
        {"concat": ["10.0.0.1", 80]},
        {"elem": {"val": "10.0.0.1", "comment": 7}},
        {"elem": {"val": "10.0.0.1", "counter": {"packets": "many"}}},
        {"elem": {"val": "10.0.0.1", "counter": {"packets": float("inf")}}},
    ],
)
def test_an_element_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(Unreadable):
        key_of(value)


def test_counts_and_the_order_of_elements_do_not_move_the_digest() -> None:
    one, two = counting("10.0.0.1", "0001-Y", 1), counting("10.0.0.2", "0001-Y")
    name = f"h{RULE.digest}"
    before = listing(text(table(), set_of(name, one, two)), False).digest
    one["elem"]["counter"]["packets"] = 99
    assert listing(text(table(), set_of(name, two, one)), False).digest == before
    two["elem"]["comment"] = "0002-W"
    assert listing(text(table(), set_of(name, two, one)), False).digest != before


def test_no_table_and_the_marker_are_states_of_their_own() -> None:
    digests = {listing(t, h).digest for t in (None, text(table())) for h in (False, True)}
    assert len(digests) == 4


def test_the_table_and_the_marker_are_found_among_the_tables() -> None:
    assert exists(text(table("nat", "ip"), table()))
    assert not exists(text(table(family="ip6"), table("enforcer2")))
    assert held(text(table("ENFORCER-HOLD", "bridge")))
    assert not held(text(table("ENFORCER-HOLDING")))


def test_a_table_that_sleeps_is_not_ours_as_it_should_be() -> None:
    assert listing(text(table(flags="dormant")), False).structure.other == {"flag dormant"}


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b"null", b'{"nftables": []}', b"\xff\xfe"])
def test_what_is_no_answer_of_nft_is_refused(broken: bytes) -> None:
    for question in (exists, held, lambda given: listing(given, False)):
        with pytest.raises(Unreadable):
            question(broken)


def test_an_entry_that_is_no_table_among_tables_is_refused() -> None:
    for broken in ('{"rule": {}}', '{"table": 7}', '{"table": {"family": "inet"}}'):
        with pytest.raises(Unreadable):
            exists(text(json.loads(broken)))


def test_rules_of_a_chain_that_is_not_listed_are_refused() -> None:
    with pytest.raises(Unreadable, match="ghost"):
        listing(text(table(), {"rule": {**WHERE, "chain": "ghost", "expr": []}}), False)


@given(st.integers(0, len(WHOLE) - 1))
def test_a_listing_that_was_cut_is_refused(length: int) -> None:
    with pytest.raises(Unreadable):
        listing(WHOLE[:length], False)


@given(st.data())
def test_whatever_is_altered_nothing_else_is_raised(data: st.DataObject) -> None:
    """One value anywhere is replaced by any JSON; what is read can be used."""
    tree = json.loads(WHOLE)
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        child = node[key]
        if not isinstance(child, (dict, list)) or not child or data.draw(st.booleans()):
            break
        node = child
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    node[key] = data.draw(
        st.recursive(scalars, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=4)
    )
    with suppress(Unreadable):
        read = listing(json.dumps(tree).encode(), False)
        assert isinstance(read, Listing)
        state = actual("r1", read, known(), NOW)
        for rows in state.addresses.values():
            assert all(first <= last for first, last, _, _ in rows.rows())


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=5))
def test_whatever_byte_is_spoilt_nothing_else_is_raised(spoilt: list[tuple[int, int]]) -> None:
    given_ = bytearray(WHOLE)
    for at, value in spoilt:
        given_[at] = value
    with suppress(Unreadable):
        actual("r1", listing(bytes(given_), False), known(), NOW)
