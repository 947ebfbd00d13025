# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop obeys the brake: what is held stays as it was, what orders say passes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.control.facts import Outcome, sentence
from enforcer.core.brake import PauseState
from enforcer.core.device_control import Hold
from enforcer.core.status import Status
from enforcer.core.topology import BrakeLimits, Mode, ProtectedPrefix, Topology
from enforcer.errors import StaleState
from enforcer.storage.inventories import InventoryVersion
from tests.fakes.faults import Point
from tests.fakes.table import PutMark
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import ANN, BAD, Desk, a_member, block, edge, inventory

OTHER = "198.51.100.9"
BRAKED = "held by the brake until `enforcer device release edge1`"
TIGHT = BrakeLimits(rows=1000, percent=20.0, floor=2)


def protecting(topology: Topology) -> Topology:
    """Another inventory: somebody protected far too much."""
    return replace(topology, protected=(ProtectedPrefix(ip_network("198.0.0.0/8"), "oops"),))


def braked_reload(desk: Desk) -> InventoryVersion:
    """Put `protecting` in force and hold edge1, as the reload does in one transaction."""
    old, new = desk.topology, protecting(desk.topology)
    with desk.database.write() as work:
        before = work.record("inventory.loaded", ANN, at=desk.clock.now(), payload={})
        work.inventories.add(before, old, at=desk.clock.now(), origin="test")
        seq = work.record("inventory.loaded", ANN, at=desk.clock.now(), payload={})
        work.inventories.add(seq, new, at=desk.clock.now(), origin="test")
        hold = Hold(desk.clock.now(), seq, old.digest, 4, "the reload moves 4 rows")
        work.device_controls.save("edge1", replace(work.device_controls.get("edge1"), hold=hold))
        version = work.inventories.newest()
        assert version is not None
    desk.topology = new
    desk.book.reload(new, {"edge1": (hold, old)})
    desk.follow()
    return version


# -- a hold of a reload ----------------------------------------------------------------------


def test_what_is_held_stays_and_what_comes_and_goes_passes(desk: Desk) -> None:
    stays, lifted = desk.place(), desk.place(block(f"{OTHER}/32"))
    desk.run()
    braked_reload(desk)
    assert desk.worker().once().outcome is Outcome.CLEAN
    assert desk.drops() and desk.drops(OTHER)
    assert desk.status(stays) is Status.ENFORCING
    assert BRAKED in desk.sentence(stays) and "moves 4 rows" in desk.sentence(stays)
    lifted = desk.change(lifted, lift=True)
    assert desk.quick().removed == 2
    assert desk.drops() and not desk.drops(OTHER)
    assert desk.status(lifted) is Status.LIFTED
    later = desk.place(block("198.51.100.99/32"))
    other = desk.place(block("203.0.113.99/32"))
    desk.quick()
    assert not desk.drops("198.51.100.99"), "a later order obeys the new inventory"
    assert desk.drops("203.0.113.99")
    assert desk.status(later) is desk.status(other) is Status.ENFORCED
    assert desk.facts().held_orders == {stays.number}


def test_after_the_release_the_new_inventory_counts(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    braked_reload(desk)
    desk.run()
    desk.release()
    desk.book.reload(desk.topology, {})
    assert desk.run().removed == 2
    assert not desk.drops()
    facts = desk.facts()
    assert (facts.held_orders, facts.braked, facts.present) == (frozenset(), "", "")
    assert facts.inventory == desk.topology.digest
    assert "brake" not in desk.sentence(order)


def test_drift_is_repaired_while_a_hold_stands(desk: Desk) -> None:
    desk.place()
    desk.run()
    braked_reload(desk)
    desk.box().remove(*a_member(desk.box()))
    assert desk.run().outcome is Outcome.REPAIRED
    assert desk.drops()


def test_an_order_that_both_inventories_see_alike_is_proved(desk: Desk) -> None:
    fine = desk.place(block("203.0.113.99/32"))
    held = desk.place()
    desk.run()
    braked_reload(desk)
    desk.worker().once()
    facts = desk.facts()
    assert facts.inventory != facts.present == desk.topology.digest
    assert desk.status(fine) is Status.ENFORCED
    assert desk.status(held) is Status.ENFORCING


def test_without_the_inventory_that_a_hold_names_nothing_is_written(desk: Desk) -> None:
    """Compiled by the present one, the loop would do what the brake forbids."""
    desk.place()
    desk.run()
    braked_reload(desk)
    hold = desk.control().hold
    assert hold is not None
    desk.decide(hold=replace(hold, inventory="0123456789abcdef"))
    desk.book.reload(desk.topology, {})
    before = desk.box().token
    facts = desk.run()
    assert facts.outcome is Outcome.HELD and BRAKED in facts.why
    assert desk.box().token == before and desk.drops()


def test_a_restart_finds_the_hold_again(desk: Desk) -> None:
    desk.place()
    desk.run()
    braked_reload(desk)
    desk.restart()
    assert desk.run().outcome is Outcome.CLEAN
    assert desk.drops()


# -- everything held, and markers ------------------------------------------------------------


def everything(desk: Desk) -> Hold:
    return Hold(desk.clock.now(), 1, desk.topology.digest, 99, "new software", all=True)


def test_a_hold_of_everything_stops_every_write(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    desk.decide(hold=everything(desk))
    added = desk.place(block(f"{OTHER}/32"))
    order = desk.change(order, lift=True)
    before = desk.box().token
    assert desk.quick().outcome is Outcome.HELD
    facts = desk.run()
    assert (facts.outcome, facts.held) == (Outcome.HELD, 4)
    assert BRAKED in sentence(facts)
    assert desk.box().token == before
    assert desk.status(added) is Status.ENFORCING and BRAKED in desk.sentence(added)
    assert desk.status(order) is Status.REMOVING and BRAKED in desk.sentence(order)
    desk.release()
    assert desk.run().outcome is Outcome.APPLIED
    assert desk.drops(OTHER) and not desk.drops()


@pytest.mark.parametrize("full", [True, False], ids=["full", "quick"])
def test_a_marker_on_the_device_stops_every_write(desk: Desk, full: bool) -> None:
    order = desk.place()
    desk.run()
    desk.box().put_hold(True)
    order = desk.change(order, lift=True)
    added = desk.place(block(f"{OTHER}/32"))
    before = desk.box().token
    facts = desk.run(full=full)
    assert facts.outcome is Outcome.HELD
    assert "held by a marker on the device" in sentence(facts)
    assert desk.box().token == before
    assert desk.facts().marker
    assert "held by a marker on the device" in desk.sentence(added)
    assert "held by a marker on the device" in desk.sentence(order)
    desk.box().put_hold(False)
    assert desk.run(full=full).outcome is Outcome.APPLIED
    assert not desk.facts().marker and desk.drops(OTHER) and not desk.drops()


def test_drift_under_a_marker_is_reported_and_left(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    desk.box().put_hold(True)
    desk.box().remove(*a_member(desk.box()))
    assert desk.run().outcome is Outcome.HELD
    assert desk.facts().drift_open == 1
    assert "marker" in desk.sentence(order)
    assert len(desk.box().rows()) == 1


def test_a_marker_that_comes_between_two_batches_stops_the_rest(desk: Desk) -> None:
    for number in range(1, 9):
        desk.place(block(f"198.51.100.{number * 2}/32"))
    desk.box().faults.act(Point.STAGED, lambda: desk.box().put_hold(True))
    with pytest.raises(StaleState, match="read it again"):
        desk.run()
    assert len(desk.box().rows()) < 16
    assert desk.run().outcome is Outcome.HELD
    assert len(desk.box().rows()) < 16


# -- a device's own pause --------------------------------------------------------------------


def test_a_paused_device_takes_no_additions_and_the_other_does(make_desk: MakeDesk) -> None:
    desk = make_desk(inventory(edge("edge1"), edge("edge2")))
    old = desk.place(block(f"{OTHER}/32"))
    for name in ("edge1", "edge2"):
        desk.run(name)
    desk.decide("edge1", paused=True, paused_by="ann", paused_why="a migration")
    new = desk.place()
    desk.change(old, lift=True)
    assert desk.quick("edge1").removed == 2
    assert desk.quick("edge2").added == 2
    assert not desk.drops(name="edge1") and desk.drops(name="edge2")
    assert desk.facts("edge1").paused and not desk.facts("edge2").paused
    assert desk.status(new, "edge1") is Status.ENFORCING
    assert "writing is paused" in desk.sentence(new, "edge1")
    desk.decide("edge1", paused=False)
    desk.run("edge1")
    assert desk.drops(name="edge1")


def test_a_freeze_is_stricter_than_a_devices_own_pause(desk: Desk) -> None:
    order = desk.place()
    desk.run()
    desk.decide(paused=True)
    desk.pause = PauseState.FROZEN
    desk.change(order, lift=True)
    assert desk.run().outcome is Outcome.HELD
    assert desk.drops()


def test_a_pause_of_the_device_stops_a_plan_between_two_batches(desk: Desk) -> None:
    for number in range(1, 9):
        desk.place(block(f"198.51.100.{number * 2}/32"))
    desk.box().faults.act(Point.STAGED, lambda: desk.decide(paused=True))
    with pytest.raises(StaleState, match="paused"):
        desk.run()
    assert len(desk.box().rows()) < 16


# -- new software ----------------------------------------------------------------------------


def many(desk: Desk, count: int = 10) -> None:
    for number in range(count):
        desk.place(block(f"198.51.100.{number * 2}/32"))


def rebuilt(desk: Desk, topology: Topology) -> None:
    """Other software: it compiles something else from the same orders and inventory."""
    desk.topology = topology
    desk.new_version("2.0")


def tight(make_desk: MakeDesk) -> Desk:
    desk = make_desk(replace(inventory(), brake=TIGHT))
    many(desk)
    desk.run()
    assert desk.control().software == "1.0"
    return desk


def test_new_software_that_wants_the_same_goes_on(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    desk.new_version("2.0")
    assert desk.run().outcome is Outcome.CLEAN
    assert desk.control().software == "2.0" and desk.alarms() == []


def test_new_software_that_wants_much_else_writes_nothing(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    before = desk.box().rows()
    rebuilt(desk, protecting(desk.topology))
    facts = desk.run()
    assert facts.outcome is Outcome.HELD
    assert "version 2.0 of the program wants 20 rows otherwise" in facts.why
    assert BRAKED in facts.why
    (alarm,) = desk.alarms()
    assert (alarm.kind, alarm.subject) == ("braked", "edge1")
    assert "enforcer device release edge1" in alarm.said
    (entry,) = desk.audit("device.braked")
    assert (entry.device, entry.payload["changes"]) == ("edge1", 20)
    assert desk.run().outcome is desk.quick().outcome is Outcome.HELD
    desk.restart()
    assert desk.run().outcome is Outcome.HELD, "a restart lets nothing pass"
    assert desk.box().rows() == before and desk.control().software == "1.0"


def test_a_release_lets_new_software_pass_once_and_for_all(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    rebuilt(desk, protecting(desk.topology))
    desk.run()
    desk.release()
    assert desk.run().removed == 20
    assert desk.box().rows() == set() and desk.control().software == "2.0"
    desk.restart()
    assert desk.run().outcome is Outcome.CLEAN


def test_what_orders_explain_passes_new_software(make_desk: MakeDesk) -> None:
    desk = make_desk(replace(inventory(), brake=TIGHT))
    ending = [desk.place(block(f"198.51.100.{n * 2}/32"), lasts=600) for n in range(5)]
    coming = [desk.place(block(f"203.0.113.{n * 2}/32"), after=600) for n in range(5)]
    lifted = desk.place(block("203.0.113.128/26"))
    many(desk)
    desk.run()
    desk.clock.advance(900)
    desk.change(lifted, lift=True)
    late = [desk.place(block(f"192.0.2.{n * 2}/32")) for n in range(5)]
    desk.new_version("2.0")
    facts = desk.run()
    assert facts.outcome is Outcome.APPLIED
    assert all(desk.status(o) is Status.ENFORCED for o in (*coming, *late))
    assert all(desk.status(o) is Status.EXPIRED for o in ending)
    assert desk.alarms() == []


def test_what_lies_under_an_order_that_ended_is_explained_by_it(make_desk: MakeDesk) -> None:
    desk = make_desk(replace(inventory(), brake=TIGHT))
    many(desk)
    wide = desk.place(block("198.51.100.0/24"))
    desk.run()
    desk.change(wide, lift=True)
    desk.new_version("2.0")
    assert desk.run().outcome is Outcome.APPLIED
    assert len(desk.box().rows()) == 20


def test_an_empty_device_is_filled_by_new_software(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    desk.box().reboot()
    desk.new_version("2.0")
    assert desk.run().added == 20
    assert desk.alarms() == []


def test_members_that_vanished_beside_our_mark_are_not_an_empty_device(
    make_desk: MakeDesk,
) -> None:
    desk = tight(make_desk)
    owner = desk.box().table().owner
    desk.box().flush()
    desk.box().mark(PutMark(owner))
    desk.new_version("2.0")
    assert desk.run().outcome is Outcome.HELD


def test_the_same_software_repairs_whatever_it_finds(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    owner = desk.box().table().owner
    desk.box().flush()
    desk.box().mark(PutMark(owner))
    desk.restart()
    assert desk.run().added == 20


def test_a_few_rows_pass(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    little = ProtectedPrefix(ip_network("198.51.100.4/32"), "one of them")
    rebuilt(desk, replace(desk.topology, protected=(little,)))
    assert desk.run().removed == 2
    assert desk.control().software == "2.0"


def test_a_device_that_was_never_proved_has_nothing_to_compare(desk: Desk) -> None:
    many(desk)
    desk.new_version("2.0")
    assert desk.run().added == 20


def test_a_database_from_before_versions_were_kept_is_judged_too(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    desk.decide(software="")
    rebuilt(desk, protecting(desk.topology))
    assert desk.run().outcome is Outcome.HELD


def test_an_observed_device_is_not_braked(make_desk: MakeDesk) -> None:
    desk = tight(make_desk)
    watched = replace(desk.topology.devices["edge1"], mode=Mode.OBSERVE)
    rebuilt(desk, replace(protecting(desk.topology), devices={"edge1": watched}))
    assert desk.run().outcome is Outcome.OBSERVED
    assert desk.alarms() == [] and desk.drops(BAD) is False
