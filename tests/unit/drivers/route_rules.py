# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about routes with few prefixes and all lengths, and routes that are likely to meet them."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

from hypothesis import strategies as st

from enforcer.core.intervals import Ranges, ends_of, merge, rows_of
from enforcer.core.routes import Route
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule

NEIGHBOR = "192.0.2.130"
_SPACE = ip_network("198.51.100.0/24")


@st.composite
def nets(draw: st.DrawFn) -> IPv4Network:
    """A prefix in a small space, or around all of it."""
    length = draw(st.integers(24, 32) | st.sampled_from([0, 1, 16, 22]))
    offset = draw(st.integers(0, 255))
    return IPv4Network((int(_SPACE.network_address) + offset, length), strict=False)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """With lengths, exceptions, both or neither."""
    low = draw(st.integers(0, 32))
    match = draw(st.none() | st.builds(RouteMatch, st.just(low), st.integers(low, 32)))
    free = merge(rows_of(draw(st.lists(nets().filter(lambda n: n.prefixlen > 23), max_size=2))))
    exempt = tuple(Exempt(first, last) for first, last in free.pairs())
    return Rule(4, Key.RECEIVED, exempt=exempt, neighbor=NEIGHBOR, routes=match)


def members() -> st.SearchStrategy[Ranges]:
    """Canonical, not empty."""
    return st.lists(nets(), min_size=1, max_size=3).map(
        lambda some: merge(Ranges.of(map(ends_of, some)))
    )


def routes() -> st.SearchStrategy[Route]:
    """Of any path."""
    return nets().map(Route)
