# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody else changed is put right, and the record says what and by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from enforcer.control.facts import Outcome, sentence
from enforcer.core.rules import NO_END
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.table import HOOK, AddMember, Entry, PutMark, RemoveMember, object_name
from tests.unit.control.desk import Desk, a_member, block

NFT = "nft, pid 4711"


def flushed(box: FakeDevice) -> None:
    box.flush()


def member_removed(box: FakeDevice) -> None:
    box.remove(*a_member(box))


def member_added(box: FakeDevice) -> None:
    rule, _ = a_member(box)
    box.add(rule, (1, 1))


def end_altered(box: FakeDevice) -> None:
    rule, place = a_member(box)
    entry = box.table().members[rule][place]
    later = Entry(entry.end + 3_600_000, entry.order)
    box.edit(RemoveMember(rule, place), AddMember(rule, place, later))


def order_altered(box: FakeDevice) -> None:
    rule, place = a_member(box)
    entry = box.table().members[rule][place]
    box.edit(RemoveMember(rule, place), AddMember(rule, place, Entry(entry.end, -1)))


def hook_removed(box: FakeDevice) -> None:
    box.put_object(HOOK, None)


def rule_altered(box: FakeDevice) -> None:
    box.put_object(object_name(a_member(box)[0]), "accept")


def object_added(box: FakeDevice) -> None:
    box.put_object("rule by hand", "accept all")


def mark_removed(box: FakeDevice) -> None:
    box.mark(PutMark(None))


def rebooted(box: FakeDevice) -> None:
    box.reboot()


MUTATIONS = [
    flushed,
    member_removed,
    member_added,
    end_altered,
    order_altered,
    hook_removed,
    rule_altered,
    object_added,
    mark_removed,
    rebooted,
]


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_every_drift_is_repaired_and_said(desk: Desk, mutate: Callable[[FakeDevice], None]) -> None:
    desk.place(lasts=3600)
    desk.run()
    right = desk.box().table()
    mutate(desk.box())
    assert desk.box().table() != right
    facts = desk.run(writers=(NFT,))
    assert facts.outcome is Outcome.REPAIRED
    assert desk.box().table() == right
    assert f"by {NFT}" in sentence(facts) and "drift repaired" in sentence(facts)
    assert desk.audit("device.intent")[-1].payload["writers"] == [NFT]
    assert str(desk.audit("device.intent")[-1].payload["why"]).startswith("drift: ")
    assert NFT in str(desk.audit("device.outcome")[-1].payload["said"])
    assert desk.run().outcome is Outcome.CLEAN


def test_a_first_look_blames_nobody(desk: Desk) -> None:
    desk.place()
    facts = desk.run()
    assert (facts.outcome, facts.drift.differing, facts.findings) == (Outcome.APPLIED, 0, ())


def test_what_orders_changed_is_not_called_drift(desk: Desk) -> None:
    first = desk.place(block("198.51.100.8/32"))
    desk.place()
    desk.run()
    desk.place(block("198.51.100.9/32"))
    desk.change(first, lift=True)
    facts = desk.run()
    assert (facts.outcome, facts.added, facts.removed) == (Outcome.APPLIED, 2, 2)
    assert facts.drift.differing == 0


def test_drift_and_orders_at_the_same_time_are_told_apart(desk: Desk) -> None:
    desk.place()
    desk.run()
    member_removed(desk.box())
    desk.place(block("198.51.100.9/32"))
    facts = desk.run()
    assert facts.outcome is Outcome.REPAIRED
    assert (facts.drift.missing, facts.added) == (1, 2)


def test_what_we_failed_to_write_is_not_called_drift(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.place(block("198.51.100.9/32"))
    desk.box().faults.act(Point.STAGED, lambda: _raise(desk))
    with pytest.raises(type(desk.box().faults.lost())):
        desk.run()
    facts = desk.run()
    assert (facts.outcome, facts.drift.differing) == (Outcome.APPLIED, 0)


def _raise(desk: Desk) -> None:
    raise desk.box().faults.lost()


def test_what_the_device_forgot_by_itself_while_away_is_not_called_drift(desk: Desk) -> None:
    desk.place(lasts=30)
    desk.place(block("198.51.100.9/32"), lasts=3600)
    desk.run()
    desk.clock.advance(200)
    desk.place(block("198.51.100.10/32"))
    facts = desk.run()
    assert (facts.outcome, facts.drift.differing) == (Outcome.APPLIED, 0)


def test_foreign_objects_are_not_touched(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.box().touch_foreign("table billing", "count everything")
    before = dict(desk.box().foreign)
    assert desk.run().outcome is Outcome.CLEAN
    flushed(desk.box())
    desk.run()
    assert desk.box().foreign == before


def test_a_restored_old_configuration_is_brought_up_to_date(desk: Desk) -> None:
    old = desk.place(block("198.51.100.8/32"))
    desk.run()
    backup = desk.box().table()
    desk.change(old, lift=True)
    desk.place()
    desk.run()
    desk.box().restore(backup)
    assert desk.drops("198.51.100.8") and not desk.drops()
    assert desk.run().outcome is Outcome.REPAIRED
    assert not desk.drops("198.51.100.8") and desk.drops()


def test_an_end_within_the_tolerance_is_left_alone(desk: Desk) -> None:
    desk.place(lasts=3600)
    desk.run()
    rule, place = a_member(desk.box())
    entry = desk.box().table().members[rule][place]
    near = Entry(entry.end + 900, entry.order)
    desk.box().edit(RemoveMember(rule, place), AddMember(rule, place, near))
    assert desk.run().outcome is Outcome.CLEAN


def test_a_member_that_lost_its_end_is_altered(desk: Desk) -> None:
    desk.place(lasts=3600)
    desk.run()
    rule, place = a_member(desk.box())
    entry = desk.box().table().members[rule][place]
    desk.box().edit(RemoveMember(rule, place), AddMember(rule, place, Entry(NO_END, entry.order)))
    facts = desk.run()
    assert (facts.outcome, facts.drift.altered) == (Outcome.REPAIRED, 1)
