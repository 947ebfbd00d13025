# SPDX-License-Identifier: GPL-2.0-or-later
"""Adjacencies that go down on purpose: those on the links of interfaces that are shut. Pure.

A customer that is suspended by `shutdown` loses his own BGP session with it. The proof of the
change must not miss it: it would take the suspension back for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network


def links_of(down: Iterable[str], links: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The networks of the interfaces `down` and of the sub-interfaces below them, sorted.

    `links`: prefixes by interface, as text; a sub-interface is ``PARENT.NUMBER``.
    """
    names = tuple(down)
    found = {
        network
        for interface, networks in links.items()
        if any(interface == name or interface.startswith(f"{name}.") for name in names)
        for network in networks
    }
    return tuple(sorted(found))


def spared(address: str, networks: Iterable[str]) -> bool:
    """Whether a neighbor is on one of `networks`, so that nobody misses it."""
    return any(ip_address(address) in ip_network(network) for network in networks)
