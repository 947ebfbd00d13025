# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody touched is repaired without reading everything, where it is told exactly."""

from __future__ import annotations

import pytest

from enforcer.control.contests import TIMES
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.mending import Touched, together
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Key, Rule
from enforcer.errors import DeviceUnreachable
from tests.fakes.faults import Point
from tests.fakes.table import Place
from tests.unit.control.desk import BAD, Desk, a_member, block

OTHER = "198.51.100.77"
SOURCE = Rule(4, Key.SOURCE)


def ranges(*pairs: tuple[int, int]) -> Ranges:
    return Ranges.of(pairs)


def at(place: Place) -> Ranges:
    assert not isinstance(place, str)
    return ranges(place)


@pytest.fixture
def proved(desk: Desk) -> Desk:
    """Two orders are enforced, and that is proved."""
    desk.place()
    desk.place(block(f"{OTHER}/32"))
    desk.run()
    return desk


def touch(desk: Desk, rule: Rule, place: Place, *, told: Touched | None = None) -> None:
    """Somebody removes a member, and the device tells which, unless it says something else."""
    before = desk.box().token
    desk.box().remove(rule, place)
    touched = {rule: at(place)} if told is None else told
    assert desk.reconciler().rebase(before, desk.box().token, touched)


def whole_reads(desk: Desk) -> int:
    return desk.steps.count("reading")


def again(desk: Desk) -> tuple[PassFacts, int]:
    """A pass that nobody asked to be full; its facts, and how often everything was read."""
    before = whole_reads(desk)
    facts = desk.quick()
    return facts, whole_reads(desk) - before


def test_what_was_deleted_comes_back_without_reading_all(proved: Desk) -> None:
    rows = proved.box().rows()
    touch(proved, *a_member(proved.box()))
    facts, read = again(proved)
    assert (facts.outcome, facts.full, read) == (Outcome.REPAIRED, False, 0)
    assert facts.drift.missing == 1
    assert proved.box().rows() == rows
    assert again(proved)[0].outcome is Outcome.CLEAN


def test_what_was_added_goes(proved: Desk) -> None:
    rows = proved.box().rows()
    rule, _ = a_member(proved.box())
    before, stranger = proved.box().token, (int.from_bytes(b"\xcb\x00\x71\x63"),) * 2
    proved.box().add(rule, stranger)
    assert proved.reconciler().rebase(before, proved.box().token, {rule: at(stranger)})
    facts, read = again(proved)
    assert (facts.outcome, facts.drift.extra, read) == (Outcome.REPAIRED, 1, 0)
    assert proved.box().rows() == rows


def test_what_was_put_back_already_is_only_looked_at(proved: Desk) -> None:
    rule, place = a_member(proved.box())
    old = proved.box().table().members[rule][place]
    touch(proved, rule, place)
    before = proved.box().token
    proved.box().add(rule, place, old.order, old.end)
    assert proved.reconciler().rebase(before, proved.box().token, {rule: at(place)})
    facts, read = again(proved)
    assert (facts.outcome, read) == (Outcome.CLEAN, 0)


def test_a_change_that_was_not_told_is_found_by_reading_all(proved: Desk) -> None:
    touch(proved, *a_member(proved.box()))
    proved.box().remove(*a_member(proved.box(), Key.DESTINATION))
    facts, read = again(proved)
    assert (facts.outcome, facts.drift.missing, read) == (Outcome.REPAIRED, 2, 1)


def test_a_change_between_the_fingerprint_and_the_look_is_found(proved: Desk) -> None:
    rule, place = a_member(proved.box(), Key.DESTINATION)
    touch(proved, *a_member(proved.box()))
    box = proved.box()
    box.faults.act(Point.READ_BACK, lambda: box.remove(rule, place))
    rows = proved.box().rows()
    facts, read = again(proved)
    assert (facts.outcome, facts.drift.missing, read) == (Outcome.REPAIRED, 2, 1)
    assert place in box.table().members[rule] and len(box.rows()) == len(rows) + 1
    assert again(proved)[0].outcome is Outcome.CLEAN


def test_an_order_that_came_meanwhile_is_a_matter_for_a_full_pass(proved: Desk) -> None:
    touch(proved, *a_member(proved.box()))
    proved.place(block("203.0.113.200/32"))
    facts, read = again(proved)
    assert (facts.full, read) == (True, 1)
    assert proved.drops("203.0.113.200")
    assert proved.drops(BAD)


def test_somebody_who_does_it_again_and_again_is_left_to_it(proved: Desk) -> None:
    rule, place = a_member(proved.box())
    for _ in range(TIMES - 1):
        touch(proved, rule, place)
        assert again(proved)[1] == 0
    touch(proved, rule, place)
    again(proved)
    assert [alarm.kind for alarm in proved.alarms()] == ["contested"]
    assert place not in proved.box().table().members.get(rule, {})


def test_nothing_is_mended_where_somebody_paused_the_device(proved: Desk) -> None:
    rule, place = a_member(proved.box())
    proved.decide(paused=True, paused_by="ann", paused_why="a look")
    touch(proved, rule, place)
    facts, read = again(proved)
    assert (facts.outcome, read) == (Outcome.HELD, 1)
    assert place not in proved.box().table().members.get(rule, {})


def test_an_intent_is_committed_before_and_an_outcome_after(proved: Desk) -> None:
    touch(proved, *a_member(proved.box()))
    met: list[int] = []
    proved.step = lambda name: met.append(len(proved.open_intents())) if name == "staging" else None
    again(proved)
    assert met == [1]
    assert proved.open_intents() == []
    assert "drift" in str(proved.audit("device.intent")[-1].payload["why"])


def test_a_line_that_breaks_meanwhile_proves_nothing(proved: Desk) -> None:
    touch(proved, *a_member(proved.box()))
    proved.box().faults.fail(Point.READ_BACK, DeviceUnreachable)
    with pytest.raises(DeviceUnreachable):
        proved.quick()
    facts, read = again(proved)
    assert (facts.outcome, read) == (Outcome.REPAIRED, 1)


def test_members_told_of_twice_count_once() -> None:
    touched = together([{SOURCE: ranges((5, 5), (1, 1))}, {SOURCE: ranges((5, 5))}])
    assert touched is not None
    assert touched[SOURCE].pairs() == ((1, 1), (5, 5))


def test_neighbours_stay_two_members() -> None:
    touched = together([{SOURCE: ranges((5, 5), (6, 6))}])
    assert touched is not None
    assert touched[SOURCE].pairs() == ((5, 5), (6, 6))


def test_what_overlaps_cannot_all_be_members() -> None:
    assert together([{SOURCE: ranges((0, 9))}, {SOURCE: ranges((5, 5))}]) is None


def test_without_a_proof_there_is_nothing_to_add_to(proved: Desk) -> None:
    proved.reconciler().distrust()
    token = proved.box().token
    assert not proved.reconciler().rebase(token, token, {SOURCE: ranges((1, 1))})
