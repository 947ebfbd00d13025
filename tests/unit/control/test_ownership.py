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


# -- the position of the chain in the mark ------------------------------------------------------


def pad(desk: Desk, entries: int) -> None:
    with desk.database.write() as work:
        for _ in range(entries):
            work.record("padding", ANN, at=desk.clock.now(), payload={})


def mark(desk: Desk) -> Owner:
    found = desk.box().table().owner
    assert found is not None
    return found


def head(desk: Desk) -> int:
    with desk.database.read() as reader:
        return reader.audit.head()[0]


def test_the_mark_says_how_far_the_chain_went(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    first = mark(desk)
    with desk.database.read() as reader:
        known = reader.audit.hash_at(first.position)
    assert known is not None and known.hex().startswith(first.digest) and len(first.digest) == 8
    assert order.number <= first.position <= head(desk)


def test_it_is_renewed_with_what_is_added_and_not_with_what_goes(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    first = mark(desk)
    second = desk.place(block("198.51.100.99/32"))
    desk.quick()
    renewed = mark(desk)
    assert first.position < second.number <= renewed.position
    desk.change(order, lift=True)
    assert desk.quick().removed == 2
    assert mark(desk).position == renewed.position


def test_an_older_copy_that_reuses_the_number_of_an_order_is_noticed(make_desk: MakeDesk) -> None:
    """Without the position nothing could tell the two orders apart."""
    live, restored = make_desk(), make_desk()
    lost = live.place(block("203.0.113.5/32"))
    live.run()
    reused = restored.place(block("203.0.113.99/32"))
    assert reused.number == lost.number
    restored.boxes["edge1"] = live.box()
    pad(restored, 20)
    refused(restored, "another entry there: is it an older copy?")
    assert live.drops("203.0.113.5")
    adopt(restored)
    with restored.database.write() as work:
        work.control.new_epoch()
    restored.restart()
    restored.run()
    assert not live.drops("203.0.113.5") and live.drops("203.0.113.99")
    restored.restart()
    assert restored.run().outcome is Outcome.CLEAN, "the mark is the copy's own now"


def test_an_older_copy_is_noticed_when_nothing_was_ordered_since(make_desk: MakeDesk) -> None:
    live, restored = make_desk(), make_desk()
    pad(live, 20)
    live.run()
    restored.boxes["edge1"] = live.box()
    refused(restored, "does not go that far: is it an older copy?")


def test_a_mark_of_an_older_version_is_taken_as_it_is(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.box().mark(PutMark(Owner("C0FFEE", 1)))
    desk.restart()
    assert desk.run().outcome is Outcome.CLEAN
    desk.place(block("198.51.100.99/32"))
    desk.run()
    assert mark(desk).position > 0


def test_a_process_that_goes_on_does_not_ask_again(desk: Desk) -> None:
    """Only a first look does: what somebody writes into the mark later is an edit."""
    desk.place()
    desk.run()
    desk.box().mark(PutMark(Owner("C0FFEE", 1, 10**6, "0badc0de")))
    assert desk.run().outcome is Outcome.CLEAN
    desk.restart()
    refused(desk, "does not go that far")
