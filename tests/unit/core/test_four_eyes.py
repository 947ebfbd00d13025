# SPDX-License-Identifier: GPL-2.0-or-later
"""What one person may not order alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.core import four_eyes
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.collateral import Hit
from enforcer.core.draft import Draft
from enforcer.core.four_eyes import proposal_id, proposal_number, reasons
from enforcer.core.intervals import rows_of
from enforcer.core.lists import ListContent, content_of
from enforcer.core.orders import (
    MAX_ORDER_NUMBER,
    BlockAddress,
    BlockPort,
    Demand,
    DropRoutes,
    PortRange,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
    order_number,
)
from enforcer.core.placement import ownership
from enforcer.core.topology import SharedSpace
from enforcer.service_settings import FourEyesSettings
from tests.unit.core.drafts import (
    ADDRESS,
    LIST,
    SHUT,
    SUSPEND,
    TOPOLOGY,
    block,
    customer,
    draft,
)

RULE = FourEyesSettings()
NOBODY = Hit()
OWNERS = ownership(TOPOLOGY)
SESSIONS = Sessions(customers=("cust1",))
SMTP = PortRange(25, 25)
UPPER_HALF = ip_network("203.0.112.0/23")
"""Its upper half begins with what TOPOLOGY protects."""


def why(asked: Draft | Demand, rule: FourEyesSettings = RULE, hit: Hit = NOBODY) -> tuple[str, ...]:
    some = asked if isinstance(asked, Draft) else draft(asked)
    return reasons(some, hit, rule, TOPOLOGY, OWNERS)


def ports(*prefixes: str, customers: tuple[str, ...] = ()) -> BlockPort:
    return BlockPort(Selection(tuple(map(ip_network, prefixes)), customers), (6,), (SMTP,))


@pytest.mark.parametrize("demand", [ADDRESS, LIST, SUSPEND, ports(customers=("cust1",))])
def test_what_is_ordered_every_day_needs_one_person(demand: Demand) -> None:
    assert why(demand) == ()


@pytest.mark.parametrize(
    ("prefix", "waits"),
    [
        ("8.8.0.0/23", False),
        ("8.8.0.0/22", True),
        ("8.0.0.0/8", True),
        ("2a00::/45", False),
        ("2a00::/44", True),
    ],
)
def test_a_target_as_wide_as_the_threshold_waits(prefix: str, waits: bool) -> None:
    assert bool(why(block(prefix))) is waits
    assert not waits or prefix in why(block(prefix))[0]


def test_many_small_prefixes_are_as_wide_as_one() -> None:
    halves = ("8.8.0.0/23", "9.9.0.0/23")
    assert why(ports(halves[0])) == ()
    assert "together" in why(ports(*halves))[0]
    assert why(ports(halves[0], halves[0])) == (), "the same twice is not wider"


def test_a_name_stands_for_all_its_prefixes() -> None:
    big = customer("big", "198.20.0.0/22")
    topology = replace(TOPOLOGY, customers={**TOPOLOGY.customers, "big": big})
    named = draft(ports(customers=("big",)))
    assert reasons(named, Hit(), RULE, topology, ownership(topology))


def test_a_threshold_of_nought_is_none() -> None:
    off = FourEyesSettings(prefix4=0, prefix6=0, customers=0)
    assert why(block("8.0.0.0/8"), off, Hit(names=("a", "b", "c"))) == ()
    assert why(block("2000::/16"), off) == ()


def test_many_who_are_hit_wait() -> None:
    assert why(ADDRESS, hit=Hit(names=("a", "b"))) == ()
    assert "3 customers are hit" in why(ADDRESS, hit=Hit(names=("a", "b", "c")))[0]


def test_nobody_can_count_who_is_behind_translation() -> None:
    shared = (
        SharedSpace("farm", (ip_network("198.18.7.0/28"),), users=("a", "b")),
        SharedSpace("nat", (ip_network("198.18.9.9/32"),), "cgnat"),
    )
    topology = replace(TOPOLOGY, shared=shared)

    def found(prefix: str) -> tuple[str, ...]:
        return reasons(block(prefix), Hit(), RULE, topology, OWNERS)

    assert "nobody can say how many" in found("198.18.9.9/32")[0]
    assert found("198.18.7.1/32") == (), "who shares that is counted by name"


def test_no_end_waits() -> None:
    endless = replace(draft(ADDRESS), end=None, open_ended=True)
    assert why(endless) == ("it has no end",)
    assert why(endless, FourEyesSettings(open_ended=False)) == ()


@pytest.mark.parametrize(("days", "waits"), [(90, False), (90.01, True), (35_000, True)])
def test_an_end_that_is_far_away_is_none(days: float, waits: bool) -> None:
    asked = draft(ADDRESS)
    asked = replace(asked, end=asked.start + timedelta(days=days))
    assert why(asked) == (("it lasts longer than 90 days",) if waits else ())
    assert why(asked, FourEyesSettings(longest_days=0)) == ()


def entries(*prefixes: str) -> ListContent:
    rows = {
        family: rows_of(n for n in map(ip_network, prefixes) if n.version == family)
        for family in (4, 6)
    }
    return content_of(rows[4], rows[6])


@pytest.mark.parametrize(
    ("prefixes", "waits"),
    [
        (("8.8.0.0/23", "9.9.9.9/32"), False),
        (("8.8.0.0/23", "8.8.0.0/24"), False),
        (("8.8.0.0/23", "9.9.0.0/23"), True),
        (("8.0.0.0/9",), True),
        (("2a00::/44",), True),
        ((), False),
    ],
)
def test_the_entries_of_a_list_are_as_wide_as_a_target(
    prefixes: tuple[str, ...], waits: bool
) -> None:
    content = entries(*prefixes)
    found = reasons(draft(LIST), NOBODY, RULE, TOPOLOGY, OWNERS, content)
    assert bool(found) is waits
    off = FourEyesSettings(prefix4=0, prefix6=0)
    assert reasons(draft(LIST), NOBODY, off, TOPOLOGY, OWNERS, content) == ()
    added = {family: content.ranges(family) for family in (4, 6)}
    assert bool(four_eyes.grown(added, RULE)) is waits
    assert four_eyes.grown(added, FourEyesSettings(enabled=False)) is None


def test_protected_space_that_was_confirmed_waits() -> None:
    asked = draft(BlockAddress(UPPER_HALF))
    assert why(asked) == (), "the guardrail refuses that"
    asked = replace(asked, confirm_wide=True)
    assert "protected" in why(asked)[0]
    assert why(asked, FourEyesSettings(protected=False)) == ()
    assert why(replace(block("8.8.8.0/23"), confirm_wide=True)) == ()


@pytest.mark.parametrize(
    "demand", [ShutdownSession(SESSIONS), SHUT, SuspendCustomer("cust1", Selection(), "session")]
)
def test_sessions_and_ports_that_are_shut_down_wait(demand: Demand) -> None:
    assert "shut down" in why(demand)[0]
    assert why(demand, FourEyesSettings(sessions=False)) == ()


def test_routes_that_matter_wait() -> None:
    demand = DropRoutes(SESSIONS, (ip_network("0.0.0.0/0"),))
    assert why(demand) == ()
    confirmed = replace(draft(demand), confirm_routes=True)
    assert "routes" in why(confirmed)[0]
    assert why(confirmed, FourEyesSettings(routes=False)) == ()
    assert why(replace(draft(SUSPEND), confirm_routes=True))


def test_all_of_it_can_be_switched_off() -> None:
    worst = replace(block("8.0.0.0/8"), end=None, open_ended=True, confirm_wide=True)
    assert len(why(worst)) == 2
    assert why(worst, FourEyesSettings(enabled=False)) == ()


def test_every_reason_is_told() -> None:
    worst = replace(draft(SHUT), end=None, open_ended=True)
    assert len(why(worst, hit=Hit(names=("a", "b", "c")))) == 3


def test_a_detector_is_refused_what_a_person_would_propose() -> None:
    detector = Rights(frozenset({Role.DETECTOR}), machine=MachineLimits())
    (refusal,) = four_eyes.machine(("it has no end",), detector)
    assert (refusal.code, refusal.confirmable) == ("needs-approval", False)
    assert four_eyes.machine((), detector) == ()
    nobodys = Rights(frozenset({Role.ENGINEER}), nobodys=True)
    (refusal,) = four_eyes.machine(("it has no end",), nobodys)
    assert refusal.code == "needs-approval" and "owner" in str(refusal)
    assert four_eyes.machine((), nobodys) == ()
    assert four_eyes.machine(("it has no end",), Rights(frozenset({Role.ABUSE}))) == ()
    assert four_eyes.machine(("it has no end",), None) == ()


@pytest.mark.parametrize("number", [1, 31, 32, 123_456, 2**30, MAX_ORDER_NUMBER])
def test_a_proposal_is_never_taken_for_an_order(number: int) -> None:
    printed = proposal_id(number)
    assert proposal_number(printed) == number
    assert proposal_number(f" {printed.lower()} ") == number
    assert order_number(printed) is None
    assert proposal_number(printed.removeprefix("P.")) is None


@pytest.mark.parametrize("text", ["", "P.", "P.0001-9", "0001-Y", "P0001-Y", "P.1"])
def test_what_is_no_proposals_id(text: str) -> None:
    assert proposal_number(text) is None
