# SPDX-License-Identifier: GPL-2.0-or-later
"""What is written between two batches lets nothing through, and does not break what is left."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_network

import numpy as np
import pytest

from enforcer.control import urgent
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.core.addresses import to_integers
from enforcer.core.deltas import still
from enforcer.core.device_control import Contest
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.intervals import Ranges
from enforcer.core.orders import BlockAddress, Direction, Order
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Members, Rule
from tests.unit.control.desk import BAD, Desk, a_member, block
from tests.unit.control.test_urgent import MANY, at_batch

INSIDE, WIDE = "203.0.113.5", "203.0.113.0/24"
RULE, BY_NAME = Rule(4, Key.SOURCE), Rule(4, Key.INPUT_INTERFACE)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def place_many(desk: Desk) -> None:
    for address in MANY:
        desk.place(block(f"{address}/32"))


def let_through(desk: Desk, address: str) -> Callable[[], bool]:
    """Whether the device ever let `address` through once it had taken a batch."""
    open_at: list[int] = []
    before = desk.step

    def step(name: str) -> None:
        before(name)
        if name == "staged" and not desk.drops(address):
            open_at.append(desk.steps.count(name))

    desk.step = step
    return lambda: bool(open_at)


@pytest.mark.parametrize("most", [1, 2])
def test_a_lift_waits_with_the_big_order_that_replaces_what_it_lifts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    old = desk.place(BlockAddress(ip_network(f"{BAD}/32"), Direction.FROM))
    desk.run()
    place_many(desk)
    monkeypatch.setattr(urgent, "MOST_ROWS", most)

    def replace_it() -> None:
        desk.place(block("198.51.100.0/29"))
        desk.change(old, lift=True)

    at_batch(desk, desk.steps.count("confirmed") + 2, replace_it)
    opened = let_through(desk, BAD)
    assert desk.run().outcome is Outcome.APPLIED
    desk.quick()
    assert not opened() and desk.drops(BAD)
    assert desk.run().outcome is Outcome.CLEAN


def blocked(state: DesiredState) -> set[tuple[Rule, int]]:
    return {
        (rule, address)
        for rule, members in state.desired.addresses.items()
        for first, last in zip(to_integers(members.first), to_integers(members.last), strict=True)
        for address in range(first, last + 1)
    }


class Crowd:
    """Who places and lifts orders about the same few addresses."""

    def __init__(self, desk: Desk, chance: random.Random) -> None:
        self._desk = desk
        self._chance = chance
        self._placed: list[Order] = []

    def act(self) -> None:
        if self._placed and self._chance.random() < 0.5:
            at = self._chance.randrange(len(self._placed))
            self._desk.change(self._placed.pop(at), lift=True)
        else:
            length = self._chance.choice((32, 31, 29))
            base = self._chance.randrange(64) >> (32 - length) << (32 - length)
            self._placed.append(self._desk.place(block(f"203.0.113.{base}/{length}")))


@pytest.mark.parametrize("seed", [2, 3, 11])
def test_what_was_and_stays_desired_is_never_let_through_in_between(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    crowd = Crowd(desk, chance)
    for _ in range(5):
        crowd.act()
    for _ in range(15):
        state = DesiredState("edge1", desk.book)
        state.advance(desk.clock.now())
        before = blocked(state)
        for _ in range(chance.randrange(1, 4)):
            crowd.act()
        desk.clock.advance(1)
        now = desk.clock.now()
        final = DesiredState("edge1", desk.book)
        final.advance(now)
        state.follow(state.foresee(state.ahead(now, chance.choice((2, 4))), now))
        assert before & blocked(final) <= blocked(state)
        state.advance(now)
        assert state.desired.same_as(final.desired)


@pytest.mark.parametrize("after", [1, 2, 5, 8])
def test_what_is_lifted_inside_a_wide_one_yet_to_be_written(desk: Desk, after: int) -> None:
    inside = desk.place(block(f"{INSIDE}/32"))
    desk.run()
    place_many(desk)
    desk.place(block(WIDE), lasts=5000)
    at_batch(desk, desk.steps.count("confirmed") + after, lambda: desk.change(inside, lift=True))
    opened = let_through(desk, INSIDE)
    assert desk.run().outcome is Outcome.APPLIED
    desk.quick()
    assert set(desk.results()) == {"applied"}
    assert not opened() and desk.drops(INSIDE) and desk.drops("203.0.113.200")
    assert desk.run().outcome is Outcome.CLEAN


def test_beside_a_plan_that_is_written_unguarded_it_waits_for_the_end(desk: Desk) -> None:
    """What is written guarded is refused where nobody knows what stands: the plan went with it."""
    place_many(desk)
    at_batch(desk, 2, lambda: desk.place(block(f"{INSIDE}/32")))
    assert desk.run(guarded=False).outcome is Outcome.APPLIED
    assert desk.results() == ["applied"] and not desk.drops(INSIDE)
    assert desk.quick().outcome is Outcome.APPLIED
    assert desk.drops(INSIDE) and all(desk.drops(address) for address in MANY)


def rows(*found: tuple[int, int]) -> Members:
    """(address, order) as members."""
    ranges = Ranges.of([(address, address) for address, _ in found])
    orders = np.array([order for _, order in found], np.int64)
    return Members(ranges.first, ranges.last, np.full(len(found), NO_END), orders)


def test_of_what_was_to_be_written_only_what_still_is_desired_is_asked_for() -> None:
    members = Change(rows((1, 1), (3, 1), (5, 1)), rows((7, 1), (8, 1)))
    eth0, eth1, eth2 = (InterfaceMember(f"eth{n}", NO_END, 1) for n in range(3))
    delta = Delta({RULE: members}, {BY_NAME: InterfaceChange((eth0, eth1), (eth2,))})
    wanted = Desired("edge1", {RULE: rows((1, 1), (3, 2), (8, 1))}, {BY_NAME: (eth1, eth2)})
    left = still(delta, wanted)
    (change,) = left.addresses.values()
    assert list(change.add.rows()) == list(rows((1, 1)).rows())
    assert list(change.remove.rows()) == list(rows((7, 1)).rows())
    assert left.interfaces == {BY_NAME: InterfaceChange((eth1,), ())}


def test_what_was_lifted_meanwhile_is_not_missed_at_the_end(desk: Desk) -> None:
    """Structure is read as a whole in the end, and beside what is contested not all is right."""
    desk.place()
    desk.run()
    rule, place = a_member(desk.box())
    contest = Contest(f"{rule.digest} {place[0]:x}-{place[1]:x}", "198.51.100.7", "nft", NOON)
    desk.decide(contests=(contest,))
    desk.box().remove(rule, place)
    doomed = desk.place(block("2001:db8:77::1/128"))
    place_many(desk)
    at = desk.steps.count("confirmed") + 4
    at_batch(desk, at, lambda: desk.change(doomed, lift=True))
    assert desk.run().outcome is Outcome.APPLIED
    assert set(desk.results()) == {"applied"}
