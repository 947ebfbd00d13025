# SPDX-License-Identifier: GPL-2.0-or-later
"""A restored, cloned or empty database never unblocks a network."""

from __future__ import annotations

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.rules import Owner
from enforcer.errors import NotOwned
from tests.fakes.device import FakeDevice
from tests.fakes.table import PutMark
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, Desk, a_member, block


def adopt(desk: Desk) -> None:
    with desk.database.write() as work:
        taken = desk.box().table().owner or desk.owner
        work.devices.set_adopted("edge1", taken, desk.clock.now())


def new_epoch(desk: Desk) -> None:
    with desk.database.write() as work:
        work.control.new_epoch()
    desk.restart()


def refused(desk: Desk, why: str) -> None:
    """A pass is refused, nothing was written, and a person is told what to do."""
    before = desk.box().token
    with pytest.raises(NotOwned, match=why) as refusal:
        desk.run()
    assert "enforcer device adopt edge1" in str(refusal.value)
    assert desk.box().token == before


def test_a_fresh_device_gets_our_mark(desk: Desk) -> None:
    desk.run()
    assert desk.box().table().owner == desk.owner


def test_a_new_epoch_marks_the_device_anew(desk: Desk) -> None:
    desk.place()
    desk.run()
    new_epoch(desk)
    assert desk.run().outcome is Outcome.APPLIED
    assert desk.box().table().owner == Owner("C0FFEE", 2)
    assert desk.drops()


def test_another_controllers_device_is_left_alone_until_adopted(desk: Desk) -> None:
    desk.place()
    desk.box().mark(PutMark(Owner("STRANGER", 7)))
    refused(desk, "another controller")
    adopt(desk)
    desk.run()
    assert desk.box().table().owner == desk.owner and desk.drops()


def test_an_adoption_holds_for_the_mark_that_was_seen(desk: Desk) -> None:
    desk.box().mark(PutMark(Owner("STRANGER", 7)))
    adopt(desk)
    desk.run()
    desk.box().mark(PutMark(Owner("STRANGER", 8)))
    refused(desk, "another controller")


def test_a_clone_that_was_started_later_stops_the_older_one(desk: Desk) -> None:
    desk.run()
    desk.box().mark(PutMark(Owner("C0FFEE", 9)))
    refused(desk, "newer epoch")


def test_an_older_copy_of_the_database_does_not_remove_what_it_has_not_seen(
    make_desk: MakeDesk,
) -> None:
    live, restored = make_desk(), make_desk()
    for number in range(2, 8):
        live.place(block(f"198.51.100.{number}/32"))
    live.run()
    restored.boxes["edge1"] = live.box()
    refused(restored, "never seen")
    assert live.drops()


def test_an_older_copy_is_noticed_although_its_own_entries_have_caught_up(
    make_desk: MakeDesk,
) -> None:
    live, restored = make_desk(), make_desk()
    for number in range(2, 8):
        live.place(block(f"198.51.100.{number}/32"))
    live.run()
    with restored.database.write() as work:
        for _ in range(20):
            work.record("padding", ANN, at=restored.clock.now(), payload={})
    restored.restart()
    restored.boxes["edge1"] = live.box()
    refused(restored, "never seen")
    assert live.drops()


def test_an_unknown_order_that_appears_later_is_an_edit_and_goes(desk: Desk) -> None:
    desk.place()
    desk.run()
    rule, _ = a_member(desk.box())
    desk.box().add(rule, (1, 1), order=4711)
    assert desk.run().outcome is Outcome.REPAIRED
    assert (str(rule.key), (1, 1)) not in {row[:2] for row in desk.box().rows()}


def test_an_empty_database_does_not_free_an_unmarked_device(make_desk: MakeDesk) -> None:
    live = make_desk()
    live.place()
    live.run()
    empty = make_desk()
    empty.boxes["edge1"] = live.box()
    live.box().mark(PutMark(None))
    refused(empty, "never seen")
    adopt(empty)
    assert empty.run().removed == 2
    assert not live.drops()


def test_a_device_that_lost_its_mark_and_was_ours_is_marked_again(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.box().mark(PutMark(None))
    desk.restart()
    desk.run()
    assert desk.box().table().owner == desk.owner


def test_members_that_no_order_of_ours_placed_do_not_count_as_orders(desk: Desk) -> None:
    desk.place()
    desk.run()
    rule, _ = a_member(desk.box())
    desk.box().mark(PutMark(None))
    desk.box().add(rule, (1, 1), order=-1)
    desk.restart()
    desk.run()
    assert len(desk.box().rows()) == 2


def test_interfaces_count_too(make_desk: MakeDesk) -> None:
    live, empty = make_desk(), make_desk()
    live.place(block("198.51.100.77/32"))
    live.place(SuspendCustomer("hosting", Selection(), by="interface"))
    live.run()
    for rule, some in list(live.box().table().members.items()):
        if not rule.by_interface:
            for place in some:
                live.box().remove(rule, place)
    empty.boxes["edge1"] = live.box()
    refused(empty, "never seen")


def test_a_refusal_is_not_a_write_on_an_empty_box(desk: Desk) -> None:
    box = FakeDevice("edge1", desk.clock)
    desk.boxes["edge1"] = box
    box.mark(PutMark(Owner("STRANGER", 1)))
    refused(desk, "STRANGER")
    assert desk.audit("device.intent") == []
