# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer protected | report | completion``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from enforcer.cli.options import flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command

PROGRAM = "enforcer"
COMPLETE_VARIABLE = "_ENFORCER_COMPLETE"


class Shell(StrEnum):
    """A shell that can be taught to complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    for name, function in (
        ("protected", protected),
        ("report", report),
        ("completion", completion),
    ):
        command(app, name)(function)


def protected(
    session: Session,
    address: Annotated[
        str | None,
        typer.Argument(metavar="ADDRESS", help="Only what overlaps this address or prefix."),
    ] = None,
) -> int:
    """Show what no order may block, why, and where that comes from.

    Origins are the inventory's own list and what is protected by itself:
    controllers, management, loopbacks, neighbors, links, next-hops and the
    services that the network cannot do without.

    Example:
      enforcer protected 198.51.100.0/24
    """
    from enforcer.application.desk_views import ProtectedView

    session.out.many(session.application.protected(session.actor, address), ProtectedView)
    return 0


def report(
    session: Session,
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="An order's id, or a customer's name.")
    ],
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write it as one self-contained page; - prints it."
        ),
    ] = None,
    as_json: Annotated[bool, flag("--json", help="Print the document alone, as JSON.")] = False,
) -> int:
    """Tell everything about one order or customer, for a dispute.

    Orders, their history, what was written to which device, when that was
    verified, and the proof that the record was not changed afterwards.

    Example:
      enforcer report 000A-C --html case-1234.html
    """
    import json

    from enforcer.cli.texts import write_lines

    with session.busy(f"{subject}: gathering the evidence"):
        made = session.application.report(session.actor, subject)
    if html is not None:
        write_lines(made.html.splitlines(), html)
        if html != Path("-"):
            session.out.note(f"written: {html}")
    if as_json:
        write_lines([json.dumps(made.document, indent=2, ensure_ascii=False)], None)
    elif html is None:
        session.out.one(made)
    return 0


def completion(
    session: Session,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")],
) -> int:
    """Print the script that teaches a shell to complete commands and names.

    It completes commands, options and choices, and asks the database for
    ids of orders and names of devices, customers and lists.

    Example:
      enforcer completion bash > /etc/bash_completion.d/enforcer
    """
    from typer import completion as machinery

    from enforcer.cli.texts import write_lines

    script = machinery.get_completion_script(  # type: ignore[attr-defined] # imported, undeclared
        prog_name=PROGRAM, complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    write_lines([script], None)
    return 0
