# SPDX-License-Identifier: GPL-2.0-or-later
"""What the enforcement machine draws: orders about sixteen addresses, and every packet there."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from itertools import product

from hypothesis import strategies as st

from enforcer.application.commands import PlaceOrder
from tests.oracle import Packet
from tests.space import DEVICES, INTERFACES, TINY, Space
from tests.strategies import demands, scopes
from tests.traffic import SHAPES

SPACE = Space(tuple(ip_network(f"{net.network_address}/{net.prefixlen + 1}") for net in TINY.nets))
"""Eight addresses of each family: few enough for orders to meet."""
devices = st.sampled_from(DEVICES)
minutes = st.integers(1, 90).map(lambda n: timedelta(minutes=n))
picks = st.integers(0, 99)


def asks() -> st.SearchStrategy[PlaceOrder]:
    """Commands with everything confirmed."""
    return st.builds(
        lambda demand, scope, lasts, after: PlaceOrder(
            demand=demand,
            reason="test",
            scope=scope,
            start_after=after,
            duration=lasts,
            open_ended=lasts is None,
            confirm_wide=True,
            confirm_collateral=True,
        ),
        demands(SPACE),
        scopes(),
        st.none() | minutes,
        st.none() | st.none() | minutes,
    )


def every_packet() -> list[Packet]:
    """Between all addresses of the space, through all interfaces."""
    found = []
    for net in SPACE.nets:
        every = [int(address) for address in net]
        ways = product(INTERFACES, INTERFACES)
        for src, dst, (protocol, sport, dport), (iif, oif) in product(every, every, SHAPES, ways):
            number = 58 if (protocol, net.version) == (1, 6) else protocol
            found.append(Packet(net.version, src, dst, number, sport, dport, iif, oif))
    return found


EVERY_PACKET = every_packet()
