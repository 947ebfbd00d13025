# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and comments say what they must, and only what they say is read from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.names import (
    Label,
    ShardName,
    exempt_service,
    free_letter,
    is_member_name,
    label,
    parse_exempt_service,
    parse_label,
    parse_name,
)
from drivers.nftables.netlink.columns import MAX_COMMENT
from enforcer.core.rules import Exempt, Key, Rule, Service

PORTS = st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535))
SERVICES = st.none() | st.builds(Service, st.integers(0, 255), PORTS, PORTS)
LAYOUTS = st.sampled_from(["", "1@0", "64@112", "1:", f"4096:{2**128 - 1:x}"])


@given(st.builds(Rule, st.sampled_from([4, 6]), st.sampled_from(Key), SERVICES), LAYOUTS)
def test_a_label_reads_back(rule: Rule, layout: str) -> None:
    for full in (rule, Rule(rule.family, rule.key, rule.service, ((1, 2),), (Exempt(1, 2),))):
        written = label(full, layout)
        assert parse_label(str(written)) == written
        assert len(str(written)) <= MAX_COMMENT


@pytest.mark.parametrize(
    "comment",
    ["", "source", "source 5 - - -", "sideways 4 - - -", "source 4 6/25 - -", "source 4 - - - 1 2"],
)
def test_other_comments_are_no_labels(comment: str) -> None:
    assert parse_label(comment) is None


def test_a_label_names_peers_and_exceptions() -> None:
    rule = Rule(4, Key.SOURCE, None, ((1, 2),), (Exempt(3, 4),))
    assert isinstance(found := parse_label(str(label(rule))), Label)
    assert (found.peers[0], found.exempt[0]) == ("p", "x")


@given(st.none() | st.integers(0, 255), PORTS)
def test_excepted_services_read_back(protocol: int | None, ports: tuple[int, int] | None) -> None:
    entry = Exempt(1, 2, protocol, ports)
    assert parse_exempt_service(exempt_service(entry)) == (protocol, ports)


@pytest.mark.parametrize("comment", ["", "6", "6/25", "x/-", "6/25-25/"])
def test_other_comments_are_no_services(comment: str) -> None:
    assert parse_exempt_service(comment) is None


@pytest.mark.parametrize("shard", ["", "00f", "wide", "map"])
def test_names_read_back(shard: str) -> None:
    name = ShardName("h", "0123456789ab", "b", shard)
    assert parse_name(str(name)) == name


@pytest.mark.parametrize(
    "name, ours",
    [
        ("p0123456789ab", True),
        ("x0123456789ab", True),
        ("x0123456789ab_12", True),
        ("i0123456789ab_a", True),
        ("owner_mark", False),
        ("blocks", False),
        ("h0123456789ab", False),
        ("h0123456789ab_a_1", False),
        ("h0123456789AB_a", False),
    ],
)
def test_which_names_could_be_ours(name: str, ours: bool) -> None:
    assert is_member_name(name) is ours


def test_a_new_layout_never_takes_a_used_letter() -> None:
    names = ["h0123456789ab_a", "h0123456789ab_c_001", "r0123456789ab_b", "habcdefabcdef_b"]
    assert free_letter(names, "h", "0123456789ab") == "b"
    assert free_letter(names, "r", "0123456789ab") == "a"
