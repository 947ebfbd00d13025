# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller stops, dies, is paused or cannot reach a router: nothing is forgotten."""

import signal
import subprocess
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import BlockAddress
from enforcer.errors import OrderRefused
from lab.installation import handle_missing
from lab.isp import CUST1, THIRD, VICTIM
from lab.probes import udp
from lab.shell import wait_until
from tests.lab.conftest import LabView
from tests.lab.enforcement.crossings import Crossing, crossing, passed, stopped
from tests.lab.enforcement.desk import ME, Desk

pytestmark = pytest.mark.root

FIRST, SECOND = CUST1.more4
A = BlockAddress(ip_network(FIRST))
B = BlockAddress(ip_network(SECOND))
SOON = timedelta(seconds=1)
"""Under a pause or a freeze only what starts in the future is taken."""


def sent_from(address: str) -> Crossing:
    return crossing("cust1", "victim", udp(address, VICTIM.v4, 9))


def test_enforcement_outlives_a_killed_controller(desk: Desk) -> None:
    standing = desk.place(A)
    with desk.controller.absent(signal.SIGKILL):
        assert passed(sent_from(FIRST)) == [], "the rules are in the kernel"
        meanwhile = desk.place(B, settled=False)
        desk.lift(standing, settled=False)
        assert desk.status(standing) == "removing"
        assert passed(sent_from(FIRST)) == []
        assert stopped(sent_from(SECOND)) == []
    desk.await_status(meanwhile, "enforced")
    desk.await_gone(standing.id)
    assert stopped(sent_from(FIRST)) == []
    assert passed(sent_from(SECOND)) == []
    assert desk.chain_holds()
    assert desk.in_step()


def test_a_controller_that_is_told_to_stop_changes_nothing(desk: Desk) -> None:
    desk.place(A)
    with desk.controller.absent():
        assert passed(sent_from(FIRST)) == []
    assert passed(sent_from(FIRST)) == []
    assert desk.in_step()


def test_its_exit_code_is_zero_when_told_to_stop(desk: Desk) -> None:
    assert desk.controller.stop() == 0
    desk.controller.start()
    assert desk.app.control(ME).leader


def test_tampering_while_no_controller_runs_is_repaired_at_its_start(
    desk: Desk, lab: LabView
) -> None:
    desk.place(A)
    with desk.controller.absent():
        lab.nft("edge1", "delete table inet enforcer")
        assert stopped(sent_from(FIRST)) == []
    desk.full_pass("edge1")
    assert passed(sent_from(FIRST)) == []


def test_a_waiting_command_does_the_work_where_no_controller_runs(desk: Desk) -> None:
    with desk.controller.absent():
        order = desk.by_command("block-address", FIRST, "--for", "1h")
        assert order["status"] == "enforced"
        assert passed(sent_from(FIRST)) == []
        lifted = desk.installation.ask("order", "lift", order["id"], "-r", "over", "--wait", "30s")
        assert lifted["status"] == "lifted"
        assert stopped(sent_from(FIRST)) == []


def test_a_second_controller_stands_by_and_takes_over(desk: Desk, tmp_path: Path) -> None:
    said = tmp_path / "second.log"
    with said.open("wb") as log:
        second = subprocess.Popen(desk.installation.words("run"), stdout=log, stderr=log)
        try:
            wait_until(
                lambda: "standing by" in said.read_text(), "the second stands by", timeout=60
            )
            assert second.poll() is None
            standing = desk.place(A)
            with desk.controller.absent(signal.SIGKILL):
                wait_until(lambda: "controller running" in said.read_text(), "it leads", timeout=60)
                desk.lift(standing, settled=False)
                desk.await_gone(standing.id)
                assert stopped(sent_from(FIRST)) == []
                second.terminate()
                assert second.wait(60) == 0
        finally:
            if second.poll() is None:
                second.kill()
                second.wait()


def test_a_pause_stops_additions_and_outlives_a_restart(desk: Desk) -> None:
    standing = desk.place(A)
    desk.installation.ask("pause", "--reason", "maintenance")
    with pytest.raises(OrderRefused, match="enforcer resume"):
        desk.place(B, settled=False)
    waiting = desk.place(B, after=SOON, settled=False)
    desk.await_status(waiting, "enforcing")
    assert desk.full_pass("edge1") == "held"
    assert desk.status(waiting) != "enforced"
    assert stopped(sent_from(SECOND)) == []
    with desk.controller.absent():
        pass
    assert desk.full_pass("edge1") == "held"
    assert desk.app.control(ME).state == "paused"
    assert stopped(sent_from(SECOND)) == []
    assert passed(sent_from(FIRST)) == []
    desk.lift(standing, settled=False)
    desk.full_pass("edge1")
    assert stopped(sent_from(FIRST)) == [], "what ends is removed under a pause"
    desk.installation.ask("resume")
    desk.await_status(waiting, "enforced")
    assert passed(sent_from(SECOND)) == []
    desk.await_gone(standing.id)


def test_a_freeze_stops_removals_too_and_outlives_a_restart(desk: Desk) -> None:
    standing = desk.place(A)
    desk.installation.ask("freeze", "--reason", "something removes the wrong rules")
    desk.lift(standing, settled=False)
    waiting = desk.place(B, after=SOON, settled=False)
    desk.await_status(waiting, "enforcing")
    with desk.controller.absent():
        pass
    assert desk.full_pass("edge1") == "held"
    assert desk.app.control(ME).state == "frozen"
    assert desk.status(standing) == "removing"
    assert passed(sent_from(FIRST)) == []
    assert stopped(sent_from(SECOND)) == []
    desk.installation.ask("resume")
    desk.await_gone(standing.id)
    desk.await_status(waiting, "enforced")
    assert stopped(sent_from(FIRST)) == []
    assert passed(sent_from(SECOND)) == []


def test_an_order_that_ends_while_its_router_is_unreachable_is_removed_on_return(
    desk: Desk, lab: LabView
) -> None:
    """The other router goes on meanwhile."""
    handle, pid = lab.netns("edge1"), lab.pid("edge1")
    desk.controller.stop()
    with handle_missing(handle, pid):
        desk.controller.start()
        assert desk.full_pass("edge1") == "failed"
        ending = desk.place(B, lasting=timedelta(seconds=1), settled=False)
        elsewhere = desk.place(BlockAddress(ip_network(THIRD.v4)))
        desk.lift(elsewhere)
        desk.await_status(ending, "removing")
        assert desk.app.device(ME, "edge1").status == "failing"
    desk.await_gone(ending.id)
    assert desk.status(ending) == "expired"
    assert desk.in_step()


def test_what_stands_on_an_unreachable_router_goes_on_until_it_returns(
    desk: Desk, lab: LabView
) -> None:
    handle, pid = lab.netns("edge1"), lab.pid("edge1")
    standing = desk.place(A)
    desk.controller.stop()
    with handle_missing(handle, pid):
        desk.controller.start()
        desk.lift(standing, settled=False)
        assert desk.full_pass("edge1") == "failed"
        assert desk.status(standing) == "removing"
        assert passed(sent_from(FIRST)) == []
    desk.await_gone(standing.id)
    assert stopped(sent_from(FIRST)) == []
