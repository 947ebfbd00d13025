# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer status | why | pause | freeze | resume``."""

from __future__ import annotations

from typing import Annotated

import typer

from enforcer.cli.options import ReasonOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import InvalidInput


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    for name, function in (
        ("status", status),
        ("why", why),
        ("pause", pause),
        ("freeze", freeze),
        ("resume", resume),
    ):
        command(app, name)(function)


def status(session: Session) -> int:
    """Show who leads, who stands by, whether writes are stopped, open alarms.

    Example:
      enforcer status --output json
    """
    session.out.one(session.application.control(session.actor))
    return 0


def why(
    session: Session,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address or a prefix.")],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="Then, not now: an ISO 8601 instant with zone, or so long ago: 2h, 7d.",
        ),
    ] = None,
    route: Annotated[
        bool,
        flag(
            "--route",
            help="Of the route for exactly this prefix: who announces it, where it is rejected, by"
            " which orders, whether it is used. Asks the routers.",
        ),
    ] = False,
) -> int:
    """Say whether an address is blocked, by which orders, since when and why.

    Per direction: all, some (which protocols, ports, peers) or none. For
    the past it also says whether that was verified on the devices, is
    assumed from the orders, or is unknown.

    Example:
      enforcer why 192.0.2.7
      enforcer why 192.0.2.7 --at 2026-11-20T14:00Z
      enforcer why 8.8.8.0/24 --route
    """
    from enforcer.cli.words import parse_past

    if route:
        if at is not None:
            raise InvalidInput("--route asks the routers, which know nothing of the past: no --at")
        with session.busy("asking the routers"):
            seen = session.application.why_route(session.actor, address)
        session.out.one(seen)
        return 0
    then = None if at is None else parse_past(at, session.now)
    session.out.one(session.application.why(session.actor, address, then))
    return 0


def pause(session: Session, reason: ReasonOption) -> int:
    """Stop additions on all devices; what ends is still removed.

    It survives a restart of the controller, until 'enforcer resume'.

    Example:
      enforcer pause --reason "maintenance of the core until 04:00"
    """
    session.out.one(session.application.pause(session.actor, reason))
    return 0


def freeze(session: Session, reason: ReasonOption) -> int:
    """Stop all writes to all devices: nothing is added, nothing is removed.

    It survives a restart of the controller, until 'enforcer resume'.

    Example:
      enforcer freeze --reason "something is removing the wrong rules"
    """
    session.out.one(session.application.freeze(session.actor, reason))
    return 0


def resume(session: Session) -> int:
    """End a pause or a freeze.

    Example:
      enforcer resume
    """
    session.out.one(session.application.resume(session.actor))
    return 0
