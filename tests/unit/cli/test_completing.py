# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion: the script for each shell, and names and ids from the database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from enforcer.errors import StorageError
from tests.unit.cli.shell import Shell


def completed(shell: Shell, *words: str) -> list[str]:
    """What bash is offered after ``enforcer WORDS``."""
    result = shell.run(
        env={
            "_ENFORCER_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(("enforcer", *words)),
            "COMP_CWORD": str(len(words)),
        }
    )
    assert result.exit_code == 0
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.parametrize(
    ("name", "part"),
    [("bash", "complete -o default -F"), ("zsh", "#compdef enforcer"), ("fish", "--command")],
)
def test_the_script_of_each_shell(shell: Shell, name: str, part: str) -> None:
    result = shell.run("completion", name)
    assert (result.exit_code, result.stderr) == (0, "")
    assert part in result.stdout
    assert "_ENFORCER_COMPLETE" in result.stdout


def test_a_shell_that_is_none(shell: Shell) -> None:
    assert shell.run("completion", "tcsh").exit_code == 2


def test_bash_takes_the_script(shell: Shell) -> None:
    script = shell.run("completion", "bash").stdout + "\ncomplete -p enforcer\n"
    taken = subprocess.run(
        ["bash", "--norc", "-e"], input=script, capture_output=True, text=True, check=True
    )
    assert "_enforcer_completion" in taken.stdout


def test_names_and_ids(shell: Shell) -> None:
    for target in ("192.0.2.1", "192.0.2.2"):
        shell.placed("block-address", target, "-r", "x", "--for", "2h")
    shell.run("list", "import", "botnets", "-", answer="192.0.2.1\n")
    assert completed(shell, "order", "lift", "") == ["0002-W", "0001-Y"]
    assert completed(shell, "order", "lift", "0001") == ["0001-Y"]
    assert completed(shell, "device", "show", "edge") == ["edge1", "edge2"]
    assert completed(shell, "order", "list", "--customer", "ac") == ["acme"]
    assert completed(shell, "customer", "confirm-gone", "") == ["acme", "gone"]
    assert completed(shell, "list", "show", "") == ["botnets"]
    assert completed(shell, "source", "stop", "a") == ["api"]


def test_nothing_is_offered_where_nothing_is_known(shell: Shell) -> None:
    shell.application.fails = StorageError("away")
    assert completed(shell, "order", "lift", "") == []
    shell.config.unlink()
    assert completed(shell, "device", "show", "") == []


def test_a_database_that_does_not_answer_keeps_nobody_waiting(shell: Shell) -> None:
    impatient = Shell(shell.config, completion_patience=0.01)
    impatient.application.answers.clear()
    try:
        assert completed(impatient, "device", "show", "") == []
    finally:
        impatient.application.answers.set()


def test_without_a_database_nothing_fails_and_none_is_made(tmp_path: Path) -> None:
    config = tmp_path / "enforcer.toml"
    config.write_text("")
    script = "import sys; sys.argv[0] = 'enforcer'; from enforcer.cli.main import run; run()"
    words = f"enforcer --config {config} order lift "
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={
            "_ENFORCER_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": "5",
            "PATH": "/usr/bin",
        },
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == [config]
