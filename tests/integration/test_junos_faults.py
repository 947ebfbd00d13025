# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong while an EMULATED Junos router is written to, one fault at a time.

After each of them the next pass converges, nothing of the operator's is lost, and what could not
be proved reachable is gone again.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers._ssh.gate import Gate
from drivers.juniper_junos.driver import JunosDriver
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.driver_api import Applied
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
)
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from tests.contract.junos_subject import (
    ORIGINAL,
    UPSTREAM,
    JunosSubject,
    Password,
    device_at,
    driver_at,
)
from tests.contract.subject import NAME
from tests.contract.worlds import (
    EVERYTHING,
    NOTHING,
    OURS,
    converge,
    due,
    read,
)
from tests.integration.junos_router import (
    BLOCK,
    MORE,
    interfaces_down,
    lines,
    original,
    passes,
    recovers,
    somebody_else,
    staged_and_confirmed,
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
    assert lines(subject.router) == original()
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
    assert lines(subject.router) == original()
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
    assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


def test_what_is_abandoned_is_gone(subject: JunosSubject, driver: JunosDriver) -> None:
    wanted = due(subject, BLOCK)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        assert session.stage(plan.batches[0]).abandon() is Applied.ABANDONED
        assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


# -- what cannot be proved -------------------------------------------------------------------


def test_a_box_that_nobody_can_log_in_to_any_more_is_taken_back(
    subject: JunosSubject, driver: JunosDriver
) -> None:
    wanted = due(subject, BLOCK)
    subject.router.faults.unreachable_while(r"input-list ENF-IN4")
    with pytest.raises(DeviceError, match=r"cannot be logged in to any more.*taken back"):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


def test_a_lost_adjacency_takes_it_back(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.neighbors.add("10.1.0.2", 64501)
    subject.router.neighbors.goes_down_while("10.1.0.2", r"input-list ENF-IN4", hold_seconds=0.0)
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError, match=r"BGP lost 10\.1\.0\.2.*taken back"):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original()
    assert subject.router.neighbors.state("10.1.0.2") == "Established"
    subject.router.neighbors.goes_down_while("10.1.0.2", r"nothing of this", hold_seconds=0.0)
    recovers(subject, driver, wanted)


class Passing(SystemClock):
    """A clock on which waiting lets the router's time pass, and no other."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def sleep(self, seconds: float) -> None:
        self._router.clock.advance(seconds)


def test_adjacencies_are_judged_after_their_hold_time(router: Router, server: Serving) -> None:
    """SSH survives at once what BGP only notices when its hold time is over."""
    subject = JunosSubject(router, server)
    router.neighbors.add("10.1.0.2", 64501)
    router.neighbors.goes_down_while("10.1.0.2", r"input-list ENF-IN4", hold_seconds=90.0)
    wanted = due(subject, BLOCK)
    slow = JunosDriver(
        device_at(server, hold_time="100"), Password(), OURS, Passing(router), Gate(per_device=4)
    )
    with pytest.raises(DeviceError, match=r"BGP lost 10\.1\.0\.2.*taken back"):
        staged_and_confirmed(slow, wanted)
    assert lines(router) == original()
    hasty = driver_at(subject.device, OURS)
    converge(hasty, wanted)


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
    assert lines(router) == original()


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
    assert lines(subject.router) == original()
    with somebody_else(subject.router) as other:
        assert "Entering" in other.line("configure exclusive").text
    subject.router.options.edit_rights = {}
    recovers(subject, driver, wanted)


def test_a_half_line_is_noticed(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.faults.lose_half_line(6)
    wanted = due(subject, BLOCK)
    with pytest.raises(DeviceError):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


def test_a_full_box_refuses_the_commit(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.faults.full_at(3)
    wanted = due(subject, EVERYTHING)
    with pytest.raises(CommandRejected):
        staged_and_confirmed(driver, wanted)
    assert lines(subject.router) == original()
    recovers(subject, driver, wanted)


def test_who_may_not_configure_is_told_so(subject: JunosSubject, driver: JunosDriver) -> None:
    subject.router.options.view_only = frozenset({"enforcer"})
    with pytest.raises(AuthenticationFailed, match="configure exclusive"):
        staged_and_confirmed(driver, due(subject, BLOCK))
    assert lines(subject.router) == original()


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
