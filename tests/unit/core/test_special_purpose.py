# SPDX-License-Identifier: GPL-2.0-or-later
"""Special-purpose space is found by integers as it is by comparing networks."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.orders import Network
from enforcer.core.special_purpose import DOCUMENTATION, NEVER, overlap, special_purpose

_SPACES = NEVER + DOCUMENTATION


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Anywhere, mostly at, around or inside a special-purpose space."""
    space, _ = draw(st.sampled_from(_SPACES))
    bits = space.max_prefixlen
    length = draw(st.integers(0, bits))
    near = int(space.network_address) + draw(st.integers(-3, 3))
    anywhere = draw(st.integers(0, (1 << bits) - 1))
    address = draw(st.sampled_from((near, anywhere))) % (1 << bits)
    kind = IPv4Network if space.version == 4 else IPv6Network
    return kind((address >> (bits - length) << (bits - length), length))


@given(networks(), st.booleans())
def test_the_first_space_that_a_network_overlaps_is_found(
    network: Network, documentation_space: bool
) -> None:
    spaces = NEVER if documentation_space else _SPACES
    expected = next(((n, why) for n, why in spaces if overlap(network, n)), None)
    assert special_purpose(network, documentation_space) == expected


@pytest.mark.parametrize(("space", "why"), _SPACES)
def test_the_ends_of_each_space_belong_to_it(space: Network, why: str) -> None:
    for address in (space[0], space[-1]):
        assert special_purpose(ip_network(address), False) == (space, why)
