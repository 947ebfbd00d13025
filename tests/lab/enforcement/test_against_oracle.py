# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's verdict on crafted packets equals the oracle's, for random sets of orders."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address

import pytest

from enforcer.clock import SystemClock
from enforcer.core.orders import Order
from enforcer.errors import OrderRefused
from lab.probes import Probe
from tests.lab.enforcement.crossings import Crossing, fates
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.random_orders import LISTED, random_demand
from tests.lab.enforcement.random_packets import PATHS, Shot, random_shot
from tests.oracle import Lists, Packet, dropped

pytestmark = pytest.mark.root

ORDERS = 30
SHOTS = 300
ROUNDS = 3
SEEDS = (20261121, 7)
LIST = "random-list"


@dataclass(frozen=True)
class World:
    """The orders as stored, and what they refer to."""

    desk: Desk
    orders: Sequence[Order]
    lists: Lists

    def drops(self, shot: Shot) -> bool:
        """What the oracle says: some device on the way drops the packet."""
        now = SystemClock().now()
        topology = self.desk.topology
        return any(
            dropped(replace(shot.packet, **hop), self.orders, topology, self.lists, now)
            for hop in PATHS[shot.source, shot.sink]
        )


def place_random(desk: Desk, chance: random.Random) -> list[str]:
    """Ids of random orders; what the guardrails refuse is drawn again."""
    placed: list[str] = []
    while len(placed) < ORDERS:
        lasting = chance.choice([None, timedelta(hours=1), timedelta(days=2)])
        try:
            demand = random_demand(chance, LIST)
            placed.append(desk.place(demand, lasting=lasting, settled=False).id)
        except OrderRefused:
            continue
    for order in placed:
        desk.await_settled(order)
    return placed


def crossings_of(shots: Sequence[Shot]) -> list[Crossing]:
    """The shots by path, labelled by their number."""
    by_path: dict[tuple[str, str], list[Probe]] = {}
    for number, shot in enumerate(shots):
        by_path.setdefault((shot.source, shot.sink), []).append(
            replace(shot.probe, label=str(number))
        )
    return [Crossing(*path, tuple(probes)) for path, probes in by_path.items()]


def kernel_drops(shots: Sequence[Shot]) -> set[int]:
    """The numbers of the shots that the kernels on the way dropped."""
    return {int(label) for fate in fates(crossings_of(shots)) for label in fate.dropped}


def in_words(packet: Packet) -> str:
    ports = f"{packet.sport}>{packet.dport}"
    ends = f"{ip_address(packet.src)} > {ip_address(packet.dst)}"
    return f"{ends} protocol {packet.protocol} ports {ports}"


@pytest.mark.parametrize("seed", SEEDS)
def test_kernel_and_oracle_agree(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    desk.import_list(LIST, LISTED)
    shots = [random_shot(chance) for _ in range(SHOTS)]
    assert kernel_drops(shots) == set(), "without orders everything passes"
    standing = place_random(desk, chance)
    seen_dropped = seen_passed = 0
    for _ in range(ROUNDS):
        views = [desk.view(order) for order in standing]
        world = World(desk, desk.orders(views), desk.lists(LIST))
        shots = [random_shot(chance) for _ in range(SHOTS)]
        kernel, oracle = kernel_drops(shots), {n for n, s in enumerate(shots) if world.drops(s)}
        wrong = sorted(kernel ^ oracle)
        assert [f"{in_words(shots[n].packet)} {shots[n].source}" for n in wrong] == []
        seen_dropped += len(kernel)
        seen_passed += SHOTS - len(kernel)
        gone = chance.sample(standing, len(standing) // 3)
        desk.lift(*gone)
        standing = [order for order in standing if order not in gone]
    assert min(seen_dropped, seen_passed) > SHOTS * ROUNDS // 10, "both verdicts must be met"
