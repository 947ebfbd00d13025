# SPDX-License-Identifier: GPL-2.0-or-later
"""The console script ``enforcer``."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from enforcer.cli.wiring import ApplicationFactory, Wiring

DISTRIBUTION = "network-enforcer"

HELP = """Network enforcement controller: orders become device state, stay true,
end on time and are recorded.

Start with 'enforcer init', 'enforcer doctor' and 'enforcer run'; then place
an order, look at it, and lift it.

Example:
  enforcer order block-address 192.0.2.7 --for 2h --reason "phishing"
  enforcer order list
  enforcer why 192.0.2.7"""

EPILOG = "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 refused, 5 partial or timed out, \
10 drift found."


def run() -> int:
    """Run the command line of this process; returns or exits with the exit code."""
    if sys.argv[1:] == ["--version"]:
        print_version()
        return 0
    # What is imported stays. Looking through it for garbage again and again takes an eighth of
    # the time that a command takes; the wiring enables it when the imports are done.
    gc.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A reason in Greek must not end a command on a terminal that only knows ASCII.
            stream.reconfigure(errors="backslashreplace")
    try:
        build(groups=needed_groups(sys.argv[1:]))()
    except KeyboardInterrupt:
        return 130
    return 0


GROUPS = {
    "order": ("enforcer.cli.bulk", "orders"),
    "list": ("enforcer.cli.lists", "lists"),
    "device": ("enforcer.cli.snippets", "devices"),
    "customer": ("enforcer.cli.customers", "customers"),
    "source": ("enforcer.cli.sources", "sources"),
    "alarm": ("enforcer.cli.sources", "alarms"),
    "intake": ("enforcer.cli.reports", "intake"),
    "approval": ("enforcer.cli.approvals", "approvals"),
    "notice": ("enforcer.cli.notices", "notices"),
    "inventory": ("enforcer.cli.inventory", "inventory"),
    "audit": ("enforcer.cli.audit", "audit"),
    "database": ("enforcer.cli.database", "database"),
    "user": ("enforcer.cli.accounts", "users"),
    "token": ("enforcer.cli.tokens", "tokens"),
}
"""Groups of commands, each with the module and the name of its Typer application."""

SINGLE = frozenset(
    [
        "init",
        "run",
        "doctor",
        "status",
        "why",
        "pause",
        "freeze",
        "resume",
        "protected",
        "report",
        "completion",
        "export",
    ]
)
"""Commands of the top level, which are in no group."""


def build(
    application_factory: ApplicationFactory | None = None,
    wiring: Wiring | None = None,
    groups: Collection[str] = tuple(GROUPS),
) -> typer.Typer:
    """The command line as a Typer application.

    `application_factory` makes the application from the settings, `wiring` holds the other
    seams; by default both are the real ones. Only the named `groups` are made.
    """
    import typer

    from enforcer.cli import control, evidence, export, setup
    from enforcer.cli.group import TopGroup
    from enforcer.cli.signature import completion, top_level
    from enforcer.cli.wiring import Wiring

    chosen = wiring or Wiring()
    if application_factory is not None:
        chosen = replace(chosen, application=application_factory)
    app = typer.Typer(
        name="enforcer",
        cls=TopGroup,
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"], "obj": completion(chosen)},
    )
    app.callback()(top_level(chosen, print_version))
    for module in (setup, control, evidence, export):
        module.register(app)
    for name in groups:
        place, attribute = GROUPS[name]
        app.add_typer(getattr(import_module(place), attribute), name=name)
    return app


def needed_groups(arguments: Sequence[str]) -> Collection[str]:
    """The groups that a command line needs: its own, none, or all where that is not plain to see.

    Making all of them takes a twentieth of the time of a short command.
    """
    first = arguments[0] if arguments else ""
    if first in SINGLE:
        return ()
    return (first,) if first in GROUPS else tuple(GROUPS)


def print_version() -> None:
    """Write the installed version to standard output."""
    from importlib.metadata import version

    sys.stdout.write(f"enforcer {version(DISTRIBUTION)}\n")


if __name__ == "__main__":
    sys.exit(run())
