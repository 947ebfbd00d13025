# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong on an EMULATED IOS-XR router: afterwards the next pass converges.

Nothing of the operator's is ever lost, nothing is called done that is not, and what cannot be
proved reachable takes itself back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from drivers._ssh.gate import Gate
from drivers.cisco_xr import committing
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.link import Link
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.core.rules import Desired
from enforcer.driver_api import Applied
from enforcer.errors import (
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
    Unsupported,
)
from lab.emulators.cisco_xr import Router
from lab.emulators.server import serving
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, due, read
from tests.contract.xr_subject import (
    HOSTING,
    UPSTREAM,
    Password,
    XrSubject,
    driver_at,
)

pytestmark = pytest.mark.emulated
TRIAL = 60
"""Seconds, as the subject's device says."""


class RouterTime(SystemClock):
    """Whoever sleeps lets the emulated router's time pass instead."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        self._router.clock.advance(seconds)


@pytest.fixture
def subject() -> Iterator[XrSubject]:
    router = Router(NAME)
    with serving(router) as server:
        yield XrSubject(router, server)


@pytest.fixture
def driver(subject: XrSubject) -> CiscoXrDriver:
    return driver_at(subject.device, OURS)


def staged(driver: CiscoXrDriver, wanted: Desired) -> None:
    """One pass without a read-back."""
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        for batch in plan.batches:
            session.stage(batch).confirm()


def few(subject: XrSubject) -> Desired:
    return due(subject, EVERYTHING[:3])


def more(subject: XrSubject) -> Desired:
    return due(subject, EVERYTHING[:5])


def goes_wrong(
    subject: XrSubject, driver: CiscoXrDriver, error: type[DeviceError], saying: str = "."
) -> None:
    """A first block fails and leaves the box as it was; then the next pass brings it."""
    foreign, before = subject.foreign(), subject.router.running()
    with pytest.raises(error, match=saying):
        staged(driver, few(subject))
    subject.router.clock.advance(TRIAL + 5)
    assert subject.router.running() == before
    subject.router.faults.clear()
    converge(driver, few(subject))
    assert subject.foreign() == foreign
    converge(driver, NOTHING)
    assert subject.foreign() == foreign


# -- the session -----------------------------------------------------------------------------


@pytest.mark.parametrize("line", [1, 4, 9, 20])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_session_lost_in_the_middle_leaves_nothing(
    subject: XrSubject, driver: CiscoXrDriver, line: int, when: str
) -> None:
    subject.router.faults.drop_session(line, when="before" if when == "before" else "after")
    goes_wrong(subject, driver, DeviceUnreachable)


@pytest.mark.parametrize("applied", [True, False])
def test_a_session_lost_in_the_commit_of_a_trial_is_taken_back_by_the_box(
    subject: XrSubject, driver: CiscoXrDriver, applied: bool
) -> None:
    subject.router.faults.drop_during_commit(applied=applied)
    goes_wrong(subject, driver, DeviceUnreachable)


@pytest.mark.parametrize("applied", [True, False])
def test_a_session_lost_in_the_commit_of_members_is_read_back(
    subject: XrSubject, driver: CiscoXrDriver, applied: bool
) -> None:
    """Whether it stands only the box can tell; the next pass asks it."""
    converge(driver, due(subject, EVERYTHING[:1]))
    subject.router.faults.drop_during_commit(applied=applied)
    with pytest.raises(DeviceUnreachable):
        staged(driver, due(subject, EVERYTHING[:3]))
    assert ("198.51.100.64" in subject.router.running()) is applied
    converge(driver, due(subject, EVERYTHING[:3]))


def test_the_controller_dies_in_a_trial_and_the_box_takes_it_back(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    before = subject.router.running()
    with driver.connect() as session:
        actual = session.read_state()
        wanted = few(subject)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        session.stage(plan.batches[0])
        for line in list(subject.router.sessions):
            line.drop()
    assert "ENF-V4" in subject.router.running(), "the trial goes on without its session"
    with pytest.raises(DeviceBusy):
        staged(driver, due(subject, EVERYTHING[3:4]))
    subject.router.clock.advance(TRIAL + 5)
    assert subject.router.running() == before
    converge(driver, wanted)


def test_a_trial_that_nobody_confirmed_ends_with_its_session(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    before = subject.router.running()
    with driver.connect() as session:
        actual = session.read_state()
        wanted = few(subject)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        session.stage(plan.batches[0])
        assert subject.router.running() != before
    assert subject.router.running() == before, "at once, not when its timer fires"


def test_a_line_that_lost_its_half_is_never_committed(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    subject.router.faults.lose_half_line(5)
    goes_wrong(subject, driver, DeviceError)


def test_syslog_between_the_lines_changes_nothing(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    subject.router.faults.interleave_syslog(
        "RP/0/RP0/CPU0:Nov 22 01:02:03.456 UTC: config[65891]: %MGBL-SYS-5-CONFIG_I : Configured"
    )
    converge(driver, more(subject))


def test_a_reboot_in_a_trial_takes_it_back(subject: XrSubject, driver: CiscoXrDriver) -> None:
    before = subject.router.running()
    with driver.connect() as session:
        actual = session.read_state()
        wanted = few(subject)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        trial = session.stage(plan.batches[0])
        subject.router.reboot()
        with pytest.raises(DeviceError):
            trial.confirm()
    assert subject.router.running() == before
    converge(driver, wanted)


def test_what_was_committed_survives_a_reboot(subject: XrSubject, driver: CiscoXrDriver) -> None:
    converge(driver, more(subject))
    before = subject.router.running()
    subject.router.reboot()
    assert subject.router.running() == before


# -- refusals --------------------------------------------------------------------------------


def test_a_refused_command_is_named_and_nothing_stands(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    subject.router.faults.refuse(r"access-group", "% Invalid input detected at '^' marker.")
    goes_wrong(subject, driver, CommandRejected, "access-group")


def test_aaa_refuses_in_the_middle_of_the_list(subject: XrSubject, driver: CiscoXrDriver) -> None:
    subject.router.faults.refuse_authorization(6, lines=3)
    goes_wrong(subject, driver, CommandRejected, "not authorized")


def test_a_full_tcam_is_called_so(subject: XrSubject, driver: CiscoXrDriver) -> None:
    subject.router.faults.full_at(0)
    goes_wrong(subject, driver, CommandRejected, r"TCAM")


def test_the_reasons_of_a_failed_commit_are_told_and_the_buffer_is_dropped(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    subject.router.commit_refusals.append("'ipv4_acl_mgr' detected the 'warning' condition 'no'")
    goes_wrong(subject, driver, CommandRejected, r"(?s)ipv4_acl_mgr.*SEMANTIC ERRORS")


# -- others ----------------------------------------------------------------------------------


def test_another_operator_has_the_lock(subject: XrSubject, driver: CiscoXrDriver) -> None:
    operator = subject.router.other_operator()
    operator.line("configure exclusive")
    operator.line(f"interface {UPSTREAM} description his own")
    with pytest.raises(DeviceBusy, match="somebody else"):
        staged(driver, few(subject))
    operator.line("commit")
    assert "his own" in subject.router.running(), "his edits were not touched"
    operator.line("end")
    operator.closed()
    converge(driver, few(subject))


def test_another_operators_trial_is_left_alone(subject: XrSubject, driver: CiscoXrDriver) -> None:
    operator = subject.router.other_operator()
    operator.line("configure")
    operator.line(f"interface {UPSTREAM} description his trial")
    operator.line("commit confirmed 300")
    with pytest.raises(DeviceBusy):
        staged(driver, few(subject))
    assert "his trial" in subject.router.running()
    operator.line("commit")
    operator.line("end")
    operator.closed()
    converge(driver, few(subject))
    assert "his trial" in subject.router.running()


def test_an_operators_open_edits_are_neither_committed_nor_dropped(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    operator = subject.router.other_operator()
    operator.line("configure")
    operator.line(f"interface {UPSTREAM} description not yet")
    converge(driver, few(subject))
    assert "not yet" not in subject.router.running()
    assert "not yet" in operator.line("show configuration").text
    operator.closed()


def test_somebody_commits_between_reading_and_writing(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    with driver.connect() as session:
        actual = session.read_state()
        wanted = few(subject)
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        subject.touch_foreign()
        before = subject.router.running()
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        assert subject.router.running() == before
        converge(driver, wanted)


def test_the_question_about_others_commits_is_answered_no(subject: XrSubject) -> None:
    """Somebody commits while our buffer is full: what we planned was planned without him."""
    terminal = _link(subject).open()
    try:
        terminal.ask("configure")
        committing.fill(NAME, terminal, ["object-group network ipv4 ENF-X", "host 192.0.2.1"])
        subject.touch_foreign()
        with pytest.raises(StaleState):
            committing.commit(NAME, terminal, "comment enforcer")
        assert "ENF-X" not in subject.router.running()
        # Back in exec mode, with nothing left in the buffer.
        assert "ENF-X" not in terminal.ask("show running-config object-group", refuse=False)
    finally:
        terminal.close()


def test_an_unknown_question_is_never_answered(subject: XrSubject) -> None:
    terminal = _link(subject).open()
    subject.router.faults.refuse(r"^commit", "Is the moon full? [yes]: ")
    terminal.ask("configure")
    committing.fill(NAME, terminal, ["object-group network ipv4 ENF-X", "host 192.0.2.1"])
    with pytest.raises(DeviceError):
        committing.commit(NAME, terminal, "")
    terminal.close()
    assert "ENF-X" not in subject.router.running()


def _link(subject: XrSubject) -> Link:
    return driver_at(subject.device, OURS).link


# -- proof -----------------------------------------------------------------------------------


def test_what_cuts_management_takes_itself_back_at_once(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    subject.router.faults.unreachable_while("ENF-V4 ingress")
    goes_wrong(subject, driver, DeviceError, "(?s)cannot be logged in.*rolled back")


def test_what_cuts_an_adjacency_takes_itself_back(subject: XrSubject) -> None:
    """SSH lives on while BGP dies at its hold time: only then it is judged."""
    router = subject.router
    router.neighbors.add("10.1.0.2", 64501)
    router.neighbors.goes_down_while("10.1.0.2", "ENF-V4 ingress", hold_seconds=20)
    before = router.running()
    driver = slow_to_judge(subject, router)
    with pytest.raises(DeviceError, match=r"(?s)10\.1\.0\.2.*rolled back"):
        staged(driver, few(subject))
    assert router.running() == before


def test_adjacencies_that_were_down_before_do_not_matter(subject: XrSubject) -> None:
    subject.router.neighbors.add("10.1.0.2", 64501)
    subject.router.neighbors.set_state("10.1.0.2", established=False)
    converge(slow_to_judge(subject, subject.router), few(subject))


def slow_to_judge(subject: XrSubject, router: Router) -> CiscoXrDriver:
    """A driver that waits for the hold time, on the router's clock."""
    device = subject.device
    slow = replace(device, options={**device.options, "hold_time": "25"})
    return CiscoXrDriver.from_device(
        slow, Password(), OURS, clock=RouterTime(router), gate=Gate(per_device=16)
    )


def test_a_commit_that_changes_nothing_arms_nothing(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    wanted = few(subject)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        session.stage(plan.batches[0]).confirm()
        token = session.fingerprint().token
        session.read_state()
        again = session.stage(plan.batches[0])
        assert again.confirm() is Applied.APPLIED
        assert session.fingerprint().token == token
    assert subject.router.database.trial is None


def test_a_trial_carries_label_and_comment_and_members_a_comment(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    converge(driver, few(subject))
    first = subject.router.database.commits[0]
    assert first.label.startswith("ENF-0001-Y-") and len(first.label) <= 30
    assert first.comment == "enforcer 0001-Y 0002-W 0003-T"
    converge(driver, due(subject, (*EVERYTHING[:3], EVERYTHING[9])))
    second = subject.router.database.commits[0]
    assert (second.label, second.comment) == ("", "enforcer 0004-R")


def test_a_permit_that_leaves_no_room_above_it_is_named_with_the_remedy(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    wanted = few(subject)
    converge(driver, wanted)
    subject.by_hand("ipv4 access-list CUSTOMER", "1 permit tcp any any")
    drift = compared(driver, wanted, read(driver))
    assert any("no free sequence number" in finding.detail for finding in drift.findings)
    with pytest.raises(Unsupported, match="resequence access-list ipv4 CUSTOMER 1000 10"):
        driver.plan(wanted, drift, read(driver))
    subject.by_hand("ipv4 access-list CUSTOMER", "no 1", "90 permit tcp any any")
    converge(driver, wanted)


# -- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [1, 3, 6])
@pytest.mark.parametrize("section", ["object-group", "access-list", "interface"])
def test_a_truncated_section_is_never_taken_for_the_whole(
    subject: XrSubject, driver: CiscoXrDriver, section: str, lines: int
) -> None:
    converge(driver, more(subject))
    subject.router.faults.truncate_output(section, lines)
    with pytest.raises(ParseFailed):
        read(driver)


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.by_hand(
            *("ipv4 access-list NEW", "100 permit ipv4 any any"),
            *(f"interface {HOSTING}", "ipv4 access-group NEW ingress"),
        ),
        lambda s: s.by_hand("ipv4 access-list CUSTOMER", "no 1", "no 2", "9 permit tcp any any"),
        lambda s: s.by_hand(f"interface {UPSTREAM}", "no ipv4 access-group ENF-V4 egress"),
    ],
    ids=["another list bound", "permit above ours", "unbound"],
)
def test_interference_is_named(
    subject: XrSubject, driver: CiscoXrDriver, edit: Callable[[XrSubject], None]
) -> None:
    wanted = few(subject)
    converge(driver, wanted)
    edit(subject)
    drift = compared(driver, wanted, read(driver))
    assert drift.findings and not drift.delta
    converge(driver, wanted)
