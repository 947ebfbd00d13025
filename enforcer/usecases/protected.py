# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected space: what no order may block, and where that comes from."""

from __future__ import annotations

from enforcer.application.desk_views import ProtectedView
from enforcer.core.orders import Network
from enforcer.core.prefixes import format_network, parse_network
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import ProtectedPrefix
from enforcer.usecases.world import World


def protected(world: World, address: str | None) -> list[ProtectedView]:
    """See `Application.protected`: by address, IPv4 first. Raises InvalidInput."""
    asked = None if address is None else parse_network(address)
    found = [p for p in world.topology.protected if _wanted(p.prefix, asked)]
    return [
        ProtectedView(prefix=format_network(p.prefix), reason=p.reason, origin=p.origin)
        for p in sorted(found, key=_by_address)
    ]


def _wanted(prefix: Network, asked: Network | None) -> bool:
    return asked is None or overlap(prefix, asked)


def _by_address(kept: ProtectedPrefix) -> tuple[int, int, int, str]:
    prefix = kept.prefix
    return prefix.version, int(prefix.network_address), prefix.prefixlen, kept.reason
