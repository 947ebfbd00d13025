# SPDX-License-Identifier: GPL-2.0-or-later
"""Passes over a device that keeps bare addresses: no order's number, no end, no boundaries."""

from __future__ import annotations

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.rules import NO_END, UNATTRIBUTED
from enforcer.core.status import Status
from enforcer.errors import DeviceError, NotOwned
from tests.fakes.faults import Point
from tests.fakes.router import fake_router_box
from tests.fakes.table import AddMember, Entry, PutMark, RemoveMember
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, Desk, block


@pytest.fixture
def router(make_desk: MakeDesk) -> Desk:
    """A desk whose only device is a router."""
    desk = make_desk()
    desk.boxes["edge1"] = fake_router_box("edge1", desk.time)
    return desk


def places(desk: Desk) -> set[object]:
    return {place for _, place, _, _ in desk.box().rows()}


def test_what_stands_has_neither_order_nor_end(router: Desk) -> None:
    order = router.place(lasts=60)
    assert router.run().outcome is Outcome.APPLIED
    assert {row[2:] for row in router.box().rows()} == {(NO_END, UNATTRIBUTED)}
    assert router.drops() and router.status(order) is Status.ENFORCED
    assert router.run().outcome is Outcome.CLEAN


def test_a_quick_pass_over_a_change_that_is_no_change_writes_nothing(router: Desk) -> None:
    """A second order for the same address, and a longer end: other rows, the same addresses."""
    first = router.place(lasts=60)
    router.run()
    token, met = router.box().token, len(router.box().faults.met)
    second = router.place(lasts=3600)
    router.change(first, lasts=120)
    facts = router.quick()
    assert (facts.outcome, facts.full, facts.added, facts.removed) == (
        Outcome.CLEAN,
        False,
        0,
        0,
    )
    assert router.box().token == token
    assert Point.STAGE not in router.box().faults.met[met:]
    assert Point.READ not in router.box().faults.met[met:]
    assert not router.audit("device.intent")[1:]
    assert router.worker().once().outcome is Outcome.CLEAN
    assert router.status(second) is Status.ENFORCED


def test_the_proof_holds_on_after_a_change_that_is_none(router: Desk) -> None:
    """The next real change is a quick pass too, and takes away exactly what is wanted no more."""
    first, _ = router.place(lasts=60), router.place(lasts=3600)
    router.run()
    router.change(first, lift=True)
    assert router.quick().outcome is Outcome.CLEAN
    third = router.place(block("198.51.100.8/32"))
    facts = router.quick()
    assert (facts.outcome, facts.full, facts.added, facts.removed) == (
        Outcome.APPLIED,
        False,
        2,
        0,
    )
    router.change(third, lift=True)
    assert router.quick().removed == 2
    assert router.drops() and not router.drops("198.51.100.8")
    assert router.run().outcome is Outcome.CLEAN


def test_what_another_order_covers_in_part_stays(router: Desk) -> None:
    whole = router.place(block("198.51.100.0/24"))
    router.place(block())
    router.run()
    assert len(places(router)) == 1, "one range on the box"
    router.change(whole, lift=True)
    router.quick()
    assert router.drops() and not router.drops("198.51.100.8")
    assert router.run().outcome is Outcome.CLEAN


def test_a_neighboring_address_joins_the_range_that_stands(router: Desk) -> None:
    router.place(block("198.51.100.6/32"))
    router.run()
    router.place(block("198.51.100.7/32"))
    assert router.quick().outcome is Outcome.APPLIED
    assert router.box().table().members and len(places(router)) == 1
    assert router.run().outcome is Outcome.CLEAN


def test_a_hole_that_somebody_made_is_found_and_filled(router: Desk) -> None:
    router.place(block("198.51.100.0/29"))
    router.run()
    box = router.box()
    rule, some = next(iter(box.table().members.items()))
    ((first, last),) = [place for place in some if not isinstance(place, str)]
    bare = Entry(NO_END, UNATTRIBUTED)
    halves = (AddMember(rule, half, bare) for half in ((first, first + 2), (first + 4, last)))
    box.edit(RemoveMember(rule, (first, last)), *halves)
    facts = router.run()
    assert (facts.outcome, facts.drift.missing, facts.drift.extra) == (Outcome.REPAIRED, 1, 0)
    assert router.run().outcome is Outcome.CLEAN


def test_an_end_passes_although_the_box_does_not_know_it(router: Desk) -> None:
    order = router.place(lasts=60)
    router.run()
    router.clock.advance(61)
    assert router.drops(), "the box forgets nothing by itself"
    assert router.quick().removed == 2
    assert not router.drops() and router.status(order) is Status.EXPIRED


def test_members_without_a_mark_on_a_device_that_is_new_here_are_not_ours_to_remove(
    make_desk: MakeDesk,
) -> None:
    """No number tells that another database wrote them; that there are any does."""
    live, empty = make_desk(), make_desk()
    live.boxes["edge1"] = fake_router_box("edge1", live.time)
    live.place()
    live.run()
    live.box().mark(PutMark(None))
    empty.boxes["edge1"] = live.box()
    with pytest.raises(NotOwned, match="members but no mark"):
        empty.run()
    assert live.drops()
    with empty.database.write() as work:
        work.devices.set_adopted("edge1", empty.owner, empty.clock.now())
    assert empty.run().removed == 2


def test_objects_of_rules_that_nobody_here_knows_are_not_ours_to_remove_either(
    router: Desk,
) -> None:
    """A box names a rule by its digest: without the rule its members cannot be told."""
    router.box().put_object("rule 0123456789ab", "deny")
    token = router.box().token
    with pytest.raises(NotOwned, match="no mark, and is new"):
        router.run()
    assert router.box().token == token
    with router.database.write() as work:
        work.devices.set_adopted("edge1", router.owner, router.clock.now())
    router.run()
    assert "rule 0123456789ab" not in router.box().table().objects


def test_a_mark_that_got_lost_on_a_device_of_ours_is_written_again(router: Desk) -> None:
    router.place()
    router.run()
    router.box().mark(PutMark(None))
    router.restart()
    router.run()
    assert router.box().table().owner == router.owner and router.drops()


def test_an_older_database_is_noticed_by_the_position_in_the_mark(make_desk: MakeDesk) -> None:
    """The only trace of orders on such a box that this database has never seen."""
    live, restored = make_desk(), make_desk()
    live.boxes["edge1"] = fake_router_box("edge1", live.time)
    for desk in (live, restored):
        desk.place()
    with live.database.write() as work:
        for _ in range(20):
            work.record("padding", ANN, at=live.clock.now(), payload={})
    live.place(block("198.51.100.99/32"))
    live.run()
    restored.boxes["edge1"] = live.box()
    token = live.box().token
    with pytest.raises(NotOwned):
        restored.run()
    assert live.box().token == token


@pytest.mark.parametrize(("cut", "left"), [(0, 2), (1, 2), (2, 1)])
def test_a_line_that_is_lost_in_the_middle_is_mended_by_the_next_pass(
    router: Desk, cut: int, left: int
) -> None:
    """The box has no transactions: the range that is to grow is gone, and not yet back."""
    router.place(block("198.51.100.0/28"))
    router.run()
    order = router.place(block("198.51.100.16/28"))
    router.box().faults.cut_after(cut)
    with pytest.raises(DeviceError):
        router.run()
    assert len(router.box().rows()) == left, "the mark comes first"
    assert router.status(order) is not Status.ENFORCED
    router.run()
    assert router.status(order) is Status.ENFORCED
    assert router.drops("198.51.100.3") and router.drops("198.51.100.19")
