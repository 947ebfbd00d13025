# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets dropped, as the kernel counts them on the members of our sets."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.plan import Trait
from enforcer.core.rules import NO_END, InterfaceMember, Key, Rule, Service
from enforcer.driver_api import Counted, CountingSession
from tests.integration.nft_router import Router, bound, columns, desired, in_, members, routers
from tests.integration.nft_verdicts import Verdicts, verdicts
from tests.oracle import packet

pytestmark = pytest.mark.root

FROM = Rule(4, Key.SOURCE)
TO = Rule(4, Key.DESTINATION)
MAIL6 = Rule(6, Key.DESTINATION, Service(6, None, (25, 25)))
OUT = Rule(4, Key.OUTPUT_INTERFACE)
ELSEWHERE = "192.0.2.1"


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers(("output",)) as made:
        yield made


@pytest.fixture
def kernel(router: Router) -> Iterator[Verdicts]:
    with verdicts(router) as asked:
        yield asked


def counted(router: Router, wanted: dict[Rule, Ranges]) -> dict[Rule, int]:
    """Packets by rule, as a session sees it that never read the table."""
    with bound(router.namespace, ("output",)).connect() as session:
        assert isinstance(session, CountingSession)
        return {rule: said.packets for rule, said in session.counters(wanted).items()}


def at(text: str) -> Ranges:
    return rows_of((ip_network(text),))


def send(kernel: Verdicts, source: str, destination: str, times: int, dport: int = 80) -> None:
    for _ in range(times):
        kernel.dropped(packet(source, destination, 6, sport=1024, dport=dport))


def test_the_driver_says_that_it_counts(router: Router) -> None:
    assert Trait.COUNTING in router.driver.traits


def test_hosts_and_ranges_count_what_they_drop(router: Router, kernel: Verdicts) -> None:
    router.apply(
        desired(
            {
                FROM: members(("198.51.100.7", in_(2), 1), ("198.51.100.64/28", NO_END, 2)),
                TO: members(("203.0.113.9", NO_END, 3)),
            }
        )
    )
    send(kernel, "198.51.100.7", ELSEWHERE, 3)
    send(kernel, "198.51.100.70", ELSEWHERE, 2)
    send(kernel, ELSEWHERE, "203.0.113.9", 4)
    send(kernel, ELSEWHERE, "203.0.113.10", 5)
    assert counted(router, {FROM: at("198.51.100.7"), TO: at("203.0.113.9")}) == {FROM: 3, TO: 4}
    assert counted(router, {FROM: at("198.51.100.65")}) == {FROM: 2}, "the member around it"
    assert counted(router, {FROM: at("198.51.100.0/24")}) == {FROM: 5}
    assert counted(router, {FROM: at("198.51.100.8"), TO: Ranges.none()}) == {FROM: 0, TO: 0}


def test_octets_are_counted_with_their_packets(router: Router, kernel: Verdicts) -> None:
    router.apply(desired({FROM: members(("198.51.100.7", NO_END, 1))}))
    send(kernel, "198.51.100.7", ELSEWHERE, 2)
    session = router.session
    assert isinstance(session, CountingSession)
    assert session.counters({FROM: at("198.51.100.7")}) == {FROM: Counted(2, 80)}


def test_only_what_a_rule_is_about_is_counted(router: Router, kernel: Verdicts) -> None:
    router.apply(desired({MAIL6: members(("2001:db8::9", NO_END, 1))}))
    send(kernel, "2001:db8::1", "2001:db8::9", 3, dport=25)
    send(kernel, "2001:db8::1", "2001:db8::9", 2, dport=80)
    assert counted(router, {MAIL6: at("2001:db8::9")}) == {MAIL6: 3}


def test_interfaces_count_all_that_they_drop(router: Router, kernel: Verdicts) -> None:
    router.apply(desired({}, {OUT: (InterfaceMember("lo", NO_END, 1),)}))
    send(kernel, ELSEWHERE, "203.0.113.9", 6)
    assert counted(router, {OUT: Ranges.none()}) == {OUT: 6}


def test_what_does_not_stand_there_is_left_out(router: Router, kernel: Verdicts) -> None:
    assert counted(router, {FROM: at("198.51.100.7")}) == {}, "no table at all"
    router.apply(desired({TO: members(("203.0.113.9", NO_END, 1))}))
    assert counted(router, {MAIL6: at("2001:db8::9"), TO: at("203.0.113.9")}) == {TO: 0}


def test_a_new_end_keeps_what_was_counted(router: Router, kernel: Verdicts) -> None:
    """A member that is written again with another timeout goes on from where it was."""
    router.apply(desired({FROM: members(("198.51.100.7", in_(1), 1))}))
    send(kernel, "198.51.100.7", ELSEWHERE, 3)
    router.apply(desired({FROM: members(("198.51.100.7", in_(5), 1))}))
    send(kernel, "198.51.100.7", ELSEWHERE, 1)
    assert counted(router, {FROM: at("198.51.100.7")}) == {FROM: 4}


def test_many_ranges_in_many_sets(router: Router, kernel: Verdicts) -> None:
    """Only the sets of the asked part of the address space are read."""
    base = int(ip_address("10.0.0.0"))
    many = columns([base + 8 * n for n in range(20_000)], 4)
    router.apply(desired({FROM: many}))
    for number in (0, 9_999, 19_999):
        source = str(ip_address(base + 8 * number + 1))
        send(kernel, source, ELSEWHERE, 2)
        assert counted(router, {FROM: at(source)}) == {FROM: 2}
    assert counted(router, {FROM: at("10.0.0.0/8")}) == {FROM: 6}


def test_counting_can_be_switched_off(router: Router) -> None:
    silent = bound(router.namespace, ("output",), counters="no")
    assert Trait.COUNTING not in silent.traits
