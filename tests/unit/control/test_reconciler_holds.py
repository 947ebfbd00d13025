# SPDX-License-Identifier: GPL-2.0-or-later
"""Pause, freeze, observe, capability: what is not written, and how that is said."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.control.case import Request
from enforcer.control.facts import Outcome, sentence
from enforcer.core.brake import PauseState
from enforcer.core.orders import BlockPort, PortRange, Selection, SuspendCustomer
from enforcer.core.plan import Capability, Trait
from enforcer.core.rules import Key
from enforcer.core.status import Status
from enforcer.core.topology import Device, Mode
from enforcer.errors import StaleState
from tests.fakes.clock import FakeClock
from tests.fakes.device import EVERY_KEY, FakeDevice
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import BAD, Desk, a_member, block, edge, inventory

SMTP = BlockPort(Selection(prefixes=(ip_network("198.51.100.9/32"),)), (6,), (PortRange(25, 25),))


def test_a_pause_stops_additions_and_lets_removals_go_on(desk: Desk) -> None:
    old = desk.place(block("198.51.100.8/32"))
    desk.run()
    desk.pause = PauseState.PAUSED
    new = desk.place()
    old = desk.change(old, lift=True)
    facts = desk.quick()
    assert (facts.outcome, facts.removed, facts.held) == (Outcome.APPLIED, 2, 2)
    assert not desk.drops() and not desk.drops("198.51.100.8")
    assert desk.status(new) is Status.ENFORCING
    assert desk.facts().paused and desk.facts().held_orders == {new.number}
    assert desk.status(old) is Status.LIFTED, "what was allowed is proved, whatever is held back"
    assert desk.run().outcome is Outcome.HELD
    assert desk.facts().held_orders == {new.number}
    desk.pause = PauseState.RUNNING
    assert desk.run().outcome is Outcome.APPLIED
    assert desk.drops() and desk.status(new) is Status.ENFORCED
    assert not desk.facts().paused and not desk.facts().held_orders


def test_a_freeze_keeps_older_orders_proved_and_an_ended_one_removing(desk: Desk) -> None:
    stays = desk.place(block("198.51.100.7/32"))
    goes = desk.place(block("198.51.100.8/32"))
    desk.run()
    desk.clock.advance(1)
    desk.pause = PauseState.FROZEN
    goes = desk.change(goes, lift=True)
    assert desk.quick().outcome is Outcome.HELD
    assert desk.drops("198.51.100.8"), "frozen: nothing is written"
    assert desk.facts().held_orders == {goes.number}
    assert (desk.status(stays), desk.status(goes)) == (Status.ENFORCED, Status.REMOVING)


def test_the_structure_that_a_pause_holds_back_is_no_failure(desk: Desk) -> None:
    old = desk.place(SMTP)
    desk.place()
    desk.run()
    desk.pause = PauseState.PAUSED
    desk.place(SuspendCustomer("hosting", Selection()))
    desk.change(old, lift=True)
    facts = desk.quick()
    assert facts.outcome is Outcome.APPLIED and facts.removed and facts.held
    assert not desk.drops("192.0.2.1")


def test_a_repair_waits_for_the_end_of_a_pause(desk: Desk) -> None:
    desk.place()
    desk.run()
    desk.pause = PauseState.PAUSED
    desk.box().flush()
    facts = desk.run()
    assert facts.outcome is Outcome.HELD and facts.held
    assert "held back" in sentence(facts) and "drift (2 missing" in sentence(facts)
    desk.pause = PauseState.RUNNING
    desk.run()
    assert desk.drops()


def test_a_freeze_stops_removals_too(desk: Desk) -> None:
    order = desk.place(lasts=10)
    desk.run()
    token = desk.box().token
    desk.pause = PauseState.FROZEN
    desk.clock.advance(10)
    assert desk.quick().outcome is Outcome.HELD
    assert desk.run().outcome is Outcome.HELD
    assert desk.box().token == token and desk.drops()
    assert desk.status(order) is Status.REMOVING
    desk.pause = PauseState.RUNNING
    assert desk.run().removed == 2
    assert not desk.drops()


def test_an_observed_device_is_compared_and_never_written(make_desk: MakeDesk) -> None:
    desk = make_desk(inventory(edge(mode=Mode.OBSERVE)))
    order = desk.place()
    token = desk.box().token
    facts = desk.run()
    assert (facts.outcome, facts.held) == (Outcome.OBSERVED, 2)
    assert desk.box().token == token and not desk.drops()
    assert (desk.facts().drift_open, desk.facts().mode) == (2, Mode.OBSERVE)
    assert desk.status(order) is Status.DRIFTED
    assert desk.audit("device.intent") == []


def test_an_observed_device_that_needs_nothing_is_read_once(make_desk: MakeDesk) -> None:
    desk = make_desk(inventory(edge(mode=Mode.OBSERVE)))
    twin = make_desk()
    desk.boxes["edge1"] = twin.boxes["edge1"]
    twin.run()
    desk.owner = twin.owner
    assert desk.run().outcome is Outcome.CLEAN
    desk.box().faults.met.clear()
    assert desk.quick().outcome is Outcome.CLEAN
    assert Point.READ not in desk.box().faults.met


@pytest.mark.parametrize(
    "capability",
    [
        Capability(frozenset((4, key) for key in Key)),
        Capability(frozenset((f, Key.DESTINATION) for f in (4, 6))),
        Capability(EVERY_KEY, services=False),
    ],
    ids=["no-ipv6", "no-source", "no-services"],
)
def test_what_a_device_cannot_hold_is_reported_and_the_rest_enforced(
    make_desk: MakeDesk, capability: Capability
) -> None:
    clock = FakeClock()
    desk = make_desk(clock=clock, boxes=[FakeDevice("edge1", clock, capability=capability)])
    beyond = {
        desk.place(SuspendCustomer("hosting", Selection())).number,
        desk.place(SMTP).number,
    }
    fine = desk.place(block())
    desk.run()
    unsupported = desk.facts().unsupported_orders
    assert unsupported and unsupported <= beyond | {fine.number}
    held = set(desk.box().table().members)
    assert held and all((rule.family, rule.key) in capability.keys for rule in held)
    assert capability.services or all(rule.service is None for rule in held)
    assert desk.quick().outcome is Outcome.CLEAN


def test_translated_addresses_are_unsupported_member_by_member(make_desk: MakeDesk) -> None:
    device = edge()
    nat = Device(
        device.name,
        device.platform,
        roles=device.roles,
        mode=device.mode,
        interfaces=device.interfaces,
        nat=(ip_network("198.51.100.0/29"),),
    )
    desk = make_desk(inventory(nat))
    lost, kept = desk.place(block()), desk.place(block("198.51.100.9/32"))
    desk.run()
    assert desk.facts().unsupported_orders == {lost.number}
    assert desk.status(lost) is Status.UNSUPPORTED
    assert desk.status(kept) is Status.ENFORCED
    assert not desk.drops(BAD) and desk.drops("198.51.100.9")
    more = desk.place(block("198.51.100.6/32"))
    assert desk.quick().outcome is Outcome.CLEAN
    desk.run()
    assert desk.facts().unsupported_orders == {lost.number}
    desk.reconciler().known(desk.clock.now(), proved=True)
    assert more.number in desk.reconciler().known(desk.clock.now(), proved=True).unsupported_orders


def test_ends_are_not_compared_where_the_device_expires_nothing(make_desk: MakeDesk) -> None:
    clock = FakeClock()
    desk = make_desk(clock=clock, boxes=[FakeDevice("edge1", clock, traits=Trait.ATOMIC)])
    order = desk.place(lasts=60)
    desk.run()
    desk.change(order, lasts=6000)
    desk.run()
    assert desk.run().outcome is Outcome.CLEAN
    desk.clock.advance(3000)
    assert desk.drops()
    desk.clock.advance(3000)
    desk.quick()
    assert desk.box().rows() == set()


def test_interfaces_are_suspended_and_freed(desk: Desk) -> None:
    order = desk.place(SuspendCustomer("hosting", Selection(), by="interface"))
    assert desk.run().added == 4
    desk.box().remove(*a_member(desk.box(), Key.INPUT_INTERFACE))
    assert desk.run().drift.missing == 1
    desk.change(order, lift=True)
    assert desk.quick().removed == 4
    assert desk.box().rows() == set()


def test_an_order_in_the_shadow_of_another_is_held_back_too(desk: Desk) -> None:
    shadowed = desk.place(block("198.51.100.9/32"), lasts=3600)
    winner = desk.place(block("198.51.100.9/32"))
    desk.run()
    assert desk.status(shadowed) is desk.status(winner) is Status.ENFORCED
    desk.pause = PauseState.PAUSED
    desk.box().flush()
    desk.run()
    assert not desk.drops("198.51.100.9")
    assert Status.ENFORCED not in (desk.status(shadowed), desk.status(winner))


def test_a_freeze_stops_a_plan_between_two_batches(desk: Desk) -> None:
    for number in range(1, 9):
        desk.place(block(f"198.51.100.{number * 2}/32"))
    frozen: list[bool] = []
    desk.box().faults.act(Point.STAGED, lambda: frozen.append(True))
    request = Request("test", True, go_on=lambda: not frozen)
    reconciler = desk.reconciler("edge1")
    with reconciler.driver.connect() as session, pytest.raises(StaleState, match="frozen"):
        reconciler.run(session, request)
    assert len(desk.box().rows()) < 16, "the rest of the plan was not written"
    assert desk.results()[-1] == "partial"
