# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of ``order bulk`` on the fake application."""

from __future__ import annotations

from typer.testing import Result

from enforcer.application.commands import PlaceOrder
from tests.unit.cli.shell import Shell

GROUNDS = ("--reason", "spam run", "--for", "2h")


def bulk(shell: Shell, text: str, *options: str, form: str = "ndjson") -> Result:
    """The result of placing `text` from standard input."""
    return shell.run("order", "bulk", "-", *options, "-o", form, answer=text)


def sent(shell: Shell) -> list[PlaceOrder]:
    """All commands that the application got so far."""
    calls = [arguments for name, _, arguments in shell.application.calls if name == "place_many"]
    return [command for portion in calls for command in portion]
