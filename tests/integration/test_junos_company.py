# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED Junos router that other people work on too, and what passes through it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from drivers.juniper_junos.driver import JunosDriver
from enforcer.control.writing import compared
from enforcer.core.intervals import Ranges
from enforcer.core.orders import BlockList
from enforcer.core.rules import Desired, Key, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import CountingSession
from enforcer.errors import (
    DeviceBusy,
    DeviceError,
    StaleState,
)
from lab.emulators import packets
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from tests.contract.junos_subject import (
    ORIGINAL,
    SECOND,
    UPSTREAM,
    JunosSubject,
    device_at,
    driver_at,
)
from tests.contract.subject import NAME
from tests.contract.worlds import (
    EVERYTHING,
    NOTHING,
    OURS,
    asked,
    converge,
    due,
    long_list,
    order,
    prefix,
    write,
)
from tests.integration.junos_router import (
    BLOCK,
    lines,
    original,
    passes,
    recovers,
    somebody_else,
    staged_and_confirmed,
    with_prefix,
)


@pytest.fixture
def router() -> Router:
    return Router(NAME)


@pytest.fixture
def server(router: Router) -> Iterator[Serving]:
    with serving(router) as running:
        yield running


@pytest.fixture
def subject(router: Router, server: Serving) -> JunosSubject:
    return JunosSubject(router, server)


@pytest.fixture
def driver(subject: JunosSubject) -> JunosDriver:
    return driver_at(subject.device, OURS)


# -- other people ----------------------------------------------------------------------------


def test_a_locked_database_is_busy_and_says_who(subject: JunosSubject, driver: JunosDriver) -> None:
    wanted = due(subject, BLOCK)
    with somebody_else(subject.router) as other:
        other.line("configure exclusive")
        with pytest.raises(DeviceBusy, match="ann"):
            staged_and_confirmed(driver, wanted)
    recovers(subject, driver, wanted)


def test_uncommitted_edits_of_somebody_else_are_neither_committed_nor_discarded(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    with somebody_else(subject.router) as other:
        other.line("configure")
        other.line("set system location building east")
        with pytest.raises(DeviceBusy):
            staged_and_confirmed(driver, wanted)
        assert "east" not in subject.router.running()
        assert "east" in other.line("show | compare").text
        other.line("commit")
    assert "east" in subject.router.running()
    recovers(subject, driver, wanted)


def test_a_commit_of_somebody_else_that_waits_is_not_confirmed_by_ours(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    with somebody_else(subject.router) as other:
        other.line("configure")
        other.line("set system location building east")
        other.line("commit confirmed 10")
        other.line("exit")
        with pytest.raises(DeviceBusy, match=r"ann.*waits for its confirmation"):
            staged_and_confirmed(driver, wanted)
        subject.router.clock.advance(10 * 60 + 40)
    assert "east" not in subject.router.running(), "it was rolled back, as he had it"
    recovers(subject, driver, wanted)


def test_a_commit_between_reading_and_writing_is_noticed(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        subject.touch_foreign()
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        write(driver, session, wanted)
    recovers(subject, driver, wanted)


def test_a_person_who_edits_all_day_does_not_keep_us_out(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    """In configuration mode with nothing changed: `configure exclusive` is allowed."""
    with somebody_else(subject.router) as other:
        other.line("configure")
        converge(driver, due(subject, BLOCK))


# -- the box itself --------------------------------------------------------------------------


def test_a_slow_commit_is_waited_for(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.faults.slow_commit(1.0)
    converge(driver, due(subject, BLOCK))


def test_a_reboot_loses_nothing(subject: JunosSubject, driver: JunosDriver) -> None:
    wanted = due(subject, BLOCK)
    converge(driver, wanted)
    before = subject.router.running()
    subject.router.reboot()
    assert subject.router.running() == before
    recovers(subject, driver, wanted)


def test_two_routing_engines_and_a_mastership_prompt(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    subject.router.options.routing_engines = ("re0", "re1")
    subject.router.options.mastership = "{master}"
    wanted = due(subject, BLOCK)
    converge(driver, wanted)
    recovers(subject, driver, wanted)


def test_an_interface_of_the_inventory_that_is_not_there_is_said_and_the_rest_is_filtered(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    subject.router.by_hand(["delete interfaces ge-0/0/1"])
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError, match="ge-0/0/1"):
        converge(driver, wanted)
    assert not passes(subject.router, "198.51.100.7")
    found = {one.check: one for one in driver.diagnose()}
    assert not found["interfaces"].ok and "ge-0/0/1" in found["interfaces"].detail


def test_a_commit_says_which_orders_it_is_for(subject: JunosSubject, driver: JunosDriver) -> None:
    converge(driver, due(subject, BLOCK))
    with somebody_else(subject.router) as other:
        assert "enforcer 0001-Y" in other.line("show system commit").text


def test_a_long_list_goes_in_several_commits_and_comes_back_out(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    now = subject.clock.now()
    wanted = asked(
        subject, [order(1, BlockList("botnets"), now, None)], now, {"botnets": long_list(2_500)}
    )
    plan = converge(driver, wanted)
    assert [batch.structural for batch in plan.batches] == [True, False, False]
    converge(driver, NOTHING)
    assert lines(subject.router) == original()


# -- what passes, and how much did not -------------------------------------------------------


def test_the_operators_filter_still_decides_behind_ours(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    converge(driver, due(subject, BLOCK))
    bogon = packets.Packet(ip_address("240.0.0.1"), ip_address("203.0.113.5"), packets.UDP, 1, 2)
    other = packets.Packet(ip_address("192.0.2.5"), ip_address("203.0.113.5"), packets.UDP, 1, 2)
    assert not subject.router.would_pass(bogon, SECOND, "in")
    assert subject.router.would_pass(other, SECOND, "in")


@pytest.mark.parametrize("kind", [133, 134, 135, 136, 128])
def test_neighbor_discovery_is_never_discarded(
    subject: JunosSubject, driver: JunosDriver, kind: int
) -> None:
    converge(driver, due(subject, (prefix("2001:db8:bad::/48"),)))
    source, to = ip_address("2001:db8:bad::1"), ip_address("2001:db8:2::1")
    packet = packets.Packet(source, to, packets.ICMPV6, icmp_type=kind)
    assert subject.router.would_pass(packet, UPSTREAM, "in") is (kind != 128)


def test_the_drops_of_a_rule_are_counted(subject: JunosSubject, driver: JunosDriver) -> None:
    wanted = due(subject, BLOCK)
    converge(driver, wanted)
    packet = packets.Packet(
        ip_address("198.51.100.7"), ip_address("203.0.113.5"), packets.TCP, 4000, 80
    )
    for interface in (UPSTREAM, SECOND):
        assert not subject.router.hit(packet, interface, "in", 4)
    with driver.connect() as session:
        assert isinstance(session, CountingSession)
        counts = session.counters(dict.fromkeys(wanted.addresses, Ranges.none()))
    by_key = {rule.key: counted for rule, counted in counts.items()}
    assert by_key[Key.SOURCE].packets == 8 and by_key[Key.SOURCE].shared
    assert by_key[Key.DESTINATION].packets == 0


@pytest.mark.parametrize("key", ["received", "announced"])
def test_routes_of_a_neighbor_are_filtered_and_the_rest_is_its_own_policy(
    router: Router, server: Serving, key: str
) -> None:
    router.load(ORIGINAL)
    driver = driver_at(device_at(server), OURS)
    rule = Rule(4, Key(key), neighbor="10.1.0.2")
    way: packets.Direction = "in" if key == "received" else "out"
    assert router.would_accept("203.0.113.0/25", "10.1.0.2", way)
    converge(driver, with_prefix(rule, "203.0.113.0/24"))
    assert not router.would_accept("203.0.113.0/24", "10.1.0.2", way)
    assert not router.would_accept("203.0.113.0/25", "10.1.0.2", way)
    assert router.would_accept("203.0.112.0/24", "10.1.0.2", way)
    converge(driver, NOTHING)
    assert lines(router) == original()


def test_discard_routes_where_the_inventory_says_so(router: Router, server: Serving) -> None:
    router.load(ORIGINAL)
    device = rtbh(device_at(server))
    driver = driver_at(device, OURS)
    rule = Rule(4, Key.DESTINATION)
    converge(driver, with_prefix(rule, "198.51.100.7/32"))
    assert "ENF-IN4" not in router.running(), "no filter is needed"
    packet = packets.Packet(
        ip_address("203.0.113.5"), ip_address("198.51.100.7"), packets.TCP, 4000, 80
    )
    assert not router.would_pass(packet, UPSTREAM, "in")
    converge(driver, NOTHING)
    assert lines(router) == original()


def rtbh(device: Device) -> Device:
    return replace(device, mechanism="rtbh")


def test_two_writers_wait_for_each_other(subject: JunosSubject) -> None:
    """The lock of the one is busy for the other, and both end where they should."""
    wanted = due(subject, EVERYTHING[:4])
    errors: list[BaseException] = []

    def run() -> None:
        other = driver_at(subject.device, OURS)
        for _ in range(20):
            try:
                staged_and_confirmed(other, wanted)
                return
            except (DeviceBusy, StaleState):
                continue
            except DeviceError as error:
                errors.append(error)
                return

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not errors
    converge(driver_at(subject.device, OURS), wanted)


def test_in_a_chain_the_operators_filter_decides_behind_ours(
    router: Router, server: Serving
) -> None:
    router.load(ORIGINAL)
    router.by_hand(
        [
            "delete interfaces ge-0/0/3 unit 0 family inet filter",
            "delete interfaces ge-0/0/2 unit 100 family inet6 filter",
        ]
    )
    before = lines(router)
    driver = driver_at(device_at(server, binding="chain"), OURS)
    rule = Rule(4, Key.SOURCE)
    converge(driver, with_prefix(rule, "198.51.100.7/32"))
    converge(driver, with_prefix(rule, "198.51.100.7/32", "198.51.100.9/32"))
    for source, kind in (("198.51.100.7", False), ("240.0.0.1", False), ("192.0.2.5", True)):
        packet = packets.Packet(ip_address(source), ip_address("203.0.113.5"), packets.ICMP)
        assert router.would_pass(packet, SECOND, "in") is kind
    converge(driver, NOTHING)
    assert lines(router) == before


def test_with_loose_urpf_a_route_drops_both_ways_and_only_what_both_want(
    router: Router, server: Serving
) -> None:
    router.load(ORIGINAL)
    router.by_hand(
        [
            "set interfaces ge-0/0/3 unit 0 family inet rpf-check mode loose",
            "set forwarding-options rpf-loose-mode-discard family inet",
            "set routing-options static route 0.0.0.0/0 next-hop 10.1.0.2",
        ]
    )
    before = lines(router)
    driver = driver_at(replace(rtbh(device_at(server)), urpf="loose"), OURS)
    to, source = Rule(4, Key.DESTINATION), Rule(4, Key.SOURCE)
    both = with_prefix(to, "198.51.100.7/32", "198.51.100.8/32").addresses
    converge(driver, Desired(NAME, {**both, **with_prefix(source, "198.51.100.7/32").addresses}))
    assert "static route 198.51.100.7/32 discard" in router.running()
    assert "static route 198.51.100.8/32" not in router.running()
    dropped = {
        (sender, receiver)
        for sender in ("198.51.100.7", "198.51.100.8", "203.0.113.5")
        for receiver in ("198.51.100.7", "198.51.100.8", "203.0.113.5")
        if not router.would_pass(
            packets.Packet(ip_address(sender), ip_address(receiver), packets.UDP, 5, 6),
            UPSTREAM,
            "in",
        )
    }
    allowed = {("198.51.100.8", "203.0.113.5"), ("203.0.113.5", "203.0.113.5")}
    assert len(dropped) == 7 and not dropped & allowed
    found = {one.check: one for one in driver.diagnose()}
    assert found["uRPF"].ok
    converge(driver, NOTHING)
    assert lines(router) == before
