# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer audit verify``."""

from __future__ import annotations

import typer

from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.session import Session
from enforcer.cli.signature import command

audit = typer.Typer(help="The audit trail.", no_args_is_help=True)


@command(audit, "verify")
def verify(session: Session) -> int:
    """Walk the whole audit chain; exit code 1 if an entry was tampered with.

    Finds entries that were changed, removed, moved or inserted. Changes
    nothing.

    Example:
      enforcer audit verify
    """
    with session.busy("walking the audit chain"):
        found = session.application.audit_verify(session.actor)
    session.out.one(found)
    return ExitCode.OK if found.ok else ExitCode.ERROR
