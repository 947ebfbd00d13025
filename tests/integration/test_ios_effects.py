# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders do on an EMULATED IOS-XE router beyond blocking addresses, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network

import numpy as np
import pytest

from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.orders import Order
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Members, Rule
from enforcer.core.topology import Neighbor
from enforcer.driver_api import CountingSession, Diagnosis
from enforcer.errors import DeviceError, DeviceUnreachable, Unsupported
from lab.emulators.packets import Packet
from tests.contract.ios_subject import HOSTING, OFFICE, SECOND, UPSTREAM, IosSubject
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, asked, converge, drift_of, order, prefix
from tests.integration.ios_router import driver_of, few, router_served, staged

pytestmark = pytest.mark.emulated
NEIGHBOR = "10.1.0.2"
LEAK = Rule(4, Key.RECEIVED, neighbor=NEIGHBOR)
SHUT = Rule(0, Key.INTERFACE)


@pytest.fixture
def subject() -> Iterator[IosSubject]:
    with router_served() as found:
        found.router.neighbors.add(NEIGHBOR, 64501)
        neighbor = Neighbor(ip_address(NEIGHBOR), 64501, "upstream")
        found.device = replace(found.device, neighbors=(neighbor,))
        yield found


def leaking(*texts: str) -> Desired:
    rows = rows_of(ip_network(text) for text in sorted(texts))
    ends, orders = (np.full(len(rows), value, np.int64) for value in (NO_END, 7))
    return Desired(NAME, {LEAK: Members(rows.first, rows.last, ends, orders)})


def shut(*names: str) -> Desired:
    return Desired(NAME, {}, {SHUT: tuple(InterfaceMember(n, NO_END, 7) for n in sorted(names))})


# -- neighbors -------------------------------------------------------------------------------


def test_leaked_routes_are_dropped_with_all_that_are_longer(subject: IosSubject) -> None:
    accepts = subject.router.would_accept
    driver = driver_of(subject)
    assert accepts("203.0.113.0/24", NEIGHBOR)
    converge(driver, leaking("203.0.113.0/24"))
    assert not accepts("203.0.113.0/24", NEIGHBOR) and not accepts("203.0.113.128/25", NEIGHBOR)
    assert accepts("198.51.100.0/24", NEIGHBOR)
    converge(driver, leaking("203.0.113.0/24", "198.51.100.0/24"))
    assert not accepts("198.51.100.0/24", NEIGHBOR)
    converge(driver, NOTHING)
    assert accepts("203.0.113.0/24", NEIGHBOR) and accepts("198.51.100.0/24", NEIGHBOR)


def test_a_filter_that_is_taken_back_is_out_of_force_at_once(subject: IosSubject) -> None:
    subject.router.faults.unreachable_while(r"prefix-list ENF-\w+-F in")
    with pytest.raises(DeviceUnreachable):
        staged(driver_of(subject), leaking("203.0.113.0/24"))
    assert "ENF-" not in subject.router.running()
    assert subject.router.would_accept("203.0.113.0/24", NEIGHBOR)


def test_an_operators_filter_is_not_replaced(subject: IosSubject) -> None:
    subject.by_hand(
        "ip prefix-list HIS seq 5 deny 10.0.0.0/8 le 32",
        "ip prefix-list HIS seq 10 permit 0.0.0.0/0 le 32",
        "router bgp 64500",
        f"neighbor {NEIGHBOR} prefix-list HIS in",
    )
    driver = driver_of(subject)
    for _ in range(2):
        with pytest.raises(Unsupported, match="prefix-list HIS in"):
            converge(driver, leaking("203.0.113.0/24"))
    assert f"neighbor {NEIGHBOR} prefix-list HIS in" in subject.router.running()


# -- interfaces ------------------------------------------------------------------------------


def test_an_interface_is_shut_and_comes_up_again(subject: IosSubject) -> None:
    driver = driver_of(subject)
    before = subject.router.running()
    converge(driver, shut(HOSTING, "gi0/0/1"))
    assert subject.router.running().count(" shutdown") == 2
    subject.by_hand(f"interface {SECOND}", "no shutdown")
    drift = drift_of(driver, shut(HOSTING, "gi0/0/1"))
    assert [f.what for f in drift.findings] == [f"interface {SECOND}: shutdown"]
    converge(driver, shut(HOSTING, "gi0/0/1"))
    converge(driver, NOTHING)
    assert " shutdown" not in subject.router.running()
    assert len(subject.router.running()) > len(before), "the mark stays"


def test_an_interface_that_was_down_before_stays_down(subject: IosSubject) -> None:
    subject.by_hand(f"interface {HOSTING}", "shutdown")
    driver = driver_of(subject)
    converge(driver, shut(HOSTING))
    converge(driver, NOTHING)
    assert subject.router.running().count(" shutdown") == 1


def test_an_interface_that_carries_management_is_never_shut(subject: IosSubject) -> None:
    with pytest.raises(Unsupported, match="carries management"):
        staged(driver_of(subject), shut(OFFICE))
    assert " shutdown" not in subject.router.running()


# -- discard routes --------------------------------------------------------------------------


def test_a_discard_route_drops_and_goes(subject: IosSubject) -> None:
    subject.device = replace(subject.device, mechanism="rtbh")
    driver = driver_of(subject)
    packet = Packet(ip_address("192.0.2.1"), ip_address("198.51.100.7"), 6, 1024, 80)
    converge(driver, few(subject))
    assert "ip route 198.51.100.7 255.255.255.255 Null0 tag" in subject.router.running()
    assert not subject.router.would_pass(packet, HOSTING, "in")
    subject.by_hand("no ip route 198.51.100.7 255.255.255.255 Null0")
    assert drift_of(driver, few(subject))
    converge(driver, few(subject))
    converge(driver, NOTHING)
    assert "Null0" not in subject.router.running()


# -- ends that the router keeps by itself ----------------------------------------------------


def timed(subject: IosSubject) -> None:
    options = {**subject.device.options, "time_range": "yes"}
    subject.device = replace(subject.device, options=options)


def with_end(subject: IosSubject, hours: float) -> Desired:
    now = subject.clock.now()
    return asked(subject, [order(1, prefix("198.51.100.7/32"), now, now + timedelta(hours=hours))])


def test_a_router_that_nobody_talks_to_any_more_lets_go_by_itself(subject: IosSubject) -> None:
    timed(subject)
    packet = Packet(ip_address("198.51.100.7"), ip_address("192.0.2.1"), 6, 1024, 80)
    converge(driver_of(subject), with_end(subject, 2))
    assert not subject.router.would_pass(packet, HOSTING, "in")
    subject.router.clock.advance(2 * 3600)
    assert not subject.router.would_pass(packet, HOSTING, "in"), "not before its end"
    subject.router.clock.advance(2 * 3600)
    assert subject.router.would_pass(packet, HOSTING, "in")


def test_an_order_that_is_extended_moves_to_a_later_time_range(subject: IosSubject) -> None:
    timed(subject)
    driver = driver_of(subject)
    converge(driver, with_end(subject, 2))
    assert drift_of(driver, with_end(subject, 9)).findings
    converge(driver, with_end(subject, 9))
    assert subject.router.running().count("\ntime-range ENF-") == 1
    converge(driver, NOTHING)
    assert "time-range" not in subject.router.running()


def test_a_clock_that_is_wrong_gets_no_time_ranges(subject: IosSubject) -> None:
    timed(subject)
    subject.router.clock.skew = timedelta(seconds=75)
    with pytest.raises(Unsupported, match=r"\+7\d s from ours"):
        staged(driver_of(subject), with_end(subject, 2))
    assert "ENF-" not in subject.router.running()
    clock = {d.check: d for d in driver_of(subject).diagnose()}["clock"]
    assert not clock.ok and "NTP" in clock.advice


# -- counters --------------------------------------------------------------------------------


def test_matches_are_counted_for_the_rule(subject: IosSubject) -> None:
    driver = driver_of(subject)
    converge(driver, few(subject))
    packet = Packet(ip_address("198.51.100.7"), ip_address("192.0.2.1"), 6, 1024, 80)
    for interface, times in ((HOSTING, 3), (SECOND, 4)):
        subject.router.hit(packet, interface, "in", times)
    source = Rule(4, Key.SOURCE)
    with driver.connect() as session:
        assert isinstance(session, CountingSession)
        found = session.counters({source: Ranges.none(), LEAK: Ranges.none()})
    assert set(found) == {source}
    assert (found[source].packets, found[source].shared) == (7, True)


# -- numbers ---------------------------------------------------------------------------------


def test_a_reload_that_renumbers_leaves_room_all_the_same(subject: IosSubject) -> None:
    """Our own list is numbered anew by us, the operator's never."""
    driver = driver_of(subject)
    converge(driver, few(subject))
    foreign = subject.foreign()
    subject.by_hand("ip access-list resequence ENF-V4 1 1")
    assert not drift_of(driver, few(subject)).findings, "numbers say nothing"
    converge(driver, asked(subject, _all_of(subject)))
    assert subject.foreign() == foreign
    converge(driver, NOTHING)
    assert subject.foreign() == foreign


# -- diagnosis -------------------------------------------------------------------------------


def told(subject: IosSubject) -> dict[str, Diagnosis]:
    return {d.check: d for d in driver_of(subject).diagnose()}


def test_a_healthy_router_is_told_so(subject: IosSubject) -> None:
    assert all(d.ok for d in told(subject).values())


def test_a_list_without_room_is_told_with_the_command(subject: IosSubject) -> None:
    subject.by_hand("ip access-list resequence CUSTOMER 2 10")
    found = told(subject)["access lists"]
    assert not found.ok and "resequence CUSTOMER 1000 10" in found.detail
    driver, wanted = driver_of(subject), asked(subject, _all_of(subject))
    with pytest.raises(DeviceError, match="still differs"):
        converge(driver, wanted)
    with pytest.raises(Unsupported, match="resequence CUSTOMER 1000 10"):
        converge(driver, wanted)
    subject.by_hand("ip access-list resequence CUSTOMER 1000 10")
    converge(driver, wanted)


def _all_of(subject: IosSubject) -> list[Order]:
    now = subject.clock.now()
    return [order(n, d, now, None) for n, d in enumerate(EVERYTHING, 1)]


def test_a_router_without_an_archive_is_told(subject: IosSubject) -> None:
    subject.by_hand("no archive")
    found = told(subject)["archive"]
    assert not found.ok and "path" in found.advice


def test_an_interface_that_is_not_there_is_told(subject: IosSubject) -> None:
    first, *rest = subject.device.interfaces
    wrong = replace(first, name="GigabitEthernet0/0/9")
    subject.device = replace(subject.device, interfaces=(wrong, *rest))
    assert "GigabitEthernet0/0/9" in told(subject)["interfaces"].detail
    drift = drift_of(driver_of(subject), few(subject))
    assert drift


def test_a_router_that_is_away_is_a_diagnosis(subject: IosSubject) -> None:
    subject.router.faults.unreachable_while("hostname")
    (only,) = driver_of(subject).diagnose()
    assert only.check == "reachable" and not only.ok


def test_an_edge_without_its_reverse_path_check_is_told(subject: IosSubject) -> None:
    subject.device = replace(subject.device, mechanism="rtbh", urpf="loose")
    assert UPSTREAM in told(subject)["reverse path"].detail
