# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people, and the proof of a trial, on an EMULATED IOS-XR router.

Nobody's lock, trial or open edits are touched; what is not proved to leave the router reachable
and its neighbors up is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from drivers._ssh.gate import Gate
from drivers.cisco_xr import committing
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.link import Link
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Rule
from enforcer.driver_api import Applied
from enforcer.errors import (
    DeviceBusy,
    DeviceError,
    StaleState,
)
from lab.emulators.cisco_xr import Router
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, OURS, converge, due, read
from tests.contract.xr_subject import HOSTING, UPSTREAM, Password, XrSubject, driver_at
from tests.integration.xr_router import TRIAL, few, goes_wrong, router_served, staged

pytestmark = pytest.mark.emulated


class RouterTime(SystemClock):
    """Whoever sleeps lets the emulated router's time pass instead."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def sleep(self, seconds: float) -> None:
        """See `Clock`."""
        self._router.clock.advance(seconds)


@pytest.fixture
def subject() -> Iterator[XrSubject]:
    with router_served() as found:
        yield found


@pytest.fixture
def driver(subject: XrSubject) -> CiscoXrDriver:
    return driver_at(subject.device, OURS)


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


def test_a_trial_that_outlived_its_session_is_neither_read_nor_written_over(
    subject: XrSubject, driver: CiscoXrDriver
) -> None:
    """The process died before it confirmed: a fresh one must not call that state the device's."""
    wanted, before = few(subject), subject.router.running()
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        session.stage(plan.batches[0])
        fresh = driver_at(subject.device, OURS)
        assert subject.router.running() != before, "it stands, unconfirmed"
        with fresh.connect() as other, pytest.raises(DeviceBusy, match=r"enforcer waits.*ENF-"):
            other.read_state()
        with pytest.raises(DeviceBusy, match="confirmation"):
            staged(fresh, wanted)
        subject.router.clock.advance(TRIAL + 5)
        assert subject.router.running() == before
        converge(fresh, wanted)


def test_an_operators_trial_is_no_state_to_read(subject: XrSubject, driver: CiscoXrDriver) -> None:
    operator = subject.router.other_operator()
    operator.line("configure")
    operator.line(f"interface {UPSTREAM} description his trial")
    operator.line("commit confirmed 300")
    with pytest.raises(DeviceBusy, match="may yet be rolled back"):
        read(driver)
    operator.line("commit")
    operator.line("end")
    operator.closed()
    assert not read(driver).hold


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


def test_a_suspended_customer_loses_his_own_session_and_that_is_no_loss(
    subject: XrSubject,
) -> None:
    """The session on the link that goes down on purpose is not missed."""
    router = subject.router
    router.neighbors.add("10.1.0.2", 64501)
    shut = rf"interface {UPSTREAM}\n(?: .*\n)* shutdown"
    router.neighbors.goes_down_while("10.1.0.2", shut, hold_seconds=0.0)
    member = InterfaceMember(UPSTREAM, NO_END, 7)
    wanted = Desired(NAME, interfaces={Rule(0, Key.INTERFACE): (member,)}, mark=OURS)
    converge(slow_to_judge(subject, router), wanted)
    assert router.neighbors.state("10.1.0.2") == "Idle"
    assert re.search(shut, router.running())


def test_another_customers_session_is_still_missed(subject: XrSubject) -> None:
    router = subject.router
    router.neighbors.add("10.1.0.2", 64501)
    router.neighbors.goes_down_while("10.1.0.2", " shutdown", hold_seconds=0.0)
    before = router.running()
    member = InterfaceMember(HOSTING, NO_END, 7)
    wanted = Desired(NAME, interfaces={Rule(0, Key.INTERFACE): (member,)}, mark=OURS)
    with pytest.raises(DeviceError, match=r"(?s)10\.1\.0\.2.*rolled back"):
        staged(slow_to_judge(subject, router), wanted)
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
    with pytest.raises(DeviceError, match="resequence access-list ipv4 CUSTOMER 1000 10"):
        staged(driver, wanted)
    subject.by_hand("ipv4 access-list CUSTOMER", "no 1", "90 permit tcp any any")
    converge(driver, wanted)
