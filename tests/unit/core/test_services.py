# SPDX-License-Identifier: GPL-2.0-or-later
import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.orders import PortRange
from enforcer.core.services import (
    format_ports,
    format_protocols,
    join_ports,
    parse_ports,
    parse_protocols,
)
from enforcer.errors import InvalidInput

ranges = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 200)).map(
        lambda ends: PortRange(min(ends), max(ends))
    ),
    min_size=1,
    max_size=8,
)


def ports_of(joined: tuple[PortRange, ...]) -> list[int]:
    return [port for one in joined for port in range(one.first, one.last + 1)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("25", [(25, 25)]),
        ("25,465-587", [(25, 25), (465, 587)]),
        (" 587 , 25 - 30,28-40", [(25, 40), (587, 587)]),
        ("0-65535", [(0, 65535)]),
        ("119,433,563", [(119, 119), (433, 433), (563, 563)]),
    ],
)
def test_ports(text: str, expected: list[tuple[int, int]]) -> None:
    assert parse_ports(text) == tuple(PortRange(*ends) for ends in expected)


@pytest.mark.parametrize(
    "text, part",
    [
        ("", "is not a port"),
        ("25,", "is not a port"),
        ("smtp", "is not a port"),
        ("-25", "is not a port"),
        ("٢٥", "is not a port"),
        ("65536", "the highest one is 65535"),
        ("25-99999", "the highest one is 65535"),
        ("587-465", "write 465-587"),
    ],
)
def test_ports_refused(text: str, part: str) -> None:
    with pytest.raises(InvalidInput, match=part):
        parse_ports(text)


@given(ranges)
def test_joined_ports_are_the_same_ports(some: list[PortRange]) -> None:
    joined = join_ports(some)
    assert ports_of(joined) == sorted(set(ports_of(tuple(some))))
    assert all(a.last + 1 < b.first for a, b in pairwise(joined))
    assert parse_ports(format_ports(joined)) == joined


def test_protocols() -> None:
    assert parse_protocols("tcp, UDP,icmp,gre,47") == (1, 6, 17, 47)
    assert parse_protocols("ipv6-icmp") == (58,)
    assert format_protocols((1, 6, 47, 200)) == "icmp,tcp,gre,200"


@given(st.lists(st.integers(0, 255), min_size=1))
def test_protocols_round_trip(numbers: list[int]) -> None:
    assert parse_protocols(format_protocols(numbers)) == tuple(sorted(set(numbers)))


@pytest.mark.parametrize(
    "text, part",
    [("", "not a protocol"), ("tpc", "did you mean tcp"), ("256", "from 0 to 255"), ("6,", "not")],
)
def test_protocols_refused(text: str, part: str) -> None:
    with pytest.raises(InvalidInput, match=part):
        parse_protocols(text)


@given(st.text(max_size=12))
def test_only_our_error(text: str) -> None:
    for parse in (parse_ports, parse_protocols):
        with contextlib.suppress(InvalidInput):
            assert parse(text)
