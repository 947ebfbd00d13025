# SPDX-License-Identifier: GPL-2.0-or-later
"""Of many alike orders one is judged; each gets the verdict that it would have got alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import Blackhole, BlockAddress, Demand, Direction, Network, Selection
from enforcer.core.topology import ROLE_RTBH, Blackholing
from enforcer.errors import InvalidInput, OrderRefused
from tests.fakes.device import FakeDevice
from tests.unit.usecases.desks import GUARDED, equip
from tests.unit.usecases.office import ANN, HOUR, Office

SPEAKER = replace(
    GUARDED.devices["edge2"],
    name="speaker",
    roles=frozenset({ROLE_RTBH}),
    blackholing=Blackholing(upstreams={"transit": "65000:1666"}),
)
ANNOUNCING = replace(GUARDED, devices={**GUARDED.devices, "speaker": SPEAKER})
AROUND = ("192.0.2.0", "192.0.2.64", "198.51.100.0", "203.0.113.0", "16.0.0.0", "127.0.0.1")


def prefixes(chance: random.Random) -> Iterator[Network]:
    """Near what the inventory tells of, and far from it; some twice."""
    while True:
        length = chance.choice((7, 24, 25, 30, 31, 32, 32, 32))
        start = int(ip_address(chance.choice(AROUND))) + chance.choice((0, 1, 63, 127, 255, 4096))
        yield ip_network((start, length), strict=False)


def demand(chance: random.Random, prefix: Network) -> Demand:
    direction = chance.choice(list(Direction))
    spared = Selection((ip_network("192.0.2.1"),)) if chance.random() < 0.1 else Selection()
    if chance.random() < 0.6:
        return BlockAddress(prefix, direction, exceptions=spared)
    exports = chance.choice(((), (), ("transit",), ("nobody",)))
    usual = Direction.TO if chance.random() < 0.7 else direction
    return Blackhole(prefix, usual, exports, exceptions=spared)


def commands(seed: int, count: int) -> list[PlaceOrder]:
    chance = random.Random(seed)
    return [
        PlaceOrder(
            demand=demand(chance, prefix),
            reason="swarm" if chance.random() < 0.95 else "",
            duration=chance.choice((HOUR, 2 * HOUR, timedelta(days=40_000))),
            idempotency_key=f"key {at}",
            confirm_wide=chance.random() < 0.3,
            confirm_collateral=chance.random() < 0.3,
            confirm_foreign=chance.random() < 0.5,
        )
        for at, prefix in zip(range(count), prefixes(chance), strict=False)
    ]


def alone(office: Office, command: PlaceOrder) -> tuple[str | None, str]:
    try:
        office.app.place(ANN, command)
    except OrderRefused as refused:
        return refused.code, str(refused)
    except InvalidInput as invalid:
        return "invalid", str(invalid)
    return None, ""


@pytest.mark.parametrize("seed", range(2))
def test_a_swarm_is_judged_as_each_of_it_alone(office: Office, seed: int) -> None:
    office.boxes["speaker"] = FakeDevice("speaker", office.clock)
    equip(office, ANNOUNCING)
    many = commands(seed, 200)
    checked = office.app.check_many(ANN, many)
    placed = office.app.place_many(ANN, many)
    again = [one.model_copy(update={"idempotency_key": None}) for one in many]
    expected = [alone(office, one) for one in again]
    assert [(one.code, "" if one.order else one.message) for one in placed] == expected
    assert [one.code for one in checked] == [code for code, _ in expected]
    assert len({code for code, _ in expected}) > 8
    taken = {one.demand.kind for one, (code, _) in zip(many, expected, strict=True) if code is None}
    assert taken == {"block_address", "blackhole"}
