# SPDX-License-Identifier: GPL-2.0-or-later
"""``--wait``: with and without a time, in time and not, and interrupted."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from enforcer.cli.group import with_wait_times
from tests.unit.cli.shell import Shell

PLACE = ("order", "block-address", "192.0.2.7", "--reason", "x", "--for", "2h")


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [
        (("--wait",), 30),
        (("--wait", "5"), 5),
        (("--wait", "2m"), 120),
        (("--wait=1h30m",), 5400),
        (("--wait", "--ticket", "T-1"), 30),
    ],
)
def test_the_time_is_optional(shell: Shell, typed: tuple[str, ...], seconds: int) -> None:
    result = shell.run(*PLACE, *typed)
    assert result.exit_code == 0
    assert shell.last("wait")[1] == timedelta(seconds=seconds)
    assert "● enforced" in result.stdout


def test_what_follows_wait_may_be_the_target(shell: Shell) -> None:
    result = shell.run(
        "order", "block-address", "--wait", "192.0.2.7", "--reason", "x", "--for", "2h"
    )
    assert result.exit_code == 0
    assert shell.last("wait")[1] == timedelta(seconds=30)


@pytest.mark.parametrize("order", ["0001-Y", "0001Y", "00014", "0001H", "-x", "acme"])
def test_an_order_id_is_never_taken_for_a_time(order: str) -> None:
    assert with_wait_times(["--wait", order]) == ["--wait", "30s", order]


def test_arguments_after_two_dashes_are_left_alone() -> None:
    assert with_wait_times(["a", "--", "--wait"]) == ["a", "--", "--wait"]


@pytest.mark.parametrize("typed", ["0", "2x", "0s"])
def test_a_time_that_cannot_be_read_places_nothing(shell: Shell, typed: str) -> None:
    result = shell.run(*PLACE, f"--wait={typed}")
    assert result.exit_code == 2
    assert shell.names() == []


@pytest.mark.parametrize("status", ["partial", "failing", "enforcing", "unverified", "withheld"])
def test_what_is_not_true_everywhere_is_exit_code_5(shell: Shell, status: str) -> None:
    shell.application.settles_as = status
    result = shell.run(*PLACE, "--wait", "5s")
    assert result.exit_code == 5
    assert status in result.stdout, "the order is printed all the same"
    assert f"0001-Y is {status} after 5s (edge1 is {status})" in result.stderr


def test_what_is_partial_for_protected_space_is_said_to_stay_so(shell: Shell) -> None:
    shell.application.settles_as = "partial"
    shell.application.withheld = ["203.0.113.25: our servers"]
    result = shell.run(*PLACE, "--wait", "5s")
    assert result.exit_code == 5
    assert "0001-Y is partial and stays so: what is protected is left out" in result.stderr


def test_not_settled_as_json(shell: Shell) -> None:
    shell.application.settles_as = "partial"
    result = shell.run(*PLACE, "--wait", "5s", "-o", "json")
    assert json.loads(result.stdout)["status"] == "partial"
    error = json.loads(result.stderr)
    assert (error["error"], error["exit_code"]) == ("not-settled", 5)


@pytest.mark.parametrize("status", ["scheduled", "expired", "lifted"])
def test_what_has_nothing_to_wait_for_is_settled(shell: Shell, status: str) -> None:
    shell.application.settles_as = status
    assert shell.run(*PLACE, "--wait").exit_code == 0


def test_ctrl_c_leaves_the_order_and_says_so(shell: Shell) -> None:
    shell.application.interrupt_wait()
    result = shell.run(*PLACE, "--wait")
    assert result.exit_code == 130
    assert "order 0001-Y stays" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("show", "0001-Y"),
        ("extend", "0001-Y", "--for", "1d"),
        ("shorten", "0001-Y", "--for", "1m"),
        ("lift", "0001-Y", "-r", "x"),
    ],
)
def test_every_change_can_be_waited_for(shell: Shell, command: tuple[str, ...]) -> None:
    shell.run(*PLACE)
    shell.application.settles_as = "lifted"
    result = shell.run("order", *command, "--wait", "7")
    assert result.exit_code == 0
    assert shell.last("wait") == ("0001-Y", timedelta(seconds=7))


@pytest.mark.parametrize("state", ["pause", "freeze"])
def test_what_is_placed_while_writes_are_stopped_says_that_it_waits(
    shell: Shell, state: str
) -> None:
    shell.run(state, "--reason", "maintenance")
    result = shell.run(*PLACE)
    assert result.exit_code == 0
    assert "warning: order 0001-Y waits: the controller is" in result.stderr
    assert "(maintenance) until 'enforcer resume'" in result.stderr
    shell.run("resume")
    assert "waits" not in shell.run(*PLACE).stderr


@pytest.mark.parametrize("state", ["pause", "freeze"])
def test_waiting_while_writes_are_stopped_says_why(shell: Shell, state: str) -> None:
    shell.run(state, "--reason", "maintenance")
    shell.application.settles_as = "enforcing"
    result = shell.run(*PLACE, "--wait")
    assert result.exit_code == 5
    assert "0001-Y is enforcing (edge1 is enforcing) and waits: the controller is" in result.stderr
    assert "after 30s" not in result.stderr


def test_a_pause_keeps_no_removal_back_but_a_freeze_does(shell: Shell) -> None:
    shell.run(*PLACE)
    shell.run("pause", "--reason", "maintenance")
    assert "waits" not in shell.run("order", "lift", "0001-Y", "-r", "x").stderr
    shell.run("freeze", "--reason", "maintenance")
    assert "waits" in shell.run("order", "lift", "0001-Y", "-r", "x").stderr
