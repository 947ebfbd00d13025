# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong while an EMULATED Junos router is written to, one fault at a time.

After each of them the next pass converges, nothing of the operator's is lost, and what could not
be proved reachable is gone again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest

from drivers._router.target import members
from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.holdings import ranges_of
from enforcer.control.writing import compared
from enforcer.core.intervals import Ranges
from enforcer.core.orders import BlockList
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import Applied, CountingSession
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)
from lab.emulators import packets
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from lab.emulators.shell import Shell
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
    read,
    write,
)

BLOCK = (prefix("198.51.100.7/32"),)
MORE = (*BLOCK, prefix("198.51.100.9/32"))


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


def lines(router: Router) -> list[str]:
    return [line for line in router.running().splitlines() if " ENF-OWNER-" not in line]


def staged_and_confirmed(driver: JunosDriver, wanted: Desired) -> None:
    with driver.connect() as session:
        write(driver, session, wanted)


def recovers(subject: JunosSubject, driver: JunosDriver, wanted: Desired) -> None:
    """The next pass converges, and withdrawing gives the operator his own back."""
    subject.router.faults.clear()
    before = subject.foreign()
    converge(driver, wanted)
    assert subject.foreign() == before
    assert not passes(subject.router, "198.51.100.7")
    converge(driver, NOTHING)
    subject_lines = lines(subject.router)
    assert not [line for line in subject_lines if "ENF-" in line]


def passes(router: Router, source: str) -> bool:
    packet = packets.Packet(ip_address(source), ip_address("203.0.113.5"), packets.TCP, 4000, 80)
    return router.would_pass(packet, UPSTREAM, "in")


def original(subject: JunosSubject) -> list[str]:
    fresh = Router(NAME)
    fresh.load(ORIGINAL)
    return fresh.running().splitlines()


# -- sessions that break ---------------------------------------------------------------------


@pytest.mark.parametrize("line", [1, 2, 5, 15])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_session_that_is_lost_while_loading_changes_nothing(
    subject: JunosSubject, driver: JunosDriver, line: int, when: str
) -> None:
    wanted = due(subject, BLOCK)
    subject.router.faults.drop_session(line, "before" if when == "before" else "after")
    with pytest.raises(DeviceError):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


@pytest.mark.parametrize("applied", [True, False])
def test_a_session_that_is_lost_in_a_commit_leaves_it_unknown(
    subject: JunosSubject, driver: JunosDriver, applied: bool
) -> None:
    converge(driver, due(subject, BLOCK))
    wanted = due(subject, MORE)
    subject.router.faults.drop_during_commit(applied=applied)
    with pytest.raises(DeviceUnreachable):
        staged_and_confirmed(driver, wanted)
    there = any("198.51.100.9/32" in line for line in lines(subject.router))
    assert there is applied
    recovers(subject, driver, wanted)


def test_a_structural_commit_whose_session_is_lost_is_rolled_back_by_the_box(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    subject.router.faults.drop_during_commit(applied=True)
    with pytest.raises(DeviceUnreachable):
        staged_and_confirmed(driver, wanted)
    assert not passes(subject.router, "198.51.100.7")
    with pytest.raises(DeviceBusy, match="waits for its confirmation"):
        staged_and_confirmed(driver, due(subject, MORE))
    subject.router.clock.advance(5 * 60 + 40)
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


def test_closing_before_confirming_takes_it_back(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        session.stage(plan.batches[0])
        assert not passes(subject.router, "198.51.100.7")
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


def test_what_is_abandoned_is_gone(subject: JunosSubject, driver: JunosDriver) -> None:
    wanted = due(subject, BLOCK)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        assert session.stage(plan.batches[0]).abandon() is Applied.ABANDONED
        assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


# -- what cannot be proved -------------------------------------------------------------------


def test_a_box_that_nobody_can_log_in_to_any_more_is_taken_back(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    subject.router.faults.unreachable_while(r"input-list ENF-IN4")
    with pytest.raises(DeviceError, match=r"nobody could log in.*taken back"):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


def test_a_lost_adjacency_takes_it_back(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.neighbors.add("10.1.0.2", 64501)
    subject.router.neighbors.goes_down_while("10.1.0.2", r"input-list ENF-IN4", hold_seconds=0.0)
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError, match=r"BGP lost 10\.1\.0\.2.*taken back"):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    assert subject.router.neighbors.state("10.1.0.2") == "Established"
    subject.router.neighbors.goes_down_while("10.1.0.2", r"nothing of this", hold_seconds=0.0)
    recovers(subject, driver, wanted)


def test_an_adjacency_that_was_down_before_is_not_missed(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    subject.router.neighbors.add("10.1.0.2", 64501)
    subject.router.neighbors.set_state("10.1.0.2", established=False)
    converge(driver, due(subject, BLOCK))


def test_an_interface_is_shut_although_its_neighbor_goes_down(
    router: Router, server: Serving
) -> None:
    router.load(ORIGINAL)
    router.neighbors.add("10.1.0.2", 64501)
    router.neighbors.goes_down_while("10.1.0.2", r"ge-0/0/3 unit 0 disable", hold_seconds=0.0)
    driver = driver_at(device_at(server), OURS)
    shut = interfaces_down(UPSTREAM)
    converge(driver, shut)
    assert router.neighbors.state("10.1.0.2") == "Idle"
    assert "set interfaces ge-0/0/3 unit 0 disable" in router.running()
    converge(driver, NOTHING)
    assert lines(router) == original_of(router)


def interfaces_down(*names: str) -> Desired:
    members = tuple(InterfaceMember(name, NO_END, 7) for name in sorted(names))
    return Desired(NAME, interfaces={Rule(0, Key.INTERFACE): members})


def original_of(router: Router) -> list[str]:
    fresh = Router(router.hostname)
    fresh.load(ORIGINAL)
    return fresh.running().splitlines()


def test_what_carries_management_is_never_shut(router: Router, server: Serving) -> None:
    router.load(ORIGINAL)
    driver = driver_at(device_at(server), OURS)
    with pytest.raises(DeviceError, match="carries management"):
        converge(driver, interfaces_down("fxp0.0"))
    assert "disable" not in router.running()


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("counted", [True, False], ids=["errors counted", "bare verdict"])
@pytest.mark.parametrize("from_line", [1, 3, 9])
def test_lines_that_are_not_authorized_leave_nothing(
    subject: JunosSubject, driver: JunosDriver, from_line: int, counted: bool
) -> None:
    """Refused in the middle of a load: the candidate is emptied, the lock given back."""
    subject.router.options.counts_load_errors = counted
    subject.router.options.edit_rights = {"enforcer": ("policy-options prefix-list",)}
    wanted = due(subject, BLOCK)
    with pytest.raises(CommandRejected, match="nothing stands"):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    with somebody_else(subject.router) as other:
        assert "Entering" in other.line("configure exclusive").text
    subject.router.options.edit_rights = {}
    recovers(subject, driver, wanted)


def test_a_half_line_is_noticed(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.faults.lose_half_line(6)
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


def test_a_full_box_refuses_the_commit(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.faults.full_at(3)
    wanted = due(subject, EVERYTHING)
    with pytest.raises(CommandRejected):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original(subject)
    recovers(subject, driver, wanted)


def test_who_may_not_configure_is_told_so(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.options.view_only = frozenset({"enforcer"})
    with pytest.raises(AuthenticationFailed, match="configure exclusive"):
        staged_and_confirmed(driver, due(subject, BLOCK))
    assert lines(subject.router) == original(subject)


@pytest.mark.parametrize("section", ["policy-options", "firewall", "interfaces"])
def test_a_truncated_answer_is_no_reading(
    subject: JunosSubject, driver: JunosDriver, section: str
) -> None:
    converge(driver, due(subject, BLOCK))
    subject.router.faults.truncate_output(rf"show configuration {section}", 1)
    with pytest.raises(ParseFailed):
        read(driver)
    recovers(subject, driver, due(subject, BLOCK))


def test_broadcasts_between_the_lines_do_not_matter(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    said = "Message from syslogd@edge1 at Nov 22 01:02:03  ...\n\nfpc0 link down\n\n"
    subject.router.faults.interleave_syslog(said)
    converge(driver, due(subject, BLOCK))


# -- other people ----------------------------------------------------------------------------


@contextmanager
def somebody_else(router: Router) -> Iterator[Shell]:
    """At the router, without SSH; gone at the end."""
    shell = router.other_operator("ann")
    yield shell
    shell.closed()


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
    assert lines(subject.router) == original(subject)


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
    assert lines(router) == original_of(router)


def with_prefix(rule: Rule, text: str) -> Desired:
    return Desired(NAME, {rule: members(ranges_of([text], rule.family))})


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
    assert lines(router) == original_of(router)


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
