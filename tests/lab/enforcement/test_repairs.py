# SPDX-License-Identifier: GPL-2.0-or-later
"""Whoever tampers with a router: the rules come back, and the audit trail says who it was."""

import json
import time
from collections.abc import Callable
from functools import partial
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress, SuspendCustomer
from lab.isp import CUST1, CUST2, THIRD, VICTIM
from lab.probes import Stream, Verdict, ping, udp
from lab.shell import wait_until
from tests.lab.conftest import LabView
from tests.lab.enforcement.conftest import Measured
from tests.lab.enforcement.crossings import crossing, passed, stopped
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.kinds import ESSENTIALS

pytestmark = pytest.mark.root

RATE = 400.0
WINDOW = 0.3
HOST = CUST1.more4[0]
FOREIGN = """
table inet operator {
  comment "not ours"
  set friends { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 } }
  chain guard {
    type filter hook forward priority 10; policy accept;
    ip saddr @friends counter name "seen" accept comment "by hand"
  }
  counter seen { packets 7 bytes 700 }
}
"""


def ours(lab: LabView, router: str) -> list[dict[str, dict[str, object]]]:
    """Our table on a router, as nft shows it."""
    listed = lab.run(router, "nft", "-j", "list", "table", "inet", "enforcer").stdout
    found: list[dict[str, dict[str, object]]] = json.loads(listed)["nftables"]
    return found


def one_rule(lab: LabView) -> tuple[object, object]:
    """Chain and handle of the first rule of ours that drops."""
    for row in ours(lab, "edge1"):
        rule = row.get("rule")
        if rule and "drop" in json.dumps(rule["expr"]):
            return rule["chain"], rule["handle"]
    raise AssertionError("no rule of ours drops anything")


def flush_table(lab: LabView) -> str:
    return "flush table inet enforcer"


def flush_ruleset(lab: LabView) -> str:
    return "flush ruleset"


def delete_table(lab: LabView) -> str:
    return "delete table inet enforcer"


def delete_a_rule(lab: LabView) -> str:
    chain, handle = one_rule(lab)
    return f"delete rule inet enforcer {chain} handle {handle}"


def delete_an_element(lab: LabView) -> str:
    """The element of the source set that holds the blocked host."""
    for row in ours(lab, "edge1"):
        held = row.get("set")
        if held and HOST in json.dumps(held.get("elem", "")):
            return f"delete element inet enforcer {held['name']} {{ {HOST} }}"
    raise AssertionError(f"no set of ours holds {HOST}")


def flush_a_set(lab: LabView) -> str:
    for row in ours(lab, "edge1"):
        held = row.get("set")
        if held and HOST in json.dumps(held.get("elem", "")):
            return f"flush set inet enforcer {held['name']}"
    raise AssertionError(f"no set of ours holds {HOST}")


def insert_an_accept(lab: LabView) -> str:
    chain, _ = one_rule(lab)
    return f"insert rule inet enforcer {chain} ip saddr {HOST} accept"


def add_a_drop(lab: LabView) -> str:
    """Blocks somebody whom no order blocks."""
    chain, _ = one_rule(lab)
    return f"add rule inet enforcer {chain} ip saddr {CUST1.v4} drop"


TAMPERINGS = (
    flush_table,
    flush_ruleset,
    delete_table,
    delete_a_rule,
    delete_an_element,
    flush_a_set,
    insert_an_accept,
    add_a_drop,
)


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.__name__)
def test_tampering_is_undone_and_recorded(
    desk: Desk, lab: LabView, measured: Measured, tampering: Callable[[LabView], str]
) -> None:
    desk.place(BlockAddress(ip_network(HOST)))
    command, head = tampering(lab), desk.head()
    mark = desk.controller.log.mark()
    with (
        Stream("cust1", "victim", udp(HOST, VICTIM.v4, 9), rate=RATE) as cut,
        Stream("cust1", "victim", udp(CUST1.more4[1], VICTIM.v4, 9), rate=RATE) as other,
    ):
        before = cut.run_for(WINDOW)
        began = time.monotonic()
        lab.nft("edge1", command)
        said = desk.controller.log.await_repair("edge1", mark)
        after = cut.run_for(WINDOW)
    flow = cut.flow()
    assert flow.window(*before).verdict is Verdict.BLOCKED
    assert flow.window(*after).verdict is Verdict.BLOCKED
    assert other.flow().window().verdict is Verdict.PASSED
    leaked = flow.window(began, after[1]).last_passed
    measured(f"nft {command.partition(' handle')[0]}: repaired", leaked and leaked - began)
    assert any("nft" in writer for writer in desk.writers("edge1", head)), said
    assert stopped(crossing("cust1", "victim", udp(CUST1.v4, VICTIM.v4, 9))) == []
    assert desk.in_step()


def test_a_foreign_table_is_never_touched(desk: Desk, lab: LabView) -> None:
    """Not by orders, not by repairs: not one handle of it changes."""
    lab.nft("edge1", FOREIGN)
    listed = partial(lab.run, "edge1", "nft", "-a", "list", "table", "inet", "operator")
    before = listed().stdout
    assert "by hand" in before
    try:
        order = desk.place(BlockAddress(ip_network(HOST)))
        lab.nft("edge1", "delete table inet enforcer")
        crossed = crossing("cust1", "victim", udp(HOST, VICTIM.v4, 9))
        blocked = partial(lambda: not passed(crossed))
        wait_until(blocked, "the order stands again", timeout=20)
        lab.nft("edge1", "add element inet operator friends { 198.51.100.11 }")
        assert passed(crossed) == [], "an accept in a table of the operator's frees nobody"
        lab.nft("edge1", "delete element inet operator friends { 198.51.100.11 }")
        desk.lift(order)
        assert desk.in_step()
        assert without_counts(listed().stdout) == without_counts(before)
    finally:
        lab.nft("edge1", "delete table inet operator")


def without_counts(listing: str) -> list[str]:
    return [line for line in listing.splitlines() if "packets" not in line]


def test_the_operators_own_changes_are_not_drift(desk: Desk, lab: LabView) -> None:
    desk.place(BlockAddress(ip_network(HOST)))
    head = desk.head()
    lab.nft("edge1", FOREIGN)
    lab.nft("edge1", "flush chain inet operator guard", "delete table inet operator")
    assert desk.full_pass("edge1") == "clean"
    assert desk.intents("edge1", head) == []


def test_a_rebooted_router_gets_its_rules_back(
    desk: Desk, lab: LabView, measured: Measured
) -> None:
    desk.place(BlockAddress(ip_network(HOST)))
    desk.place(SuspendCustomer("cust2", ESSENTIALS, by="interface"))
    before = lab.netns("edge1").stat().st_ino
    lab.reboot("edge1")
    assert lab.netns("edge1").stat().st_ino != before
    with (
        Stream("cust1", "victim", udp(HOST, VICTIM.v4, 9), rate=RATE) as cut,
        Stream("cust1", "victim", udp(CUST1.v4, VICTIM.v4, 9), rate=RATE) as other,
    ):
        other.await_last(arrives=True, timeout=30)
        cut.await_last(arrives=False, timeout=30)
        wait_until(desk.in_step, "the rebooted router holds everything", timeout=30)
        after = cut.run_for(WINDOW)
    assert other.flow().window(*after).verdict is Verdict.PASSED
    assert cut.flow().window(*after).verdict is Verdict.BLOCKED
    leaked, back = cut.flow().window(end=after[1]).last_passed, other.flow().passes_after(0.0)
    measured(
        "reboot of edge1: path back to last packet let through",
        leaked and back and max(leaked - back, 0.0),
    )
    spoofed = crossing("cust2", "victim", udp(CUST1.v4, VICTIM.v4, 9))
    assert passed(spoofed, crossing("cust2", "victim", udp(CUST2.v6, VICTIM.v6, 9))) == []
    paths = [partial(ping, "cust1", VICTIM.v4), partial(ping, "cust1", VICTIM.v6)]
    wait_until(lambda: all(path() for path in paths), "the path is back", timeout=30)


def test_tampering_on_the_border_is_undone_too(desk: Desk, lab: LabView) -> None:
    desk.place(BlockAddress(ip_network(THIRD.v4)))
    head, mark = desk.head(), desk.controller.log.mark()
    lab.nft("core1", "flush ruleset")
    desk.controller.log.await_repair("core1", mark)
    assert passed(crossing("third", "cust1", udp(THIRD.v4, CUST1.v4, 9))) == []
    assert desk.writers("core1", head)
    assert desk.intents("edge1", head) == []
