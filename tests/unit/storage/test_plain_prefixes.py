# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefixes in orders are read in a hurry, and no differently."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.orders import BlockAddress
from enforcer.core.prefixes import parse_network
from enforcer.errors import InvalidInput
from enforcer.wire import demand_from_wire
from tests.unit.storage.any_orders import networks

ODD = [
    *("192.0.2.1", "192.0.2.1/24", "192.0.2.0/024", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8"),
    *("192.0.2.0/255.255.255.0", "192.0.02.0/24", "192.0.2/24", " 192.0.2.0/24", "192.0.2.0/24 "),
    *("::ffff:1.2.3.4/128", "::ffff:0:0/96", "::/96", "2001:DB8::/32", "fe80::%1/64", "/24", ""),
    *("192.0.2.0/\u0662\u0664", "1\0/8", "2001:db8::1/32", "2001:db8::/129", "host.example/24"),
]


def read(text: str) -> str:
    try:
        demand = demand_from_wire({"kind": "block_address", "prefix": text})
    except InvalidInput:
        return "refused"
    assert isinstance(demand, BlockAddress)
    return str(demand.prefix)


def expected(text: str) -> str:
    try:
        return str(parse_network(text))
    except InvalidInput:
        return "refused"


@pytest.mark.parametrize("text", ODD)
def test_odd_ones(text: str) -> None:
    assert read(text) == expected(text)


@given(networks().map(str) | st.text("0123456789abcdef.:/%", max_size=14))
def test_any_text(text: str) -> None:
    assert read(text) == expected(text)
