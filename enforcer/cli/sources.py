# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer source list | stop | start`` and ``enforcer alarm list``."""

from __future__ import annotations

from typing import Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import ReasonOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command

sources = typer.Typer(
    help="Sources of orders: limits, what they do, the kill switch.", no_args_is_help=True
)
alarms = typer.Typer(help="What people must know of or decide.", no_args_is_help=True)

SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="The source's name, as 'order show' names it.",
        autocompletion=completing.sources,
    ),
]


@command(sources, "list")
def list_sources(session: Session) -> int:
    """List every source with its limits, its active orders and its stop.

    Example:
      enforcer source list
    """
    from enforcer.application.desk_views import SourceView

    session.out.many(session.application.sources(session.actor), SourceView)
    return 0


@command(sources, "stop")
def stop(session: Session, name: SourceArgument, reason: ReasonOption) -> int:
    """Pull the kill switch: take no new orders from a source.

    Its orders in force stay, and end as they were to end.

    Example:
      enforcer source stop detector --reason "blocks our own mail servers"
    """
    session.out.one(session.application.source_stop(session.actor, name, reason))
    return 0


@command(sources, "start")
def start(session: Session, name: SourceArgument) -> int:
    """Let a stopped source place orders again.

    Example:
      enforcer source start detector
    """
    session.out.one(session.application.source_start(session.actor, name))
    return 0


@command(alarms, "list")
def list_alarms(
    session: Session,
    everything: Annotated[bool, flag("--all", "-a", help="Also those that are over.")] = False,
) -> int:
    """List the open alarms, newest first; each says what to do.

    Example:
      enforcer alarm list --all
    """
    from enforcer.application.desk_views import AlarmView

    session.out.many(session.application.alarms(session.actor, not everything), AlarmView)
    return 0
