# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands in the way on a box with IOS-XR is a finding in words, and nothing is claimed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from drivers._router.known import KnownRules
from drivers._router.spared import links_of, spared
from drivers._router.target import members
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.options import Options
from drivers.cisco_xr.parse import box
from drivers.cisco_xr.parse_bgp import established_in_vrfs
from drivers.cisco_xr.parse_commit import pending
from drivers.cisco_xr.planning import Work
from drivers.cisco_xr.reading import actual_of
from drivers.cisco_xr.setup import setup_of
from enforcer.control.holdable import Holdable
from enforcer.control.writing import compared
from enforcer.core.capability import barred_reason
from enforcer.core.intervals import ends_of, rows_of
from enforcer.core.plan import Plan
from enforcer.core.rules import NO_END, Actual, Desired, InterfaceMember, Key, Owner, Rule, Service
from enforcer.core.topology import Device, Interface
from enforcer.errors import ParseFailed
from tests.unit.core.properties import members as rows_with_orders

EDGE, OTHER = "GigabitEthernet0/0/0/1", "GigabitEthernet0/0/0/2"
OURS = Owner("C0FFEE", 3)
DEVICE = Device(
    "edge1",
    "cisco_xr",
    transport={"host": "192.0.2.254", "username": "enforcer"},
    credentials="env:ROUTER",
    interfaces=(Interface(EDGE, "hosting"),),
)
ROUTED = replace(DEVICE, mechanism="rtbh")
SOURCE, DESTINATION = Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION)
PORT = f"interface {EDGE}\n ipv4 address 192.0.2.129 255.255.255.252\n!\n"


class NoCredentials:
    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)


def wanted(rules: Mapping[Rule, tuple[str, ...]]) -> Desired:
    rows = {r: members(rows_of(ip_network(t) for t in texts)) for r, texts in rules.items()}
    return Desired("edge1", rows, mark=OURS)


def read(device: Device, text: str, desired: Desired) -> Actual:
    known = KnownRules()
    known.learn_desired(desired)
    setup = setup_of(device, OURS, Options.of(device))
    read_at = datetime(2026, 11, 21, tzinfo=UTC)
    return actual_of("edge1", setup, box("edge1", text), known, read_at)


def judged(device: Device, text: str, desired: Desired) -> tuple[dict[str, str], Plan]:
    """(findings by what they are about, the plan)."""
    driver = CiscoXrDriver.from_device(device, NoCredentials(), OURS)
    actual = read(device, text, desired)
    drift = compared(driver, desired, actual)
    told = {finding.what: finding.detail for finding in drift.findings}
    return told, driver.plan(desired, drift, actual)


def refused(plan: Plan) -> str:
    found: list[str] = []
    for batch in plan.batches:
        assert isinstance(batch.payload, Work)
        found += batch.payload.refused
    return "; ".join(found)


BLOCK = wanted({SOURCE: ("198.51.100.7/32",)})


def test_a_permit_in_a_list_that_is_judged_first_is_told() -> None:
    text = (
        "ipv4 access-list COMMON\n 10 permit tcp any any\n!\n"
        "ipv4 access-list EDGE\n 1000 permit ipv4 any any\n!\n"
        f"interface {EDGE}\n ipv4 access-group common COMMON EDGE ingress\n!\n"
    )
    told, plan = judged(DEVICE, text, BLOCK)
    what = f"ipv4 access-group common COMMON ingress on interface {EDGE}"
    assert "judged first and has a permit" in told[what]
    assert "judged first and has a permit" in refused(plan)
    told, plan = judged(DEVICE, text.replace("permit tcp", "deny tcp"), BLOCK)
    assert what not in told and not refused(plan)
    assert "ipv4 access-list EDGE" in list(plan.native())


def test_a_common_list_alone_is_not_overwritten() -> None:
    text = (
        "ipv4 access-list COMMON\n 10 deny tcp any any\n!\n"
        f"interface {EDGE}\n ipv4 access-group common COMMON ingress\n!\n"
    )
    told, plan = judged(DEVICE, text, BLOCK)
    assert any("only list there" in detail for detail in told.values())
    lines = [line.strip() for line in plan.native()]
    assert "ipv4 access-group ENF-V4 egress" in lines
    assert "ipv4 access-group ENF-V4 ingress" not in lines


def test_interfaces_that_take_no_list_are_named_with_what_to_name_instead() -> None:
    text = (
        f"{PORT}interface {EDGE}.30 l2transport\n encapsulation dot1q 30\n!\n"
        f"interface {OTHER}\n bundle id 7 mode active\n!\n"
    )
    device = replace(DEVICE, interfaces=(*DEVICE.interfaces, Interface(OTHER, "hosting")))
    told, plan = judged(device, text, BLOCK)
    assert "Bundle-Ether7" in told[f"interface {OTHER}"]
    assert "l2transport" in told[f"interface {EDGE}.30"]
    assert "Bundle-Ether7" in refused(plan)
    assert not any(OTHER in line or ".30" in line for line in plan.native())


def test_a_list_that_is_full_is_a_finding_and_the_others_are_written() -> None:
    text = (
        "ipv4 access-list FULL\n 1 permit ipv4 any any\n!\n"
        f"interface {EDGE}\n ipv4 access-group FULL ingress\n!\n"
    )
    told, plan = judged(DEVICE, text, BLOCK)
    assert "resequence access-list ipv4 FULL 1000 10" in told["ipv4 access-list FULL"]
    assert "resequence access-list ipv4 FULL 1000 10" in refused(plan)
    lines = [line.strip() for line in plan.native()]
    assert "ipv4 access-group ENF-V4 egress" in lines
    assert "ipv4 access-list FULL" not in lines
    assert not any(line.startswith("0 ") for line in lines)


def test_a_line_of_ours_below_a_permit_stays_where_no_number_is_free() -> None:
    first = (
        "ipv4 access-list FULL\n 9 deny udp any any\n 1000 permit ipv4 any any\n!\n"
        f"interface {EDGE}\n ipv4 access-group FULL ingress\n!\n"
    )
    _, plan = judged(DEVICE, first, BLOCK)
    line = next(x.strip() for x in plan.native() if x.strip().startswith("1 deny"))
    group = line.split()[4]
    there = (
        f"object-group network ipv4 {group}\n host 127.255.255.254\n host 198.51.100.7\n!\n"
        f"ipv4 access-list FULL\n 1 permit tcp any any\n 5 {line[2:]}\n!\n"
        f"interface {EDGE}\n ipv4 access-group FULL ingress\n!\n"
    )
    told, plan = judged(DEVICE, there, BLOCK)
    assert any("no free sequence number" in detail for detail in told.values())
    assert not any("deny" in x and x.strip()[0] in "05" for x in plan.native())


@pytest.mark.parametrize(
    "place",
    [
        "router ospf 1\n redistribute static\n!\n",
        "router isis CORE\n address-family ipv4 unicast\n  redistribute static level-2\n !\n!\n",
        "router bgp 64500\n address-family ipv4 unicast\n  redistribute static metric 5\n !\n!\n",
    ],
)
def test_no_discard_route_is_made_where_all_static_routes_are_redistributed(place: str) -> None:
    desired = wanted({DESTINATION: ("198.51.100.7/32",)})
    told, plan = judged(ROUTED, PORT + place, desired)
    assert "redistributes every static route" in told["router static ipv4"]
    assert "redistributes every static route" in refused(plan)
    assert not any("Null0" in line for line in plan.native())
    policed = place.replace("redistribute static", "redistribute static route-policy TAGGED")
    told, plan = judged(ROUTED, PORT + policed, desired)
    assert "router static ipv4" not in told
    assert any("Null0" in line for line in plan.native())


def test_redistribution_in_a_vrf_does_not_matter() -> None:
    text = "router ospf 1\n vrf CUST\n  redistribute static\n !\n!\n"
    told, _ = judged(ROUTED, PORT + text, wanted({DESTINATION: ("198.51.100.7/32",)}))
    assert "router static ipv4" not in told


def test_his_route_comes_to_stand_where_ours_is_and_ours_makes_way() -> None:
    desired = wanted({DESTINATION: ("203.0.113.0/24",)})
    text = PORT + (
        "router static\n address-family ipv4 unicast\n  203.0.113.0/24 192.0.2.2\n"
        "  203.0.113.0/24 Null0 tag 4276993775 description ENF-RTBH\n !\n!\n"
    )
    _, plan = judged(ROUTED, text, desired)
    lines = [line.strip() for line in plan.native()]
    assert "no 203.0.113.0/24 Null0" in lines
    assert "ipv4 access-group ENF-V4 egress" in lines
    assert not any("192.0.2.2" in line for line in lines)


def test_a_static_prefix_that_is_not_understood_is_a_failure() -> None:
    text = "router static\n address-family ipv4 unicast\n  198.51.100.999/24 Null0\n !\n!\n"
    with pytest.raises(ParseFailed, match=r"198\.51\.100\.999"):
        box("edge1", text)


def test_link_local_members_beside_a_list_of_the_operators_are_refused() -> None:
    text = (
        "ipv6 access-list EDGE6\n 1000 permit ipv6 any any\n!\n"
        f"interface {EDGE}\n ipv6 access-group EDGE6 ingress\n!\n"
    )
    desired = wanted({Rule(6, Key.SOURCE): ("fe80::/10", "2001:db8:bad::7/128")})
    told, plan = judged(DEVICE, text, desired)
    assert any("neighbor discovery" in detail for detail in told.values())
    assert "neighbor discovery" in refused(plan)
    desired = wanted({Rule(6, Key.SOURCE, Service(58)): ("2001:db8:1::/64",)})
    told, plan = judged(DEVICE, text, desired)
    assert not any("neighbor discovery" in detail for detail in told.values())
    edge = [x for x in plan.native() if "deny icmpv6" in x]
    assert any(" net-group" in x.partition("-M0")[2] for x in edge)


def test_an_order_about_link_local_addresses_is_unsupported_and_no_other() -> None:
    driver = CiscoXrDriver.from_device(DEVICE, NoCredentials(), OURS)
    rule, end = Rule(6, Key.SOURCE), NO_END
    linked, fine = ip_network("fe80::/10"), ip_network("2001:db8:bad::7/128")
    rows = [(*ends_of(fine), end, 2), (*ends_of(linked), end, 1)]
    holdable = Holdable(DEVICE, driver.capability)
    kept = holdable.part(Desired("edge1", {rule: rows_with_orders(rows)}))
    assert holdable.unsupported_orders == {1}
    assert [row[:2] for row in kept.addresses[rule].rows()] == [ends_of(fine)]
    assert "neighbor discovery" in barred_reason(rule, DEVICE, driver.capability)
    text = (
        "ipv6 access-list EDGE6\n 1000 permit ipv6 any any\n!\n"
        f"interface {EDGE}\n ipv6 access-group EDGE6 ingress\n!\n"
    )
    told, plan = judged(DEVICE, text, replace(kept, mark=OURS))
    assert not any("neighbor discovery" in detail for detail in told.values())
    assert refused(plan) == ""


def test_the_parent_of_a_management_interface_is_never_shut() -> None:
    device = replace(
        DEVICE,
        interfaces=(*DEVICE.interfaces, Interface(f"{EDGE}.10", "", (), management=True)),
    )
    rows = {Rule(0, Key.INTERFACE): (InterfaceMember(EDGE, NO_END, 1),)}
    told, plan = judged(device, PORT, Desired("edge1", interfaces=rows, mark=OURS))
    assert "carries management" in told[f"shutdown of interface {EDGE}"]
    assert not any("shutdown" in line for line in plan.native())


def test_adjacencies_on_links_that_go_down_are_spared_and_no_others() -> None:
    links = {
        EDGE: ("192.0.2.128/30",),
        f"{EDGE}.10": ("2001:db8:1::/64",),
        f"{EDGE}0": ("10.0.0.0/8",),
    }
    gone = links_of([EDGE], links)
    assert gone == ("192.0.2.128/30", "2001:db8:1::/64")
    assert spared("192.0.2.130", gone) and spared("2001:db8:1::2", gone)
    assert not spared("10.1.0.2", gone) and not spared("192.0.2.133", gone)


# -- commits that wait, and neighbors in VRFs ------------------------------------------------

SESSIONS = """\
  1) Session: 00001000-00003595-00000000  Mon Sep 21 00:58:15 2026
     Line: vty0                           Lock: None
     User: ann                            Client: CLI
     Process: config                      PID: 13717
     Node:                                Elapsed Time: 5 sec.
"""
TRIAL = SESSIONS.replace("1)", "2)").replace("ann ", "ben ").replace("CLI", "commit-confirm")


def test_whose_commit_waits_for_its_confirmation() -> None:
    assert pending("edge1", "") == pending("edge1", "\n") == pending("edge1", SESSIONS) == ""
    assert pending("edge1", "No configuration sessions\n") == ""
    assert pending("edge1", f"{SESSIONS}\n{TRIAL}") == "ben"


@pytest.mark.parametrize("text", ["gibberish", SESSIONS[:120], f"{SESSIONS}\n{TRIAL[:90]}"])
def test_a_table_of_sessions_that_was_cut_is_no_answer(text: str) -> None:
    with pytest.raises(ParseFailed, match="configuration sessions"):
        pending("edge1", text)


VRFS = """\
VRF: CUST
---------
BGP VRF CUST, state: Active
BGP router identifier 10.0.0.1, local AS number 64500

Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd
10.9.0.2          0 65001     100     100       12    0    0 01:00:00         12
10.9.0.6          0 65002     100     100       12    0    0 00:00:10 Idle

VRF: VOICE
----------
Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd
10.9.0.2          0 65001     100     100       12    0    0 01:00:00          0
"""


def test_neighbors_in_vrfs_that_are_up() -> None:
    assert established_in_vrfs(VRFS) == {("CUST", "10.9.0.2"), ("VOICE", "10.9.0.2")}
    assert established_in_vrfs("% Invalid input detected at '^' marker.") == frozenset()
