# SPDX-License-Identifier: GPL-2.0-or-later
"""What packets and routes meet on an EMULATED IOS-XR router that the driver wrote to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from drivers._router.known import KnownRules
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.options import Options
from drivers.cisco_xr.parse import box
from drivers.cisco_xr.reading import actual_of
from drivers.cisco_xr.render import ND_SAFE
from drivers.cisco_xr.setup import setup_of
from enforcer.control.writing import compared
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.orders import in_force
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Members, Rule
from enforcer.core.topology import Device, Neighbor
from enforcer.driver_api import CountingSession
from lab.emulators.cisco_xr import Router
from lab.emulators.packets import Packet
from lab.emulators.server import Serving
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, due
from tests.contract.xr_subject import (
    BASE,
    HOSTING,
    SECOND,
    UPSTREAM,
    XrSubject,
    device_at,
    driver_at,
)
from tests.integration.xr_router import router_served
from tests.oracle import Packet as Asked
from tests.oracle import rules_drop
from tests.strategies import NOW, Case, cases

pytestmark = pytest.mark.emulated
PEER = "10.1.0.2"


@pytest.fixture
def subject() -> Iterator[XrSubject]:
    with router_served() as found:
        yield found


def members(*texts: str) -> Members:
    rows = rows_of(ip_network(text) for text in texts)
    size = len(rows)
    return Members(rows.first, rows.last, np.full(size, NO_END), np.full(size, 1))


def driver_for(subject: XrSubject, **changed: Any) -> CiscoXrDriver:
    subject.device = replace(subject.device, **changed)
    return driver_at(subject.device, OURS)


def packet(source: str, destination: str) -> Packet:
    return Packet(ip_address(source), ip_address(destination), 17, 1000, 1000)


def passes(subject: XrSubject, source: str, destination: str, interface: str = HOSTING) -> bool:
    return subject.router.would_pass(packet(source, destination), interface, "in")


def test_a_discard_route_drops_what_goes_there(subject: XrSubject) -> None:
    before = subject.router.running()
    driver = driver_for(subject, mechanism="rtbh")
    converge(driver, Desired(NAME, {Rule(4, Key.DESTINATION): members("198.51.100.7/32")}))
    assert "access-list ENF" not in subject.router.running()
    assert not passes(subject, "192.0.2.1", "198.51.100.7")
    assert passes(subject, "198.51.100.7", "192.0.2.1"), "without uRPF it is one way"
    converge(driver, NOTHING)
    assert "ENF-RTBH" not in subject.router.running() and "router static" not in before
    assert "router static" not in subject.router.running()


def test_with_loose_urpf_only_what_is_wanted_both_ways_is_a_route(subject: XrSubject) -> None:
    for interface in (HOSTING, SECOND, UPSTREAM):
        line = "ipv4 verify unicast source reachable-via any"
        subject.by_hand(f"interface {interface}", line)
    driver = driver_for(subject, mechanism="rtbh", urpf="loose")
    both, there = "198.51.100.7", "198.51.100.9"
    wanted = Desired(
        NAME,
        {
            Rule(4, Key.DESTINATION): members(f"{both}/32", f"{there}/32"),
            Rule(4, Key.SOURCE): members(f"{both}/32"),
        },
    )
    converge(driver, wanted)
    assert not passes(subject, "192.0.2.1", both) and not passes(subject, both, "192.0.2.1")
    assert not passes(subject, "192.0.2.1", there)
    assert passes(subject, there, "192.0.2.1"), "never block what is not ordered"


@pytest.mark.parametrize("key", [Key.RECEIVED, Key.ANNOUNCED])
def test_a_prefix_filter_drops_its_prefixes_and_lets_the_operators_policy_judge_the_rest(
    subject: XrSubject, key: Key
) -> None:
    before = subject.router.running()
    driver = driver_for(subject, neighbors=(Neighbor(ip_address(PEER), 64501),))
    rule = Rule(4, key, neighbor=PEER)
    converge(driver, Desired(NAME, {rule: members("203.0.113.0/24")}))
    direction: Literal["in", "out"] = "in" if key is Key.RECEIVED else "out"
    assert not subject.router.would_accept("203.0.113.0/24", PEER, direction)
    assert not subject.router.would_accept("203.0.113.128/25", PEER, direction)
    assert subject.router.would_accept("198.51.100.0/24", PEER, direction)
    converge(driver, Desired(NAME, {rule: members("198.51.100.0/24")}))
    assert subject.router.would_accept("203.0.113.0/24", PEER, direction)
    converge(driver, NOTHING)
    assert _unmarked(subject.router.running()) == _unmarked(before)


@pytest.mark.parametrize(("key", "way"), [(Key.RECEIVED, "in"), (Key.ANNOUNCED, "out")])
def test_a_neighbor_is_asked_for_its_routes_again_and_a_refusal_undoes_nothing(
    subject: XrSubject, key: Key, way: str
) -> None:
    driver = driver_for(subject, neighbors=(Neighbor(ip_address(PEER), 64501),))
    command = rf"^clear bgp ipv4 unicast {PEER} soft {way}$"
    subject.router.faults.refuse(command, "% This command is not authorized")
    rule = Rule(4, key, neighbor=PEER)
    for prefix in ("203.0.113.0/24", "198.51.100.0/24"):
        asked = subject.router.faults.fired["refuse"]
        converge(driver, Desired(NAME, {rule: members(prefix)}))
        assert subject.router.faults.fired["refuse"] > asked
        direction: Literal["in", "out"] = "in" if way == "in" else "out"
        assert not subject.router.would_accept(prefix, PEER, direction)


def test_an_interface_is_shut_and_brought_up_again_unless_it_was_down(subject: XrSubject) -> None:
    subject.by_hand(f"interface {SECOND}", "shutdown")
    before = subject.router.running()
    driver = driver_for(subject)
    some = tuple(InterfaceMember(name, NO_END, 1) for name in (HOSTING, SECOND))
    converge(driver, Desired(NAME, interfaces={Rule(0, Key.INTERFACE): some}))
    assert not passes(subject, "192.0.2.1", "198.51.100.7")
    converge(driver, NOTHING)
    assert passes(subject, "192.0.2.1", "198.51.100.7")
    assert _unmarked(subject.router.running()) == _unmarked(before)


def test_an_interface_that_carries_management_is_never_shut(subject: XrSubject) -> None:
    driver = driver_for(subject)
    management = InterfaceMember("MgmtEth0/RP0/CPU0/0", NO_END, 1)
    wanted = Desired(NAME, interfaces={Rule(0, Key.INTERFACE): (management,)})
    with driver.connect() as session:
        actual = session.read_state()
        drift = compared(driver, wanted, actual)
        assert any("carries management" in finding.detail for finding in drift.findings)
        for batch in driver.plan(wanted, drift, actual).batches:
            session.stage(batch).confirm()
        assert compared(driver, wanted, session.read_state()).findings, "and that stays to be said"
    assert "shutdown" not in subject.router.running()


def _unmarked(running: str) -> str:
    """Without our mark, which stays."""
    head, _, rest = running.partition("object-group network ipv4 ENF-OWNER\n")
    return head + rest.partition("!\n")[2] if rest else running


# -- counters and diagnosis ------------------------------------------------------------------


def test_what_a_line_matched_is_counted_for_its_rule(subject: XrSubject) -> None:
    driver = driver_for(subject)
    wanted = due(subject, EVERYTHING[:2])
    converge(driver, wanted)
    subject.router.hit(packet("198.51.100.7", "192.0.2.1"), HOSTING, "in", 5)
    subject.router.hit(packet("198.51.100.7", "192.0.2.1"), SECOND, "in", 2)
    with driver.connect() as session:
        assert isinstance(session, CountingSession)
        asked = {rule: Ranges(m.first, m.last) for rule, m in wanted.addresses.items()}
        found = session.counters(asked)
    counted = {rule.key: number for rule, number in found.items()}
    assert counted[Key.SOURCE].packets == 7 and counted[Key.SOURCE].shared
    assert counted[Key.DESTINATION].packets == 0


def checks(driver: CiscoXrDriver) -> dict[str, bool]:
    return {one.check: one.ok for one in driver.diagnose()}


def test_a_diagnosis_names_what_is_wrong(subject: XrSubject) -> None:
    assert all(checks(driver_for(subject)).values())
    subject.put_hold(True)
    assert not checks(driver_for(subject))["marker"]
    subject.by_hand("interface MgmtEth0/RP0/CPU0/0", "ipv4 access-group CUSTOMER ingress")
    assert not checks(driver_for(subject))["lists"]
    subject.by_hand("interface MgmtEth0/RP0/CPU0/0", "no ipv4 access-group CUSTOMER ingress")
    subject.by_hand("ipv4 access-list CUSTOMER", "10 permit ipv4 any any")
    assert not checks(driver_for(subject))["sequence numbers"]
    changed = {"mechanism": "rtbh", "urpf": "loose"}
    assert not checks(driver_for(subject, **changed))["loose uRPF"]
    stranger = (Neighbor(ip_address("192.0.2.9")),)
    assert not checks(driver_for(subject, neighbors=stranger))["neighbors"]
    renamed = tuple(replace(i, name=f"{i.name}9") for i in subject.device.interfaces)
    assert not checks(driver_for(subject, interfaces=renamed))["interfaces"]
    subject.router.faults.refuse("running-config", "% This command is not authorized")
    assert not checks(driver_for(subject))["privileges"]
    subject.router.faults.unreachable_while(lambda: True)
    assert checks(driver_for(subject)) == {"reachable": False}


# -- random orders ---------------------------------------------------------------------------


def unserved() -> Device:
    return device_at(Serving("192.0.2.254", 22, "", ""))


def applied(driver: CiscoXrDriver, router: Router, wanted: Desired, device: Device) -> None:
    """A plan's own commands, by hand, in one commit."""
    setup = setup_of(device, OURS, Options.of(device))
    known = KnownRules()
    known.learn(wanted.rules())
    shown = "\n".join(
        x for x in router.running().splitlines() if x.split()[:1] not in (["hostname"], ["end"])
    )
    actual = actual_of(NAME, setup, box(NAME, shown), known, NOW)
    plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
    lines = [line.strip() for line in plan.native()]
    if lines:
        router.by_hand(lines)


@given(case=cases(most=5))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_packets_meet_what_the_orders_say_and_withdrawing_gives_the_configuration_back(
    case: Case,
) -> None:
    device = replace(unserved(), transport={"host": "192.0.2.254", "username": "enforcer"})
    driver = CiscoXrDriver.from_device(device, _NoCredentials(), OURS)
    router = Router(NAME)
    router.load(BASE)
    subject = XrSubject.__new__(XrSubject)
    subject.router = router
    applied(driver, router, Desired(NAME), device)
    before = router.running()
    asks = [contributions(o, case.topology, case.lists) for o in case.orders if in_force(o, NOW)]
    whole = compile_device(NAME, asks).desired
    takes = driver.capability
    held = {
        r: m
        for r, m in whole.addresses.items()
        if (r.family, r.key) in takes.keys and not takes.refuses(r)
    }
    wanted = Desired(NAME, held)
    applied(driver, router, wanted, device)
    for one in case.packets:
        if one.device == NAME and not _link_local(one):
            assert subject.answer(one) is rules_drop(one, wanted)
    applied(driver, router, Desired(NAME), device)
    assert router.running() == before


def _link_local(one: Asked) -> bool:
    """Link-local, multicast and unused IPv6 addresses pass: neighbor discovery must live."""
    if one.family == 4:
        return False
    return any(
        not any(first <= address <= last for first, last in ND_SAFE)
        for address in (one.src, one.dst)
    )


class _NoCredentials:
    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)
