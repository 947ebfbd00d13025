# SPDX-License-Identifier: GPL-2.0-or-later
"""What `why ADDRESS` makes of orders about BGP: of them blackholes alone drop packets."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    Blackhole,
    Demand,
    Direction,
    DropRoutes,
    Network,
    Order,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.placement import ownership
from enforcer.core.rules import Key
from enforcer.usecases.candidates import candidates, names_around
from enforcer.usecases.touch import attachments_of
from enforcer.usecases.touching import about, summary, touching
from tests.unit.core.bgp_drafts import NETWORK, OF_LEAKY, nets, sessions
from tests.unit.core.drafts import draft
from tests.unit.usecases.target_index import ALWAYS, Index

HOST = ip_network("192.0.2.7/32")
HOLE = Blackhole(HOST)


def no_list(name: str) -> ListContent | None:
    return None


def stored(demand: Demand) -> Order:
    return replace(draft(demand).order(), number=1, changed=1, reason="why")


def answer(demand: Demand, asked: Network) -> tuple[str, str]:
    """Whether what comes from `asked`, and what goes to it, is dropped."""
    found = touching([stored(demand)], asked, NETWORK, ownership(NETWORK), no_list)
    return summary(asked, found, Key.SOURCE), summary(asked, found, Key.DESTINATION)


@pytest.mark.parametrize(
    ("demand", "asked", "expected"),
    [
        (HOLE, "192.0.2.7/32", ("none", "all")),
        (replace(HOLE, direction=Direction.BOTH), "192.0.2.7/32", ("all", "all")),
        (HOLE, "192.0.2.0/24", ("none", "some")),
        (HOLE, "192.0.2.8/32", ("none", "none")),
        (DropRoutes(OF_LEAKY, nets("192.0.2.7/32")), "192.0.2.7/32", ("none", "none")),
        (DropRoutes(OF_LEAKY, choice="every"), "10.0.1.2/32", ("none", "none")),
        (ShutdownSession(OF_LEAKY), "10.0.1.2/32", ("none", "none")),
        (ShutdownSession(OF_LEAKY), "192.0.2.7/32", ("none", "none")),
        (SuspendCustomer("leaky", Selection(), "session"), "192.0.2.7/32", ("none", "none")),
        (SuspendCustomer("leaky", Selection()), "192.0.2.7/32", ("all", "all")),
    ],
)
def test_which_packets_are_dropped(demand: Demand, asked: str, expected: tuple[str, str]) -> None:
    assert answer(demand, ip_network(asked)) == expected


def test_a_blackhole_is_told_like_a_block_of_an_address() -> None:
    (one,) = touching([stored(HOLE)], HOST, NETWORK, ownership(NETWORK), no_list)
    assert about(one) == ("exact", "to", "all")
    assert one.asks.devices == ("speaker",)
    (both,) = touching(
        [stored(replace(HOLE, direction=Direction.BOTH))],
        HOST,
        NETWORK,
        ownership(NETWORK),
        no_list,
    )
    assert about(both) == ("exact", "both", "all")


@pytest.mark.parametrize(
    ("demand", "passes"),
    [
        (HOLE, True),
        (Blackhole(ip_network("192.0.2.8/32")), False),
        (DropRoutes(sessions("leaky", "192.0.2.7"), nets("192.0.2.7/32")), False),
        (ShutdownSession(sessions("leaky", "192.0.2.7")), False),
        (SuspendCustomer("leaky", Selection()), True),
    ],
)
def test_the_sieve_lets_through_what_drops_packets_there(demand: Demand, passes: bool) -> None:
    index = Index([stored(demand)])
    names = names_around(NETWORK, HOST, attachments_of(NETWORK, HOST))
    assert candidates(index, HOST, names, no_list, ALWAYS) == ([1] if passes else [])
