# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders for blackholes want of the lab's speaker."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network

from enforcer.clock import SystemClock
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import Blackhole, Order
from enforcer.core.rules import Desired
from enforcer.core.topology import ROLE_RTBH, Device, Topology
from tests.integration.rtbh_lab import SPEAKER

_TOPOLOGY = Topology(
    {SPEAKER: Device(SPEAKER, "gobgp", roles=frozenset({ROLE_RTBH}))}, documentation_space=True
)


def wanting(*targets: str | tuple[str, tuple[str, ...]], exports: tuple[str, ...] = ()) -> Desired:
    """One order for each target (with the upstreams it is exported to), from number 1 on."""
    now = SystemClock().now() - timedelta(hours=1)
    pairs = [(t, exports) if isinstance(t, str) else t for t in targets]
    orders = [
        Order(
            number,
            number,
            Blackhole(ip_network(prefix), exports=upstreams),
            "test",
            "ann",
            "cli",
            now,
            now,
            None,
        )
        for number, (prefix, upstreams) in enumerate(pairs, 1)
    ]
    return compile_device(SPEAKER, [contributions(o, _TOPOLOGY, {}) for o in orders]).desired
