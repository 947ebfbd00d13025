# SPDX-License-Identifier: GPL-2.0-or-later
"""The console script ``enforcer``."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
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
        build()()
    except KeyboardInterrupt:
        return 130
    return 0


def build(
    application_factory: ApplicationFactory | None = None, wiring: Wiring | None = None
) -> typer.Typer:
    """The command line as a Typer application.

    `application_factory` makes the application from the settings, `wiring` holds the other
    seams; by default both are the real ones.
    """
    import typer

    from enforcer.cli import control, order_changes, setup
    from enforcer.cli.audit import audit
    from enforcer.cli.devices import devices
    from enforcer.cli.group import TopGroup
    from enforcer.cli.lists import lists
    from enforcer.cli.signature import top_level
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
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback()(top_level(chosen, print_version))
    setup.register(app)
    control.register(app)
    app.add_typer(order_changes.orders, name="order")
    app.add_typer(lists, name="list")
    app.add_typer(devices, name="device")
    app.add_typer(setup.inventory, name="inventory")
    app.add_typer(audit, name="audit")
    return app


def print_version() -> None:
    """Write the installed version to standard output."""
    from importlib.metadata import version

    sys.stdout.write(f"enforcer {version(DISTRIBUTION)}\n")


if __name__ == "__main__":
    sys.exit(run())
