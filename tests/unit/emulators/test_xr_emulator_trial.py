# SPDX-License-Identifier: GPL-2.0-or-later
"""Confirmed commits of the EMULATED IOS-XR router: who confirms, who may not, who rolls back."""

import pytest

from lab.emulators.cisco_xr import Router
from lab.emulators.shell import Shell
from tests.unit.emulators.xr_text import (
    CONFIGURATION,
    configuring,
    in_configuration,
    router,
    session,
    typed,
)

pytestmark = pytest.mark.emulated

BLOCK = ("object-group network ipv4 ENF-A", "198.51.100.9/32", "root")
CONFIRMED = "\n% Confirming commit for trial session."
NOTHING = "No configuration changes to commit."


def last(shell: Shell, line: str) -> str:
    """The answer without its timestamp."""
    return shell.line(line).text.partition(" UTC\n")[2]


def armed(device: Router, command: str = "commit confirmed 60") -> Shell:
    """A session with an unconfirmed commit."""
    shell = configuring(device, *BLOCK)
    assert last(shell, command) == ""
    return shell


def test_a_trial_is_in_force_and_the_same_session_confirms_it() -> None:
    device = router()
    shell = armed(device)
    assert "ENF-A" in device.running()
    assert last(shell, "commit") == CONFIRMED
    device.clock.advance(3600)
    assert "ENF-A" in device.running()
    assert [commit.client for commit in device.database.commits] == ["CLI"]
    assert last(shell, "end") == "" and not in_configuration(shell)


def test_commit_with_label_and_comment_confirms_as_recorded() -> None:
    shell = armed(router())
    assert last(shell, "commit label LABEL comment COMMENT") == CONFIRMED


def test_commit_confirmed_again_confirms_too() -> None:
    device = router()
    shell = armed(device)
    assert last(shell, "commit confirmed 60") == CONFIRMED
    device.clock.advance(120)
    assert "ENF-A" in device.running()


def test_an_unconfirmed_trial_is_undone_two_to_three_seconds_late() -> None:
    device = router()
    shell = armed(device)
    device.clock.advance(61.9)
    assert "ENF-A" in device.running()
    device.clock.advance(1.2)
    assert device.running() == CONFIGURATION
    assert last(shell, "commit") == NOTHING, "what is gone cannot be confirmed"
    newest = last(shell, "show configuration commit list").split("\n")[2]
    assert newest.startswith("1    1000000002  enforcer  vty0:node0_RP0_CPU  Rollback    ")


def test_the_timer_runs_when_the_session_is_lost() -> None:
    device = router()
    armed(device).closed()
    details = last(session(device), "show configuration sessions detail")
    assert "Client: commit-confirm" in details and "Process: cfgmgr_trial_co " in details
    device.clock.advance(30)
    assert "ENF-A" in device.running()
    device.clock.advance(33)
    assert device.running() == CONFIGURATION


@pytest.mark.parametrize(
    "command, seconds", [("commit confirmed minutes 2", 120), ("commit confirmed 65535", 65535)]
)
def test_minutes_and_seconds(command: str, seconds: int) -> None:
    device = router()
    armed(device, command)
    device.clock.advance(seconds)
    assert "ENF-A" in device.running()
    device.clock.advance(3)
    assert device.running() == CONFIGURATION


@pytest.mark.parametrize("value", ["29", "65536", "minutes 0", "minutes 1025", "minutes x"])
def test_times_out_of_range_are_refused(value: str) -> None:
    device = router()
    shell = configuring(device, *BLOCK)
    assert "% Invalid input detected" in shell.line(f"commit confirmed {value}").text
    assert device.running() == CONFIGURATION


def test_options_in_any_order_before_the_comment() -> None:
    device = router()
    armed(device, "commit label ENF-7 confirmed 60 comment order 7")
    commit = device.database.commits[0]
    assert (commit.label, commit.comment) == ("ENF-7", "order 7")
    assert device.database.trial is not None


def test_a_commit_that_changes_nothing_arms_nothing() -> None:
    device = router()
    shell = configuring(device, "hostname xr1")
    assert last(shell, "commit confirmed 60") == NOTHING
    assert device.database.trial is None
    assert "commit-confirm" not in last(shell, "do show configuration sessions detail")


def test_other_sessions_are_refused() -> None:
    device = router()
    arming = armed(device)
    other = session(device, "operator")
    typed(other, "configure")
    assert last(other, "commit") == NOTHING
    assert last(other, "commit confirmed 90") == NOTHING
    typed(other, "interface Loopback9", "description mine", "root")
    identity = device.database.sessions[0].identity
    assert last(other, "commit") == (
        f"% Cannot commit because there is an unexpired trial/rollback session '{identity}'."
    )
    assert "Loopback9" not in device.running()
    assert other.line("end").text == (
        "No changes will be saved because there is a concurrent trial configuration session."
    )
    assert other.line("configure exclusive").text == (
        "Cannot enter exclusive mode. A trial commit is underway in another configuration session."
    )
    with pytest.raises(ValueError, match="unexpired trial"):
        device.by_hand("hostname other\n")
    assert last(arming, "commit") == CONFIRMED


def test_the_lock_is_released_once_the_trial_runs() -> None:
    device = router()
    shell = session(device)
    typed(shell, "configure exclusive", *BLOCK, "commit confirmed 60")
    details = last(session(device), "show configuration sessions detail")
    assert details.count("Lock: None") == 2
    assert "Elapsed Time: 0 sec." in details


def test_ending_the_arming_session_asks_and_yes_rolls_back_at_once() -> None:
    device = router()
    shell = armed(device)
    reply = shell.line("end")
    assert reply.question and reply.text.endswith("\nDo you wish to exit? [no]:")
    assert "the router will immediately rollback to the previous configuration." in reply.text
    assert shell.line("").text == "" and in_configuration(shell)
    assert "ENF-A" in device.running(), "the default is no"
    typed(shell, "end", "yes")
    assert not in_configuration(shell)
    assert device.running() == CONFIGURATION
    assert device.database.commits[0].client == "Rollback"
    device.clock.advance(120)
    assert len(device.database.commits) == 2, "the timer does not fire again"


def test_abort_on_the_arming_session_rolls_back_too() -> None:
    device = router()
    typed(armed(device), "abort")
    assert device.running() == CONFIGURATION


def test_changes_after_arming_are_committed_with_the_confirmation() -> None:
    device = router()
    shell = armed(device)
    typed(shell, "object-group network ipv4 ENF-B", "host 192.0.2.8")
    assert last(shell, "commit") == CONFIRMED
    assert "ENF-B" in device.running()


def test_a_reboot_does_not_confirm() -> None:
    device = router()
    armed(device)
    assert device.startup() == CONFIGURATION
    device.reboot()
    assert device.running() == CONFIGURATION
