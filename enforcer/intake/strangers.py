# SPDX-License-Identifier: GPL-2.0-or-later
"""How much each network may post without a token, so that one of them leaves room for others.

Counted in memory: the limit of all together is counted in the database, and holds besides.
"""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

HOUR = timedelta(hours=1)
_SHARE = 10
_LENGTHS = {4: 24, 6: 48}


class Networks:
    """New reports per peer's network (an IPv4 /24, an IPv6 /48) within an hour.

    Each may open a tenth of `most`, which is for all of them.
    """

    def __init__(self, most: int) -> None:
        self._share = max(1, most // _SHARE)
        self._opened: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def full(self, peer: str, now: datetime) -> bool:
        """Whether the network of `peer` has had its share; who is no address has no share."""
        network = network_of_peer(peer)
        if network is None:
            return False
        self._forget(now - HOUR)
        return len(self._opened.get(network, ())) >= self._share

    def opened(self, peer: str, now: datetime) -> None:
        """Count one."""
        network = network_of_peer(peer)
        if network is not None:
            self._opened[network].append(now)

    def _forget(self, before: datetime) -> None:
        for network, times in list(self._opened.items()):
            while times and times[0] <= before:
                times.popleft()
            if not times:
                del self._opened[network]


def network_of_peer(peer: str) -> str | None:
    """The network that `peer` counts for; None: it is no address, or the machine's own."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = address if mapped is None else mapped
    if address.is_loopback:
        return None
    return str(ip_network((address, _LENGTHS[address.version]), strict=False))
