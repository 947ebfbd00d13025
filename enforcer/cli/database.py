# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer database status | copy | reclaim``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from enforcer.cli.options import YesOption
from enforcer.cli.session import Session
from enforcer.cli.signature import command

database = typer.Typer(
    help="The database itself: what it is, and moving to another one.", no_args_is_help=True
)

TargetOption = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="URL",
        help="An empty PostgreSQL database or a new SQLite file; env: and file: references are"
        " read.",
    ),
]


@command(database, "status")
def status(session: Session) -> int:
    """Show which database is used, how much it holds and who leads it.

    Example:
      enforcer database status
    """
    from enforcer import bootstrap

    session.out.one(bootstrap.database_status(session.settings))
    return 0


@command(database, "copy")
def copy(session: Session, to: TargetOption, yes: YesOption = False) -> int:
    """Copy everything into another, empty database and close this one.

    From SQLite to PostgreSQL or back, all or nothing: every row and the audit
    chain are checked on the other side. No controller may run. The devices
    stay as they are, and the controller that is started on the copy goes on
    with them. This database is left closed for writing, so that nobody
    serves it by mistake.

    Example:
      enforcer database copy --to postgresql://enforcer@db.example.net/enforcer
    """
    from enforcer import bootstrap
    from enforcer.settings import database_url, shown_url

    target = database_url(to, Path.cwd())
    question = f"Copy {session.settings.shown_database} to {shown_url(target)} and close it?"
    session.confirmed(question, yes)
    total = bootstrap.database_status(session.settings).rows
    with session.out.progress("copying rows", total) as advance:
        done = bootstrap.copy_database(session.settings, session.actor, target, advance)
    session.out.one(done)
    return 0


@command(database, "reclaim")
def reclaim(session: Session, yes: YesOption = False) -> int:
    """Take a database that was copied elsewhere back into use.

    For when the copy was given up. Whatever was ordered on the copy is not
    known here. The database stays frozen until 'enforcer resume': look at
    'enforcer device plan' first.

    Example:
      enforcer database reclaim
    """
    from enforcer import bootstrap

    session.confirmed("Has the copy been given up, and is no controller running on it?", yes)
    session.out.one(bootstrap.reclaim_database(session.settings, session.actor))
    return 0
