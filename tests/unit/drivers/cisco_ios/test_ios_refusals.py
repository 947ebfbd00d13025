# SPDX-License-Identifier: GPL-2.0-or-later
"""What the IOS driver refuses to build on, and says instead of cutting, losing or claiming it."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from drivers._router.target import members
from drivers.cisco_ios.answers import pending_trial
from drivers.cisco_ios.bystanders import edited, shut_links
from drivers.cisco_ios.edits import RULE_LINES, Work, edits, no_filter
from drivers.cisco_ios.ground import Ground, Layout, ground
from drivers.cisco_ios.model import Ace, Filter, Period, Route
from drivers.cisco_ios.objects import periods
from drivers.cisco_ios.options import Options
from drivers.cisco_ios.parse import parse
from drivers.cisco_ios.planning import Held, Setup, findings
from drivers.cisco_ios.render import split
from drivers.cisco_ios.standing import Known
from drivers.cisco_ios.steps import Stage, Step
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.topology import Device, Interface, Neighbor
from enforcer.errors import ConfigurationInvalid, ParseFailed

EDGE, OFFICE, PEER = "GigabitEthernet0/1", "GigabitEthernet0/0", "192.0.2.2"
OWNER = Owner("C0FFEE", 1)
BLOCKED = Rule(4, Key.SOURCE)


def device(**options: str) -> Device:
    return Device(
        "edge1",
        "cisco_ios",
        interfaces=(Interface(EDGE, "acme"), Interface(OFFICE, "infrastructure", (), True)),
        neighbors=(Neighbor(ip_address(PEER), 64501, "acme"),),
        options=options,
    )


LAYOUT = Layout.of(device())


def bgp(*lines: str, also: str = "") -> str:
    body = "\n".join(f" {line}" for line in lines)
    return f"router bgp 64500\n neighbor {PEER} remote-as 64501\n{body}\n{also}end\n"


def refusal(text: str, direction: str = "in") -> str:
    return no_filter(Filter(4, PEER, direction, "ENF-0123456789ab-F"), parse("edge1", text))


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (("neighbor G prefix-list HIS in", f"neighbor {PEER} peer-group G"), "HIS in from its"),
        (("neighbor G distribute-list 7 in", f"neighbor {PEER} peer-group G"), "distribute-list 7"),
        ((f"neighbor {PEER} inherit peer-policy P",), "inherit peer-policy P"),
        ((f"neighbor {PEER} distribute-list 7 in",), "distribute-list 7 in"),
        ((f"neighbor {PEER} prefix-list HIS in",), "prefix-list HIS"),
    ],
)
@pytest.mark.parametrize("in_family", [False, True])
def test_a_filter_that_ours_would_replace_is_named(
    lines: tuple[str, ...], named: str, in_family: bool
) -> None:
    around = (" address-family ipv4", " exit-address-family")
    inner = (f" {line}" for line in (*lines, f"neighbor {PEER} activate"))
    some = (around[0].strip(), *inner, around[1].strip()) if in_family else lines
    assert named in refusal(bgp(*some))


def test_a_neighbor_that_nothing_filters_takes_ours() -> None:
    assert refusal(bgp("neighbor G prefix-list HIS out", f"neighbor {PEER} peer-group G")) == ""
    assert "outbound" in refusal(bgp(f"neighbor {PEER} peer-group G"), "out")
    assert refusal(bgp()) == ""


def test_a_neighbor_of_a_vrf_is_refused() -> None:
    text = bgp("address-family ipv4 vrf RED", f" neighbor {PEER} remote-as 64501")
    assert "VRF RED" in refusal(text)


@pytest.mark.parametrize(
    ("below", "named"),
    [
        (f"interface {EDGE}.100\n encapsulation dot1Q 100\n", f"sub-interface of {EDGE}"),
        (f"interface {EDGE}\n channel-group 3 mode active\n", "Port-channel3"),
        (f"interface {EDGE}\n switchport mode access\n", "layer-2"),
        (f"interface {EDGE}\n service instance 10 ethernet\n", "layer-2"),
    ],
)
def test_packets_that_pass_our_lists_by_are_a_finding(below: str, named: str) -> None:
    setup = Setup(OWNER, LAYOUT, Known())
    box = parse("edge1", f"interface {EDGE}\n no switchport\n{below}end\n")
    rows = members(Ranges.of([(1, 1)]))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    actual = Actual("edge1", now, OWNER, {BLOCKED: rows}, {}, Held(box), token="", hold=False)
    found = findings(setup, Desired("edge1", {BLOCKED: rows}), actual)
    assert any(named in finding.detail for finding in found)
    assert not ground(LAYOUT, parse("edge1", f"interface {EDGE}\n no switchport\nend\n")).obstacles


@pytest.mark.parametrize(
    "use",
    [
        "route-map PBR permit 10\n match ip address OTHER EDGE",
        "ip http access-class ipv4 EDGE",
        "ntp access-group serve EDGE",
        "snmp-server community public RO EDGE",
        f"interface {OFFICE}\n ip multicast boundary EDGE",
        f"interface {OFFICE}\n ip access-group EDGE in",
    ],
)
def test_a_list_with_another_use_takes_no_line_of_ours(use: str) -> None:
    list_of_his = "ip access-list extended EDGE\n 10 permit ip any any\n"
    bound = f"interface {EDGE}\n ip access-group EDGE in\n"
    assert (4, "EDGE") in ground(LAYOUT, parse("edge1", f"{bound}{list_of_his}{use}\nend\n")).unfit
    assert not ground(LAYOUT, parse("edge1", f"{bound}{list_of_his}end\n")).unfit


def test_an_entry_that_is_not_applied_is_told() -> None:
    line = "deny ip object-group ENF-0123456789ab-M0 any"
    shown = f"Extended IP access list X\n    10 {line} (inactive)\n"
    assert parse("edge1", "end\n", shown).inactive == {line}
    ended = shown.replace(" (in", " time-range ENF-T30000000 (in")
    assert not parse("edge1", "end\n", ended).inactive


def test_the_zone_is_taken_out_of_an_end_again() -> None:
    (step,) = periods(60, [Period("ENF-T30000000", 30_000_000)], [])
    text = f"time-range ENF-T30000000\n {step.line}\nclock timezone CET 1 0\nend\n"
    assert parse("edge1", text).periods == {"ENF-T30000000": 30_000_000}


@pytest.mark.parametrize("leak", ["redistribute static", "redistribute static subnets"])
def test_no_discard_route_where_it_would_be_told_to_others(leak: str) -> None:
    route = Route(4, "198.51.100.0/24", Options().tag, "ENF-0123456789ab-R")
    for text, blocked in ((leak, True), (f"{leak} route-map NO-TAGS", False)):
        box = parse("edge1", f"router ospf 1\n {text}\nend\n")
        work = Work(box, LAYOUT, Ground(), frozenset({route}), frozenset())
        assert (route in edits(work).blocked) is blocked


def test_a_static_route_inside_of_ours_leaves_it_to_the_list() -> None:
    rule = Rule(4, Key.DESTINATION)
    rows = Ranges.of([(int(ip_address("198.51.100.0")), int(ip_address("198.51.100.255")))])
    routing = Layout.of(Device("edge1", "cisco_ios", mechanism="rtbh"))
    for static, held in (("198.51.100.128/25", True), ("198.51.0.0/16", False)):
        _, rest = split({rule: rows}, routing, Ground(taken=frozenset({(4, static)})))
        assert (rule in rest) is held


def test_a_rule_of_too_many_lines_is_refused() -> None:
    aces = frozenset(Ace(6, "E", f"deny ipv6 host {n:x}:: any", "d") for n in range(RULE_LINES + 1))
    work = Work(parse("edge1", "end\n"), LAYOUT, Ground(), aces, frozenset())
    assert edits(work).blocked.keys() == aces


def test_the_timer_outlasts_the_proof() -> None:
    with pytest.raises(ConfigurationInvalid, match="hold_time"):
        Options.of(device(confirm="250", hold_time="180"))
    assert Options.of(device(confirm="300", hold_time="180")).minutes == 5
    assert Options.of(device()).tag != 666, "many networks blackhole whatever bears that tag"


def test_a_pending_trial_is_understood() -> None:
    said = "Time configured(or reconfigured): 22:50:48 UTC Mon Mar 21 2026\nTimer type: absolute"
    shown = f"{said} timer\nTimer value: 2 min\nUser: ann\n"
    assert pending_trial("edge1", shown) == "2 min, armed by ann"
    assert pending_trial("edge1", "%No Rollback Confirmed Change pending") == ""
    with pytest.raises(ParseFailed):
        pending_trial("edge1", said)


def test_edits_of_others_stand_with_their_section() -> None:
    before = "! Last change at 1\ninterface A\n mtu 1500\nend\n"
    after = "! Last change at 2\ninterface A\n mtu 9000\nend\n"
    assert edited(before, after) == ("+ interface A / mtu 9000", "- interface A / mtu 1500")


def test_links_of_interfaces_that_are_shut() -> None:
    text = f"interface {EDGE}\n ip address 192.0.2.1 255.255.255.252\nend\n"
    shut = Step(Stage.SHUT, (f"interface {EDGE}",), "shutdown")
    ports = parse("edge1", text).ports
    assert (shut_links(ports, ()), shut_links(ports, [shut])) == ((), ("192.0.2.0/30",))
