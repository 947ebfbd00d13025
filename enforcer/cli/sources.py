# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer source list | stop | start`` and ``enforcer alarm list``."""

from __future__ import annotations

from typing import Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import ReasonOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.core.source_names import EVERYBODY
from enforcer.errors import InvalidInput

sources = typer.Typer(
    help="Sources of orders: limits, what they do, the kill switch.", no_args_is_help=True
)
alarms = typer.Typer(help="What people must know of or decide.", no_args_is_help=True)

SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="The source's name, as 'order show' names it.",
        autocompletion=completing.sources,
    ),
]


AllOption = Annotated[
    bool, flag("--all", help="Every automated source: all but people and their tokens.")
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
def stop(
    session: Session,
    reason: ReasonOption,
    name: SourceArgument = None,
    everything: AllOption = False,
) -> int:
    """Pull the kill switch: take no new orders from a source, or from any automated one.

    Its orders in force stay, and end as they were to end. People go on, also by their tokens.

    Example:
      enforcer source stop detector --reason "blocks our own mail servers"
      enforcer source stop --all --reason "a wrong feed reached all of them"
    """
    whom = _whom(name, everything)
    session.out.one(session.application.source_stop(session.actor, whom, reason))
    return 0


@command(sources, "start")
def start(session: Session, name: SourceArgument = None, everything: AllOption = False) -> int:
    """Let a stopped source place orders again, or all that were stopped at once.

    Example:
      enforcer source start detector
      enforcer source start --all
    """
    session.out.one(session.application.source_start(session.actor, _whom(name, everything)))
    return 0


def _whom(name: str | None, everything: bool) -> str:
    if (name is not None) == everything:
        raise InvalidInput("name one source, or say --all: every one that is automated")
    return EVERYBODY if name is None else name


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
