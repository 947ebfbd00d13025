# SPDX-License-Identifier: GPL-2.0-or-later
"""For how long a device is on record as proved: what passes add to it, and what breaks it."""

from __future__ import annotations

from datetime import timedelta

from enforcer.control.facts import Outcome
from tests.fakes.clock import START
from tests.unit.control.desk import Desk, block

DAY = timedelta(days=1)


def spans(desk: Desk) -> list[tuple[float, float]]:
    """Seconds since the desk's clock began."""
    with desk.database.read() as reader:
        found = reader.periods.between(["edge1"], START - DAY, START + DAY)
    return [((p.since - START).total_seconds(), (p.until - START).total_seconds()) for p in found]


def test_an_order_of_ours_ends_a_period_where_its_write_begins(desk: Desk) -> None:
    desk.place()
    assert desk.run().outcome is Outcome.APPLIED
    assert spans(desk) == [(0, 0)]
    desk.clock.advance(60)
    desk.place(block("198.51.100.9/32"))
    assert desk.quick().outcome is Outcome.APPLIED
    assert spans(desk) == [(0, 60), (60, 60)], "what stood before was proved until then"


def test_a_repair_ends_it_at_the_last_look_before(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.clock.advance(60)
    desk.box().flush()
    assert desk.run().outcome is Outcome.REPAIRED
    assert spans(desk) == [(0, 0), (60, 60)]


def test_a_first_look_after_a_start_vouches_for_nothing_before(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.clock.advance(60)
    desk.restart()
    desk.place(block("198.51.100.9/32"))
    assert desk.run().outcome is Outcome.APPLIED
    assert spans(desk) == [(0, 0), (60, 60)]


def test_a_period_says_up_to_which_change_and_under_which_inventory(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    with desk.database.read() as reader:
        newest = reader.periods.newest("edge1")
    assert newest is not None
    assert newest.seq >= order.number
    assert newest.inventory == desk.topology.digest
