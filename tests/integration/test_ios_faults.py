# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong on an EMULATED IOS-XE router: afterwards the next pass converges.

There is no transaction: whatever line was the last, nothing is worse than before; nothing of the
operator's is lost, nothing is called done that is not, and what cannot be proved reachable is
taken back.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from enforcer.control.writing import compared
from enforcer.core.plan import Region
from enforcer.errors import (
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)
from lab.emulators.packets import Packet
from tests.contract.ios_subject import HOSTING, OFFICE, UPSTREAM, IosSubject
from tests.contract.worlds import EVERYTHING, NOTHING, converge, drift_of, due, prefix, read
from tests.integration.ios_router import (
    driver_of,
    few,
    goes_wrong,
    more,
    recovers,
    router_served,
    staged,
)

pytestmark = pytest.mark.emulated


@pytest.fixture
def subject() -> Iterator[IosSubject]:
    with router_served() as found:
        yield found


# -- the session -----------------------------------------------------------------------------


@pytest.mark.parametrize("line", [1, 3, 7, 12, 17, 24, 30])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_session_lost_while_the_first_block_is_written(
    subject: IosSubject, line: int, when: str
) -> None:
    subject.router.faults.drop_session(line, when="before" if when == "before" else "after")
    goes_wrong(subject, DeviceError)


@pytest.mark.parametrize("line", [1, 2, 5, 9, 14])
def test_a_session_lost_while_everything_is_withdrawn(subject: IosSubject, line: int) -> None:
    foreign = subject.foreign()
    converge(driver_of(subject), more(subject))
    subject.router.faults.drop_session(line)
    with pytest.raises(DeviceError):
        staged(driver_of(subject), NOTHING)
    assert subject.foreign() == foreign
    recovers(subject, more(subject), foreign)


@pytest.mark.parametrize("line", [1, 2, 3, 4])
def test_a_session_lost_between_members(subject: IosSubject, line: int) -> None:
    """What was written stands: it was ordered."""
    foreign = subject.foreign()
    converge(driver_of(subject), few(subject))
    wanted = due(subject, (*EVERYTHING[:3], prefix("198.51.100.200/32")))
    subject.router.faults.drop_session(line)
    with pytest.raises(DeviceUnreachable):
        staged(driver_of(subject), wanted)
    subject.router.faults.clear()
    assert drift_of(driver_of(subject), wanted)
    recovers(subject, wanted, foreign)


@pytest.mark.parametrize("line", [2, 5, 8])
def test_a_line_that_lost_its_half(subject: IosSubject, line: int) -> None:
    subject.router.faults.lose_half_line(line)
    goes_wrong(subject, DeviceError)


def test_syslog_between_the_lines_changes_nothing(subject: IosSubject) -> None:
    subject.router.faults.interleave_syslog(
        "*Nov 22 01:02:03.456: %SYS-5-CONFIG_I: Configured from console by operator on vty1"
    )
    converge(driver_of(subject), more(subject))


def test_a_slow_router_is_waited_for(subject: IosSubject) -> None:
    subject.router.faults.slow_lines(0.01)
    converge(driver_of(subject), few(subject))


def test_the_process_dies_before_it_confirms_and_the_timer_takes_it_back(
    subject: IosSubject,
) -> None:
    foreign, before = subject.foreign(), subject.router.running()
    driver = driver_of(subject)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(few(subject), compared(driver, few(subject), actual), actual)
        structural = [b for b in plan.batches if b.structural]
        assert structural and plan.batches[0] is structural[0]
        session.stage(structural[0])
        for line in list(subject.router.sessions):
            line.drop()
    assert "ENF-V4" in subject.router.running()
    with pytest.raises(DeviceBusy, match="goes back"), driver.connect():
        pass
    subject.router.clock.advance(600)
    assert subject.router.running() == before
    recovers(subject, few(subject), foreign)


def test_a_reboot_loses_what_was_not_saved_and_it_is_brought_back(subject: IosSubject) -> None:
    foreign = subject.foreign()
    converge(driver_of(subject), more(subject))
    subject.router.reboot()
    drift = drift_of(driver_of(subject), more(subject))
    assert drift.tally.missing and drift.tally.verified == 0
    recovers(subject, more(subject), foreign)


# -- refusals --------------------------------------------------------------------------------


def test_a_refused_line_is_named_and_nothing_stands(subject: IosSubject) -> None:
    before = subject.router.running()
    subject.router.faults.refuse(r"access-group ENF-V4 out", "% Invalid input detected.")
    with pytest.raises(CommandRejected, match="access-group ENF-V4 out"):
        staged(driver_of(subject), few(subject))
    assert subject.router.running() == before
    subject.router.faults.clear()
    goes_wrong_is_over(subject)


def goes_wrong_is_over(subject: IosSubject) -> None:
    recovers(subject, few(subject), subject.foreign())


@pytest.mark.parametrize("first", [2, 6, 11, 16, 21])
def test_aaa_refuses_in_the_middle_of_the_list(subject: IosSubject, first: int) -> None:
    subject.router.faults.refuse_authorization(first, lines=2)
    goes_wrong(subject, DeviceError)


def test_without_an_archive_what_was_refused_is_taken_back_by_hand(subject: IosSubject) -> None:
    subject.by_hand("no archive")
    before = subject.router.running()
    subject.router.faults.refuse(r"access-group ENF-V4 out", "% Invalid input detected.", times=1)
    with pytest.raises(CommandRejected, match="by hand"):
        staged(driver_of(subject), few(subject))
    assert subject.router.running() == before


def test_a_full_tcam_is_told_and_nothing_is_called_done(subject: IosSubject) -> None:
    subject.router.faults.full_at(3)
    with pytest.raises(DeviceError, match="TCAM"):
        staged(driver_of(subject), few(subject))
    assert drift_of(driver_of(subject), few(subject))
    recovers(subject, few(subject), subject.foreign())


def test_members_that_find_the_tcam_full_are_no_lie(subject: IosSubject) -> None:
    driver = driver_of(subject)
    converge(driver, few(subject))
    wanted = due(subject, (*EVERYTHING[:3], *(prefix(f"198.18.{n}.1/32") for n in range(30))))
    subject.router.faults.full_at(subject.router.configuration.table_entries() + 10)
    with pytest.raises(DeviceError, match="TCAM"):
        staged(driver, wanted)
    assert drift_of(driver, wanted).tally.missing
    recovers(subject, wanted, subject.foreign())


def test_somebody_elses_lock_is_waited_for(subject: IosSubject) -> None:
    other = subject.router.other_operator()
    other.line("configure terminal lock")
    before = subject.router.running()
    with pytest.raises(DeviceBusy):
        staged(driver_of(subject), few(subject))
    assert subject.router.running() == before
    other.line("end")
    other.closed()
    converge(driver_of(subject), few(subject))


# -- proof -----------------------------------------------------------------------------------


def test_a_router_that_cannot_be_reached_any_more_goes_back(subject: IosSubject) -> None:
    before = subject.router.running()
    subject.router.faults.unreachable_while(r"access-group ENF-V4 out")
    with pytest.raises(DeviceUnreachable, match="not proved"):
        staged(driver_of(subject), few(subject))
    assert subject.router.running() == before
    goes_wrong_is_over(subject)


def test_a_router_whose_adjacency_goes_down_goes_back(subject: IosSubject) -> None:
    """At the hold time, which the router's clock counts."""
    router = subject.router
    router.neighbors.add("10.1.0.2", 64501)
    router.neighbors.goes_down_while("10.1.0.2", r"access-group ENF-V4 in", hold_seconds=0.0)
    before = router.running()
    with pytest.raises(DeviceUnreachable, match=r"BGP to 10\.1\.0\.2"):
        staged(driver_of(subject), few(subject))
    assert router.running() == before
    router.neighbors.goes_down_while("10.1.0.2", r"never", hold_seconds=0.0)
    goes_wrong_is_over(subject)


def test_an_adjacency_that_was_down_before_is_not_waited_for(subject: IosSubject) -> None:
    subject.router.neighbors.add("10.1.0.2", 64501)
    subject.router.neighbors.set_state("10.1.0.2", established=False)
    converge(driver_of(subject), few(subject))


def test_without_an_archive_what_cannot_be_proved_is_taken_back_by_hand(
    subject: IosSubject,
) -> None:
    subject.by_hand("no archive")
    before = subject.router.running()
    subject.router.faults.unreachable_while(r"access-group ENF-V4 out")
    with pytest.raises(DeviceUnreachable, match="by hand"):
        staged(driver_of(subject), few(subject))
    assert subject.router.running() == before


# -- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [0, 1, 5, 20, 40])
def test_a_cut_configuration_is_never_taken_for_the_whole(subject: IosSubject, lines: int) -> None:
    converge(driver_of(subject), more(subject))
    subject.router.faults.truncate_output("show running-config", lines)
    with pytest.raises(ParseFailed):
        read(driver_of(subject))


def test_what_another_operator_did_meanwhile_is_not_written_over(subject: IosSubject) -> None:
    driver = driver_of(subject)
    with driver.connect() as session:
        actual = session.read_state(Region())
        plan = driver.plan(few(subject), compared(driver, few(subject), actual), actual)
        subject.by_hand("ip access-list extended CUSTOMER", "900 deny udp any any eq 19")
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
    assert "ENF-" not in subject.router.running()


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        ((f"interface {HOSTING}", "no ip access-group ENF-V4 in"), "access-group ENF-V4 in"),
        (("ip access-list extended CUSTOMER", "no 1", "no 2"), "access-list extended CUSTOMER"),
        (
            (
                *("ip access-list extended NEW", "100 permit ip any any"),
                *(f"interface {UPSTREAM}", "ip access-group NEW out"),
            ),
            "access-list extended NEW",
        ),
        (("ip access-list extended ENF-V4", "1 permit ip host 192.0.2.1 any"), "192.0.2.1"),
    ],
    ids=["unbound", "our lines gone from his list", "another list bound", "a line in ours"],
)
def test_interference_is_named_and_repaired(
    subject: IosSubject, edit: tuple[str, ...], named: str
) -> None:
    driver = driver_of(subject)
    converge(driver, few(subject))
    subject.by_hand(*edit)
    drift = drift_of(driver, few(subject))
    assert drift.findings and not drift.delta
    assert any(named in f.what for f in drift.findings)
    converge(driver, few(subject))


# -- what it does ----------------------------------------------------------------------------


def test_management_and_everything_else_passes(subject: IosSubject) -> None:
    converge(driver_of(subject), more(subject))
    blocked = Packet(ip_address("198.51.100.7"), ip_address("192.0.2.1"), 6, 1024, 80)
    other = Packet(ip_address("203.0.113.9"), ip_address("192.0.2.1"), 6, 1024, 80)
    for interface in (HOSTING, UPSTREAM):
        assert not subject.router.would_pass(blocked, interface, "in")
        assert subject.router.would_pass(other, interface, "in")
    assert subject.router.would_pass(blocked, OFFICE, "in")


def test_everything_withdrawn_is_the_operators_letter_by_letter(subject: IosSubject) -> None:
    mark = ("object-group network ENF-OWNER", " host 127.255.255.254")

    def without_mark() -> list[str]:
        lines = subject.router.running().split("\n")
        kept = [x for x in lines if x not in mark and "description controller" not in x]
        return [x for x in kept if x != "!"]

    before = without_mark()
    converge(driver_of(subject), due(subject, EVERYTHING))
    assert without_mark() != before
    converge(driver_of(subject), NOTHING)
    assert without_mark() == before
