# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of interfaces that we shut: its comments, and plans that keep it whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.nftables.planning import held_of
from drivers.nftables.shut import RECORD, SHUT, Recorded, comment, lost, members, recorded, stale
from drivers.nftables.work import Work
from enforcer.core.drift import Drift, compare
from enforcer.core.orders import order_id
from enforcer.core.plan import Plan
from enforcer.core.rules import NO_END, Actual, Desired, InterfaceMember, Key, Rule
from tests.unit.drivers.nftables.test_planning import DRIVER, SOURCE, hosts, standing

FIVE = InterfaceMember("eth5", NO_END, 5)
SIX = InterfaceMember("eth6", 1_800_000_000_000, 6)
SHUT_RULE = Rule(0, Key.INTERFACE)


@pytest.mark.parametrize("found_down", [False, True])
@pytest.mark.parametrize("end", [NO_END, 0, 1_800_000_000_000])
def test_a_comment_says_order_end_and_what_was_found(end: int, found_down: bool) -> None:
    said = comment(7, end, found_down=found_down)
    assert said.startswith(order_id(7)) and len(said) <= 127
    assert recorded(said) == Recorded(7, end, found_down)


@pytest.mark.parametrize("text", ["", "mine", "0005 until", f"{order_id(5)} until x", "a b c"])
def test_what_is_no_comment_of_ours_is_never_brought_up(text: str) -> None:
    assert recorded(text) == Recorded(-1, NO_END, found_down=True)


def test_what_stands_is_recorded_and_not_up() -> None:
    record = {
        "eth5": Recorded(5, NO_END),
        "eth6": Recorded(6, SIX.end, up=True),
        "eth7": Recorded(7, NO_END, written=False),
    }
    assert members(record) == (FIVE, InterfaceMember("eth7", NO_END, 7))
    assert stale(record, [FIVE]) == (SIX,)
    assert stale(record, [FIVE, SIX]) == ()
    assert lost(record) == (InterfaceMember("eth7", NO_END, 7),)


def held_down(refused: bool = False, **record: Recorded) -> Actual:
    actual = standing({SOURCE: hosts(0, 3)}, {SHUT: members(record)}, refused=refused)
    return replace(actual, native=replace(held_of(actual), record=record))


def planned(wanted: tuple[InterfaceMember, ...], actual: Actual) -> tuple[Plan, list[Work]]:
    shut = {SHUT: wanted} if wanted else {}
    desired = Desired("r1", {SOURCE: hosts(0, 3)}, shut)
    drift: Drift = compare(desired, actual, DRIVER.findings(desired, actual))
    plan = DRIVER.plan(desired, drift, actual)
    works = [batch.payload for batch in plan.batches]
    assert all(isinstance(work, Work) for work in works)
    return plan, [work for work in works if isinstance(work, Work)]


def test_what_stands_needs_no_plan() -> None:
    assert not planned((FIVE,), held_down(eth5=Recorded(5, NO_END)))[1]


def test_links_are_set_in_a_batch_of_their_own_at_the_end() -> None:
    _, works = planned((FIVE, SIX), held_down(eth5=Recorded(5, NO_END)))
    assert [work.ports.add for work in works] == [(SIX,)]
    assert not works[0].changes and works[0].spec is None


def test_the_record_goes_after_the_last_link_and_not_before() -> None:
    _, works = planned((), held_down(eth5=Recorded(5, NO_END)))
    lifting = [work for work in works if work.ports.remove]
    assert [m.name for m in lifting[0].ports.remove] == ["eth5"]
    without = [work.spec is not None and RECORD not in work.spec.sets for work in works]
    assert without == [False] * (len(works) - 1) + [True]
    assert works.index(lifting[0]) < len(works) - 1


def test_a_removal_that_is_held_back_keeps_its_record() -> None:
    """A pause took it out of the drift: the set with the record must not go."""
    actual = held_down(eth5=Recorded(5, NO_END))
    desired = Desired("r1", {SOURCE: hosts(0, 4)}, {})
    drift = compare(desired, actual, DRIVER.findings(desired, actual))
    paused = replace(drift, delta=replace(drift.delta, interfaces={}))
    for batch in DRIVER.plan(desired, paused, actual).batches:
        assert isinstance(batch.payload, Work)
        spec = batch.payload.spec
        assert spec is None or RECORD in spec.sets


def test_a_table_that_is_built_anew_gets_the_record_in_the_same_transaction() -> None:
    actual = held_down(
        refused=True, eth5=Recorded(5, NO_END, found_down=True), eth7=Recorded(7, NO_END)
    )
    _, works = planned((FIVE, SIX), actual)
    (rebuild,) = [work for work in works if work.rebuild]
    assert rebuild.kept == ("eth5",)
    assert rebuild.ports.add == (SIX,)
    assert [m.name for m in rebuild.ports.remove] == ["eth7"]
    assert rebuild.spec is not None and RECORD in rebuild.spec.sets
    assert not any(work.ports for work in works if not work.rebuild)


def test_what_came_up_again_and_is_not_wanted_is_named_and_forgotten() -> None:
    actual = held_down(eth5=Recorded(5, NO_END), eth6=Recorded(6, SIX.end, up=True))
    desired = Desired("r1", {SOURCE: hosts(0, 3)}, {SHUT: (FIVE,)})
    (finding,) = DRIVER.findings(desired, actual)
    assert finding.what == "record of interface eth6"
    _, works = planned((FIVE,), actual)
    assert [m.name for work in works for m in work.ports.remove] == ["eth6"]


def test_the_rule_is_the_one_of_the_core() -> None:
    assert SHUT == SHUT_RULE
