# SPDX-License-Identifier: GPL-2.0-or-later
"""One pass over one device: what it writes, what it proves, what it records."""

from __future__ import annotations

from enforcer.control.facts import Outcome, sentence
from enforcer.core.status import Status
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.table import HOOK
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import Desk, a_member, block


def test_an_order_reaches_the_device_and_the_record(desk: Desk) -> None:
    order = desk.place(lasts=60)
    assert not desk.drops()
    facts = desk.run()
    assert (facts.outcome, facts.added, facts.removed) == (Outcome.APPLIED, 2, 0)
    assert desk.drops()
    assert not desk.drops("198.51.100.8")
    assert desk.status(order) is Status.ENFORCED
    (intent,) = desk.audit("device.intent")
    assert intent.payload["orders"] == [order.id]
    (outcome,) = desk.audit("device.outcome")
    assert outcome.payload["result"] == "applied"
    assert outcome.payload["intent"] == intent.seq
    assert outcome.payload["said"] == sentence(facts).replace(
        sentence(facts).rsplit(", ", 1)[1], "0 ms"
    )
    assert desk.open_intents() == []


def test_the_native_commands_are_kept(desk: Desk) -> None:
    desk.place()
    desk.run()
    (intent,) = desk.audit("device.intent")
    with desk.database.read() as reader:
        text = reader.audit.blob(str(intent.payload["native"])).decode()
    assert "add member" in text and f"add {HOOK}" in text


def test_no_drift_no_writing(desk: Desk) -> None:
    desk.place()
    desk.run()
    head, token = desk.database.head(), desk.box().token
    facts = desk.run()
    assert (facts.outcome, facts.verified) == (Outcome.CLEAN, 2)
    assert (desk.database.head(), desk.box().token) == (head, token)


def test_expiry_is_the_same_difference(desk: Desk) -> None:
    order = desk.place(lasts=60)
    desk.run()
    desk.clock.advance(60)
    assert desk.status(order) is Status.REMOVING
    facts = desk.quick()
    assert (facts.outcome, facts.added, facts.removed, facts.full) == (
        Outcome.APPLIED,
        0,
        2,
        False,
    )
    assert not desk.drops()
    assert desk.box().rows() == set()
    assert desk.status(order) is Status.EXPIRED


def test_what_another_order_wants_stays(desk: Desk) -> None:
    first = desk.place(block("198.51.100.0/24"))
    desk.place(block())
    desk.run()
    desk.change(first, lift=True)
    desk.quick()
    assert desk.drops() and not desk.drops("198.51.100.8")


def test_an_order_that_starts_later_is_not_there_before(desk: Desk) -> None:
    order = desk.place(after=30, lasts=30)
    desk.run()
    assert not desk.drops() and desk.status(order) is Status.SCHEDULED
    desk.clock.advance(30)
    desk.quick()
    assert desk.drops() and desk.status(order) is Status.ENFORCED


def test_an_extended_order_moves_its_end_on_the_device(desk: Desk) -> None:
    order = desk.place(lasts=60)
    desk.run()
    desk.change(order, lasts=600)
    assert desk.quick().outcome is Outcome.APPLIED
    desk.clock.advance(200)
    assert desk.drops()
    assert desk.run().outcome is Outcome.CLEAN


# -- quick and full ------------------------------------------------------------------------


def met_by(desk: Desk, *, full: bool = False) -> list[Point]:
    met = desk.box().faults.met
    met.clear()
    desk.run(full=full)
    return [point for point in met if point is not Point.CONNECT]


def test_a_quick_pass_over_a_proved_device_asks_one_question(desk: Desk) -> None:
    desk.place()
    desk.run()
    assert met_by(desk) == [Point.FINGERPRINT]


def test_a_quick_pass_writes_the_move_alone_and_reads_it_back(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.place(block("198.51.100.9/32"))
    written = [Point.STAGE, Point.STAGED, Point.READ_BACK, Point.CONFIRM]
    assert met_by(desk) == [Point.FINGERPRINT, *written, *written]
    assert desk.drops("198.51.100.9")
    assert met_by(desk) == [Point.FINGERPRINT]


def test_a_moved_fingerprint_makes_it_a_full_pass(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.box().touch_foreign("table operator", "accept all")
    assert met_by(desk)[:2] == [Point.FINGERPRINT, Point.READ]


def test_a_foreign_move_that_left_ours_alone_keeps_the_proof(desk: Desk) -> None:
    desk.place()
    desk.run()
    before = desk.box().token
    desk.box().touch_foreign("table operator", "accept all")
    assert desk.reconciler().rebase(before, desk.box().token)
    assert met_by(desk) == [Point.FINGERPRINT]
    assert not desk.reconciler().rebase("another", "x")


def test_a_fingerprint_that_ran_out_proves_nothing(desk: Desk) -> None:
    desk.place(lasts=30)
    desk.run()
    desk.clock.advance(30 + 61)
    assert Point.READ in met_by(desk)
    assert desk.box().rows() == set()


def test_a_device_without_fingerprints_is_read_in_full(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.boxes["edge1"] = FakeDevice("edge1", desk.clock, tokens=False)
    desk.place()
    desk.run()
    desk.run()
    assert desk.reconciler().blind and desk.reconciler().proof is None
    desk.box().remove(*a_member(desk.box()))
    assert Point.READ in met_by(desk)
    assert desk.drops()
