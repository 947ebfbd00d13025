# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong on an EMULATED IOS-XR router: afterwards the next pass converges.

Nothing of the operator's is ever lost, nothing is called done that is not, and what cannot be
proved reachable takes itself back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drivers.cisco_xr.driver import CiscoXrDriver
from enforcer.control.writing import compared
from enforcer.errors import (
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
)
from tests.contract.worlds import EVERYTHING, OURS, converge, due, read
from tests.contract.xr_subject import HOSTING, UPSTREAM, XrSubject, driver_at
from tests.integration.xr_router import TRIAL, few, goes_wrong, more, router_served, staged

pytestmark = pytest.mark.emulated


@pytest.fixture
def subject() -> Iterator[XrSubject]:
    with router_served() as found:
        yield found


@pytest.fixture
def driver(subject: XrSubject) -> CiscoXrDriver:
    return driver_at(subject.device, OURS)


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
