# SPDX-License-Identifier: GPL-2.0-or-later
"""While orders come in portions, nothing is let through that was blocked all the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network

from enforcer.control.controller import Controller
from enforcer.control.desired_state import DesiredState
from enforcer.control.fleet import Means
from enforcer.control.unread import Portion, Unread
from enforcer.core.brake import PauseState
from enforcer.core.intervals import rows_of
from enforcer.core.lists import content_of
from enforcer.core.orders import BlockList
from tests.unit.control.desk import ANN, BAD, Desk, block, edge, inventory

OTHER = "198.51.100.200"


class Portions(Unread):
    """Small ones; after each `look` tells what the book says."""

    def __init__(self) -> None:
        super().__init__(3)
        self.look: Callable[[], object] = lambda: None
        self.seen: list[object] = []

    def took(self, portion: Portion) -> None:
        super().took(portion)
        self.seen.append(self.look())


def loaded(desk: Desk, portions: Portions) -> Controller:
    def means(pause: Callable[[], PauseState]) -> Means:
        return replace(desk.means(), pause=pause)

    controller = Controller(desk.database, desk.topology, means, 1.0, portions)
    controller.load()
    return controller


def import_list(desk: Desk, *addresses: str) -> None:
    desk.clock.advance(1)
    ranges = rows_of([ip_network(address) for address in addresses])
    content = content_of(ranges, rows_of(()), 0)
    now = desk.clock.now()
    with desk.database.write() as work:
        digest = "0" * 64
        work.lists.add_version("bad", content, source="t", at=now, rejected=0, sha256=digest)
        work.record("list.imported", ANN, at=now, payload={})


def place_some(desk: Desk, count: int, *, first: int) -> None:
    for number in range(first, first + count):
        desk.clock.advance(1)
        desk.place(block(f"203.0.113.{number}/32"))


def wanted(desk: Desk, controller: Controller) -> set[int]:
    state = DesiredState("edge1", controller.book)
    state.advance(desk.clock.now())
    every = state.desired.addresses.values()
    return {row[0] for members in every for row in members.rows()}


def test_a_list_is_as_it_was_until_all_that_replaces_it_is_read(desk: Desk) -> None:
    import_list(desk, BAD, OTHER)
    desk.place(BlockList("bad"))
    portions = Portions()
    controller = loaded(desk, portions)
    place_some(desk, 4, first=10)
    desk.place(block(f"{BAD}/32"))
    place_some(desk, 5, first=20)
    import_list(desk, OTHER)
    bad = int(ip_network(BAD).network_address)
    portions.look = lambda: bad in wanted(desk, controller)
    controller.follow("test")
    assert len(portions.seen) > 2 and all(portions.seen)
    assert controller.book.list_versions() == {"bad": 2}


def test_a_list_that_nobody_named_before_comes_with_the_order_that_does(desk: Desk) -> None:
    portions = Portions()
    controller = loaded(desk, portions)
    import_list(desk, BAD)
    desk.place(BlockList("bad"))
    place_some(desk, 9, first=10)
    bad = int(ip_network(BAD).network_address)
    portions.look = lambda: bad in wanted(desk, controller)
    controller.follow("test")
    assert len(portions.seen) > 2 and portions.seen[0]


def test_an_inventory_comes_with_the_last_portion(desk: Desk) -> None:
    """An order that it was written for may come later than the first one."""
    portions = Portions()
    controller = loaded(desk, portions)
    place_some(desk, 9, first=10)
    bigger = inventory(edge("edge1"), edge("edge2"))
    now = desk.clock.now()
    with desk.database.write() as work:
        seq = work.record("inventory.loaded", ANN, at=now, payload={})
        work.inventories.add(seq, bigger, at=now, origin="test")
    portions.look = lambda: sorted(controller.book.topology.devices)
    controller.follow("test")
    *before, last = portions.seen
    assert len(before) > 1 and all(one == ["edge1"] for one in before)
    assert last == ["edge1", "edge2"]
