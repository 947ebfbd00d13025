# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for a remote router: the very commands, small cases whole, big ones in pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from drivers._ssh.login import Client
from drivers.nftables.remote.connection import SharedConnection
from drivers.nftables.remote.driver import CAPACITY, RemoteNftablesDriver
from drivers.nftables.remote.model import Listing, Structure
from drivers.nftables.remote.moves import BATCH_ROWS, members_of
from drivers.nftables.remote.planning import Setup, Work
from drivers.nftables.remote.render import structure
from enforcer.core.drift import compare
from enforcer.core.plan import Plan
from enforcer.core.rules import (
    NO_END,
    Actual,
    Desired,
    Exempt,
    InterfaceMember,
    Key,
    Owner,
    Rule,
    Service,
)
from enforcer.core.topology import Device

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OURS = Owner("C0FFEE", 2)
SOURCE, MAIL = Rule(4, Key.SOURCE), Rule(4, Key.SOURCE, Service(6, None, (25, 25)))
INPUT = Rule(6, Key.INPUT_INTERFACE)
SETUP = Setup(OURS, frozenset({"forward"}), counters=True)
WHERE = {"family": "inet", "table": "enforcer"}
Rows = Mapping[tuple[str, str], int]


def nowhere() -> Client:
    raise AssertionError("planning opens no connection")


def driver(**given: Any) -> RemoteNftablesDriver:
    device = Device("r1", "nftables", **given)
    return RemoteNftablesDriver(device, OURS, SharedConnection(nowhere))


def desired(rows: Mapping[Rule, Rows], names: Mapping[str, int] | None = None) -> Desired:
    def span(ends: tuple[str, str]) -> tuple[int, int]:
        first, last = (int(ip_network(end).network_address) for end in ends)
        return first, last

    addresses = {r: members_of({span(e): n for e, n in some.items()}) for r, some in rows.items()}
    members = tuple(InterfaceMember(name, NO_END, n) for name, n in (names or {}).items())
    return Desired("r1", addresses, {INPUT: members} if members else {})


def standing(held: Desired, owner: Owner | None = OURS, **broken: Any) -> Actual:
    """A device that holds exactly this; `broken`: parts of its structure that differ."""
    right = SETUP.structure((*held.addresses, *held.interfaces))
    parts = {"chains": right.chains, "sets": right.sets, "fixed": right.fixed, **broken}
    listing = Listing(True, Structure(**parts), {}, owner, "d")
    return Actual("r1", NOW, owner, held.addresses, held.interfaces, native=listing)


EMPTY = Actual("r1", NOW, None, native=Listing(False, Structure(), {}, None, "none"))


def planned(wanted: Desired, actual: Actual) -> Plan:
    made = driver()
    findings = made.findings(wanted, actual)
    return made.plan(wanted, compare(wanted, actual, findings), actual)


def commands(plan: Plan) -> list[list[Any]]:
    """Of each batch."""
    found = []
    for batch in plan.batches:
        assert isinstance(batch.payload, Work)
        found.append(json.loads(batch.payload.text)["nftables"])
    return found


HOST = ("198.51.100.7", "198.51.100.7")
RANGE = ("198.51.100.64", "198.51.100.127")
ONE = desired({SOURCE: {HOST: 1, RANGE: 2}})


def element(verb: str, name: str, *elem: dict[str, Any]) -> dict[str, Any]:
    return {verb: {"element": {**WHERE, "name": name, "elem": [{"elem": e} for e in elem]}}}


def test_a_table_where_there_is_none() -> None:
    first, members = commands(planned(ONE, EMPTY))
    h, r, c = (f"{part}{SOURCE.digest}" for part in "hrc")
    counter, saddr = {"counter": None}, {"payload": {"protocol": "ip", "field": "saddr"}}

    def jump(name: str) -> dict[str, Any]:
        match = {"match": {"op": "==", "left": saddr, "right": f"@{name}"}}
        rule = {**WHERE, "chain": "forward", "expr": [match, {"jump": {"target": c}}]}
        return {"add": {"rule": rule}}

    base = {"type": "filter", "hook": "forward", "prio": -150, "policy": "accept"}
    kind = {"type": "ipv4_addr", "stmt": [counter]}
    marked = {"val": 1, "comment": "enforcer C0FFEE epoch 2"}
    assert first == [
        {"add": {"table": {"family": "inet", "name": "enforcer"}}},
        {"add": {"set": {**WHERE, "name": "owner_mark", "type": "mark"}}},
        {"add": {"set": {**WHERE, "name": h, **kind}}},
        {"add": {"set": {**WHERE, "name": r, **kind, "flags": ["interval"]}}},
        {"add": {"chain": {**WHERE, "name": c}}},
        {"add": {"chain": {**WHERE, "name": "forward", **base}}},
        {"add": {"rule": {**WHERE, "chain": c, "expr": [counter, {"drop": None}]}}},
        jump(h),
        jump(r),
        element("add", "owner_mark", marked),
    ]
    assert members == [
        element("add", h, {"val": HOST[0], "comment": "0001-Y"}),
        element("add", r, {"val": {"range": [*RANGE]}, "comment": "0002-W"}),
    ]


def test_one_member_more_is_one_element() -> None:
    wanted = desired({SOURCE: {HOST: 1, RANGE: 2, ("192.0.2.1", "192.0.2.1"): 3}})
    [[one]] = commands(planned(wanted, standing(ONE)))
    assert one["add"]["element"]["elem"][0]["elem"]["val"] == "192.0.2.1"


def test_a_member_of_another_order_goes_and_comes_in_one_transaction() -> None:
    [[gone, came]] = commands(planned(desired({SOURCE: {HOST: 9, RANGE: 2}}), standing(ONE)))
    assert gone == element("delete", f"h{SOURCE.digest}", {"val": HOST[0]})
    assert came["add"]["element"]["elem"][0]["elem"]["comment"] != "0001-Y"


def test_a_rule_that_goes_takes_its_sets_along_and_nothing_names_them_then() -> None:
    both = desired({SOURCE: {HOST: 1}, MAIL: {RANGE: 2}})
    [found] = commands(planned(desired({SOURCE: {HOST: 1}}), standing(both)))
    verbs = [(verb, *body) for command in found for verb, body in command.items()]
    assert "element" not in {kind for _, kind in verbs}, "what goes with its set is not emptied"
    flushed = verbs.index(("flush", "chain"))
    assert flushed < verbs.index(("delete", "chain")) < verbs.index(("delete", "set"))
    assert found[flushed]["flush"]["chain"]["name"] == "forward", "the jumps go first"


def test_interfaces_are_elements_of_their_own_set() -> None:
    wanted = desired({}, {"eth1": 1, "eth2": 2})
    [found] = commands(planned(wanted, standing(desired({}, {"eth1": 1, "eth3": 3}))))
    gone, came = found
    assert gone == element("delete", f"i{INPUT.digest}", {"val": "eth3"})
    assert came["add"]["element"]["elem"][0]["elem"]["val"] == "eth2"


def test_a_wrong_structure_is_made_anew_in_one_transaction_with_all_members() -> None:
    broken = standing(ONE, chains={})
    [found] = commands(planned(ONE, broken))
    assert found[0] == {"delete": {"table": {"family": "inet", "name": "enforcer"}}}
    assert found[1] == {"add": {"table": {"family": "inet", "name": "enforcer"}}}
    values = [
        e["elem"]["val"] for c in found for e in c.get("add", {}).get("element", {}).get("elem", ())
    ]
    assert values == [1, HOST[0], {"range": [*RANGE]}]


def test_another_mark_alone_is_one_transaction() -> None:
    old = Owner("C0FFEE", 1)
    [[flushed, came]] = commands(planned(ONE, standing(ONE, owner=old)))
    assert flushed == {"flush": {"set": {**WHERE, "name": "owner_mark"}}}
    assert came["add"]["element"]["elem"][0]["elem"]["comment"] == "enforcer C0FFEE epoch 2"


def test_no_drift_no_plan() -> None:
    assert not planned(ONE, standing(ONE))


def many(count: int, size: int = 1) -> Desired:
    spans = {(512 * n, 512 * n + size - 1): 1 for n in range(count)}
    return Desired("r1", {SOURCE: members_of(spans)})


def test_many_members_are_written_in_pieces() -> None:
    plan = planned(many(2 * BATCH_ROWS + 1), standing(many(1)))
    assert [batch.size for batch in plan.batches] == [BATCH_ROWS, BATCH_ROWS]


def test_what_overlaps_is_never_parted() -> None:
    """A range that becomes narrower leaves and comes in one transaction."""
    for found in commands(planned(many(BATCH_ROWS, 128), standing(many(BATCH_ROWS, 256)))):
        moved = {v: {e["elem"]["val"]["range"][0] for c in found if v in c
                     for e in c[v]["element"]["elem"]} for v in ("delete", "add")}  # fmt: skip
        assert moved["delete"] == moved["add"]


def test_the_lines_of_a_plan_are_the_commands_that_nft_takes() -> None:
    plan = planned(desired({SOURCE: {HOST: 1}}), standing(ONE))
    [[command]] = commands(plan)
    assert [json.loads(line) for line in plan.native()] == [command]


def test_the_undo_takes_the_members_back() -> None:
    plan = planned(desired({SOURCE: {HOST: 9}}), standing(ONE))
    undone = [json.loads(line) for line in plan.undo()]
    assert undone == [
        element("delete", f"h{SOURCE.digest}", {"val": HOST[0]}),
        element("add", f"h{SOURCE.digest}", {"val": HOST[0], "comment": "0001-Y"}),
        element("add", f"r{SOURCE.digest}", {"val": {"range": [*RANGE]}, "comment": "0002-W"}),
    ]


def test_an_exception_leaves_its_own_chain_alone() -> None:
    rule = Rule(4, Key.SOURCE, exempt=(Exempt(9, 9, 6, (25, 25)), Exempt(5, 7)))
    made = structure([rule], ["forward"], counters=False)
    *returns, drop = map(json.loads, made.chains[f"c{rule.digest}"].lines)
    assert drop == [{"counter": None}, {"drop": None}]
    assert [line[-1] for line in returns] == [{"return": None}] * 4
    assert set(made.fixed.values()) == {frozenset({(9, 9)}), frozenset({(5, 7)})}


def test_ports_of_a_protocol_that_has_none_except_nothing() -> None:
    rule = Rule(6, Key.SOURCE, exempt=(Exempt(9, 9, 58, (25, 25)),))
    made = structure([rule], ["forward"], counters=False)
    assert len(made.chains[f"c{rule.digest}"].lines) == 1
    assert not made.fixed


def test_the_box_itself_keeps_its_neighbours() -> None:
    made = structure([SOURCE], ["forward", "input"], counters=True)
    assert "icmpv6" in made.chains["input"].lines[0]
    assert "icmpv6" not in made.chains["forward"].lines[0]


@pytest.mark.parametrize(
    ("said", "expected"), [(None, CAPACITY), (100, 100), (10 * CAPACITY, CAPACITY)]
)
def test_so_many_members_are_held_at_most(said: int | None, expected: int) -> None:
    assert driver(capacity=said).capability.capacity == expected
