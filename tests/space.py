# SPDX-License-Identifier: GPL-2.0-or-later
"""The few addresses, ports and names that generated situations are made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from ipaddress import ip_network

from hypothesis import strategies as st

from enforcer.core.orders import Network, PortRange

DEVICES = ("edge1", "edge2", "core1")
INTERFACES = ("eth0", "eth1")
CUSTOMERS = ("hosting", "campus")
SERVICE_SETS = ("news", "relays")
LISTS = ("botnets",)
PORTS = (25, 119, 2000)
PROTOCOLS = (6, 1, 17, 58)


@dataclass(frozen=True)
class Space:
    """`nets`: small networks that everything happens in; `edges`: further single prefixes."""

    nets: tuple[Network, ...]
    edges: tuple[Network, ...] = ()


TINY = Space(
    (ip_network("192.0.2.16/28"), ip_network("2001:db8::10/124")),
    (
        ip_network("0.0.0.0/32"),
        ip_network("255.255.255.254/31"),
        ip_network("255.255.255.255/32"),
        ip_network("0.0.0.0/0"),
        ip_network("::/128"),
        ip_network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"),
        ip_network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"),
        ip_network("::/0"),
    ),
)


@cache
@st.composite
def _subnets(draw: st.DrawFn, net: Network) -> Network:
    # Long prefixes more often than short ones: a whole net hides what the others do.
    length = draw(st.sampled_from([net.max_prefixlen, net.max_prefixlen - 1]) | _lengths(net))
    offset = draw(st.integers(0, net.num_addresses - 1))
    return type(net)((int(net.network_address) + offset, length), strict=False)


def _lengths(net: Network) -> st.SearchStrategy[int]:
    return st.integers(net.prefixlen, net.max_prefixlen)


@cache
def prefixes(space: Space = TINY) -> st.SearchStrategy[Network]:
    """Prefixes inside the space's networks, now and then one of its edges."""
    inside = st.sampled_from(space.nets).flatmap(_subnets)
    return st.one_of(inside, inside, inside, st.sampled_from(space.edges or space.nets))


@cache
def addresses(family: int, space: Space = TINY) -> st.SearchStrategy[int]:
    """Addresses that prefixes of the space cover or nearly cover."""
    nets = [n for n in space.nets if n.version == family]
    inside = st.sampled_from(nets).flatmap(
        lambda n: st.integers(int(n.network_address), int(n.broadcast_address))
    )
    edges = {
        end
        for n in space.edges
        if n.version == family
        for end in (int(n.network_address), int(n.broadcast_address))
    }
    return inside | st.sampled_from(sorted(edges)) if edges else inside


@cache
def port_ranges() -> st.SearchStrategy[PortRange]:
    """Single ports and short ranges around `PORTS`."""
    return st.builds(
        lambda first, width: PortRange(first, min(first + width, 65535)),
        st.sampled_from(PORTS),
        st.sampled_from([0, 0, 1, 100]),
    )
