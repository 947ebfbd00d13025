# SPDX-License-Identifier: GPL-2.0-or-later
"""What a detector may not order, whatever it sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from enforcer.core.access import MachineLimits
from enforcer.core.draft import Draft
from enforcer.core.machine_checks import machine, own_runs, too_fast
from enforcer.core.orders import (
    BlockFlow,
    BlockPort,
    Demand,
    DropRoutes,
    PortRange,
    Selection,
    Sessions,
    ShutdownSession,
)
from tests.unit.core.drafts import FEED, HOUR, LIST, NOW, SUSPEND, TOPOLOGY, block, draft

OWN = own_runs(TOPOLOGY)
ALL = MachineLimits(kinds=frozenset())
ANYWHERE = replace(ALL, own_space=False)
MINE, FOREIGN = "192.0.2.7/32", "8.8.8.8/32"
SMTP = (PortRange(25, 25),)
OF_CUST1 = Sessions(customers=("cust1",))


def codes(asked: Draft, limits: MachineLimits = ALL) -> list[str]:
    return [refusal.code for refusal in machine(asked, limits, TOPOLOGY, OWN, NOW)]


def test_an_own_address_for_an_hour_is_what_detectors_are_for() -> None:
    assert codes(block(MINE), MachineLimits()) == []
    assert codes(block("2001:db8:1:2::/64"), MachineLimits()) == []


def test_nothing_of_it_can_be_confirmed() -> None:
    worst = replace(block("8.0.0.0/8"), end=None, open_ended=True, confirm_wide=True)
    limits = MachineLimits(kinds=frozenset({"cut_feed"}))
    found = list(machine(worst, limits, TOPOLOGY, OWN, NOW))
    assert [one.code for one in found] == [
        "machine-kind",
        "machine-too-long",
        "machine-may-not-confirm",
        "machine-too-wide",
        "machine-foreign-space",
    ]
    assert not any(one.confirmable for one in found)


@pytest.mark.parametrize("demand", [SUSPEND, FEED, LIST, ShutdownSession(OF_CUST1)])
def test_only_the_kinds_of_its_token(demand: Demand) -> None:
    assert "machine-kind" in codes(draft(demand), MachineLimits())
    assert "machine-kind" not in codes(draft(demand), ALL)


@pytest.mark.parametrize(
    ("seconds", "refused"), [(3600, False), (86_400, False), (86_401, True), (None, True)]
)
def test_only_for_so_long(seconds: int | None, refused: bool) -> None:
    end = None if seconds is None else NOW + timedelta(seconds=seconds)
    asked = replace(block(MINE), end=end, open_ended=end is None)
    assert codes(asked) == (["machine-too-long"] if refused else [])


@pytest.mark.parametrize(("ahead", "refused"), [(600, False), (601, True), (10**9, True)])
def test_only_for_now(ahead: int, refused: bool) -> None:
    start = NOW + timedelta(seconds=ahead)
    asked = replace(block(MINE), start=start, end=start + HOUR / 2)
    found = codes(asked, replace(ALL, longest=10**9 + 7200))
    assert found == (["machine-too-late"] if refused else [])


def test_how_long_counts_from_now() -> None:
    asked = replace(block(MINE), start=NOW + HOUR / 6, end=NOW + 24 * HOUR)
    assert codes(asked) == []
    assert codes(replace(asked, end=NOW + 24 * HOUR + HOUR / 6)) == ["machine-too-long"]


@pytest.mark.parametrize("name", ["wide", "collateral", "routes", "foreign"])
def test_only_people_know_better(name: str) -> None:
    flag: dict[str, Any] = {f"confirm_{name}": True}
    assert codes(replace(block(MINE), **flag)) == ["machine-may-not-confirm"]


@pytest.mark.parametrize(
    ("prefix", "refused"),
    [
        ("192.0.2.0/32", False),
        ("192.0.2.0/31", True),
        ("2001:db8:1::/64", False),
        ("2001:db8:1::/63", True),
    ],
)
def test_only_so_wide(prefix: str, refused: bool) -> None:
    assert codes(block(prefix)) == (["machine-too-wide"] if refused else [])


def test_many_small_prefixes_are_together_as_wide_as_one() -> None:
    def ports(*prefixes: str) -> Draft:
        return draft(BlockPort(Selection(tuple(map(ip_network, prefixes))), (6,), SMTP))

    assert codes(ports(MINE)) == []
    assert codes(ports(MINE, "2001:db8:1:2::/64")) == [], "each family by itself"
    two = ports(MINE, "192.0.2.9/32")
    (refusal,) = machine(two, ALL, TOPOLOGY, OWN, NOW)
    assert refusal.code == "machine-too-wide" and "together" in str(refusal)
    assert codes(two, replace(ALL, widest4=31)) == []
    assert codes(ports("2001:db8:1:2::/64", "2001:db8:1:4::/64")) == ["machine-too-wide"]
    every = ports(*(f"192.0.2.{last}/32" for last in range(128)))
    assert codes(every) == ["machine-too-wide"]
    assert codes(every, replace(ALL, widest4=25)) == []


def test_a_name_is_as_wide_as_its_prefixes() -> None:
    named = BlockPort(Selection(customers=("cust1",)), (6,), SMTP)
    assert codes(draft(named)) == ["machine-too-wide"]
    assert codes(draft(named), replace(ALL, widest4=25, widest6=48)) == []


def test_lists_are_of_any_width_unless_the_token_names_them() -> None:
    assert codes(draft(LIST), ANYWHERE) == ["machine-too-wide"]
    assert codes(draft(LIST), replace(ANYWHERE, kinds=frozenset({"block_list"}))) == []
    assert "machine-foreign-space" in codes(draft(LIST))


@pytest.mark.parametrize("prefix", [FOREIGN, "198.18.0.1/32", "2a00::/64", "203.0.114.1/32"])
def test_only_own_space(prefix: str) -> None:
    assert codes(block(prefix)) == ["machine-foreign-space"]
    assert codes(block(prefix), ANYWHERE) == []


def test_own_space_to_its_last_address() -> None:
    wide = replace(ALL, widest4=24)
    assert codes(block("192.0.2.0/24"), wide) == [], "two customers side by side"
    assert codes(block("192.0.3.0/32")) == ["machine-foreign-space"]
    assert codes(block("192.0.2.0/23"), replace(ALL, widest4=8)) == ["machine-foreign-space"]


def test_an_end_of_a_flow_that_is_the_target_is_ours() -> None:
    def flow(source: str, destination: str) -> Draft:
        ends = [Selection((ip_network(p),)) for p in (source, destination)]
        return draft(BlockFlow(ends[0], ends[1]))

    assert codes(flow(MINE, FOREIGN)) == []
    assert codes(flow(FOREIGN, MINE)) == ["machine-foreign-space"]


def test_routes_and_sessions_are_named_one_by_one() -> None:
    routes = DropRoutes(OF_CUST1, (ip_network(MINE),))
    assert codes(draft(routes)) == []
    assert codes(draft(replace(routes, choice="every"))) == ["machine-too-wide"]
    assert codes(draft(replace(routes, sessions=Sessions())), ANYWHERE) == ["machine-too-wide"]
    assert codes(draft(ShutdownSession(OF_CUST1))) == []
    assert codes(draft(ShutdownSession(Sessions()), "edge1"), ANYWHERE) == ["machine-too-wide"]
    peer = Sessions(neighbors=(ip_address("203.0.113.1"),))
    assert codes(draft(ShutdownSession(peer))) == ["machine-foreign-space"]
    beside = replace(OF_CUST1, asns=(64500,))
    assert codes(draft(ShutdownSession(beside))) == ["machine-foreign-space"]


def test_only_so_many_a_minute() -> None:
    limits = MachineLimits(per_minute=5)
    assert list(too_fast(limits, "detector", 4)) == []
    (refusal,) = too_fast(limits, "detector", 5)
    assert (refusal.code, refusal.confirmable) == ("machine-too-fast", False)
