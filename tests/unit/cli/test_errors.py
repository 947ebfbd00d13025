# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors: one line or one object, and the right exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.errors import (
    AnotherControllerActive,
    AuditBroken,
    ConfigurationInvalid,
    DeviceUnreachable,
    EnforcerError,
    InvalidInput,
    NotFound,
    OrderRefused,
    StorageError,
)
from tests.unit.cli.shell import Shell

CASES: list[tuple[EnforcerError, int, str]] = [
    (InvalidInput("what?"), 2, "invalid-input"),
    (NotFound("no such order"), 3, "not-found"),
    (OrderRefused("protected-prefix", "it is ours"), 4, "refused"),
    (ConfigurationInvalid("enforcer.toml: tick: no"), 1, "configuration"),
    (StorageError("disk full"), 1, "storage"),
    (AuditBroken("entry 7 was changed"), 1, "storage"),
    (AnotherControllerActive("pid 7"), 1, "another-controller"),
    (DeviceUnreachable("edge1", "no route"), 1, "device"),
    (EnforcerError("something"), 1, "error"),
]


@pytest.mark.parametrize(("error", "code", "kind"), CASES)
def test_an_error_is_one_line(shell: Shell, error: EnforcerError, code: int, kind: str) -> None:
    shell.application.fails = error
    result = shell.run("status")
    assert result.exit_code == code
    assert result.stdout == ""
    refusal = "[protected-prefix] " if isinstance(error, OrderRefused) else ""
    assert result.stderr == f"error: {refusal}{error}\n"


@pytest.mark.parametrize(("error", "code", "kind"), CASES)
@pytest.mark.parametrize("form", [("-o", "json"), ("--output=ndjson",)])
def test_an_error_is_an_object(
    shell: Shell, error: EnforcerError, code: int, kind: str, form: tuple[str, ...]
) -> None:
    shell.application.fails = error
    result = shell.run("status", *form)
    assert result.exit_code == code
    stated = json.loads(result.stderr)
    assert (stated["error"], stated["message"]) == (kind, str(error))
    assert stated["exit_code"] == code
    assert stated.get("code") == (error.code if isinstance(error, OrderRefused) else None)
    assert stated.get("device") == ("edge1" if kind == "device" else None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ordr",),
        ("order", "block-adress"),
        ("order", "list", "--limit", "many"),
        ("order", "list", "--no-such-option"),
        ("order", "show"),
        ("order", "block-address", "192.0.2.1", "-d", "sideways", "-r", "x", "--for", "1h"),
    ],
)
def test_a_usage_error_is_one_line_and_points_to_the_help(
    shell: Shell, arguments: tuple[str, ...]
) -> None:
    result = shell.run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert "--help'" in result.stderr
    usage = json.loads(shell.run(*arguments, "-o", "json").stderr)
    assert (usage["error"], usage["exit_code"]) == ("usage", 2)


def test_a_mistyped_command_gets_a_suggestion(shell: Shell) -> None:
    assert "block-address" in shell.run("order", "block-adress").stderr


def test_no_command_shows_the_help(shell: Shell) -> None:
    result = shell.run()
    assert result.exit_code == 2
    assert "block-address" in result.stdout
    assert result.stderr == ""


def test_two_v_tell_where_an_error_came_from(shell: Shell) -> None:
    shell.application.fails = StorageError("disk full")
    assert "Traceback" not in shell.run("status", "-v").stderr
    assert "Traceback" in shell.run("status", "-vv").stderr


@pytest.mark.parametrize(
    ("flags", "level"), [((), "warning"), (("-v",), "info"), (("-v", "-v"), "debug")]
)
def test_v_raises_the_log_level(shell: Shell, flags: tuple[str, ...], level: str) -> None:
    shell.run("status", *flags)
    assert shell.made_with[-1].log_level == level


@pytest.mark.parametrize("arguments", [("--actor", "", "status"), ("status", "--actor", " ")])
def test_an_empty_actor_is_refused(shell: Shell, arguments: tuple[str, ...]) -> None:
    result = shell.run(*arguments)
    assert result.exit_code == 2
    assert result.stderr == "error: --actor is empty: give a name, or leave it out\n"


def test_an_answer_that_cannot_be_written_is_an_error_without_a_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "enforcer.cli.main", "completion", "bash"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert run.stderr.startswith("error: No space left on device")
    assert "Traceback" not in run.stderr
