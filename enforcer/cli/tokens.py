# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer token ...``: what programs ask with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer

from enforcer.cli.accounts import NameArgument
from enforcer.cli.options import OptionGroup, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.core.times import parse_duration
from enforcer.errors import InvalidInput

tokens = typer.Typer(help="Tokens for the API: of people and of detectors.", no_args_is_help=True)

_LIMITS = "Limits of a detector"
_YEAR = "365d"


@dataclass(frozen=True, kw_only=True)
class Use(OptionGroup):
    """What a token is for."""

    roles: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE",
            help="detector alone, or viewer, abuse, engineer, approver, admin; repeatable.",
        ),
    ] = field(default_factory=list)
    owner: Annotated[
        str,
        typer.Option(
            "--owner", metavar="NAME", help="Whose it is; else nobody's, and a program's."
        ),
    ] = ""
    read_only: Annotated[bool, flag("--read-only", help="It only looks.")] = False
    networks: Annotated[
        list[str],
        typer.Option("--from", metavar="PREFIX", help="It opens only from there; repeatable."),
    ] = field(default_factory=list)
    duration: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="So long it lives.")
    ] = _YEAR
    open_ended: Annotated[bool, flag("--open-ended", help="Until somebody revokes it.")] = False


@dataclass(frozen=True, kw_only=True)
class Limits(OptionGroup):
    """What a detector may ask for at most."""

    kinds: Annotated[
        list[str],
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Kinds of orders, such as block-address; repeatable. Else those that block.",
            rich_help_panel=_LIMITS,
        ),
    ] = field(default_factory=list)
    longest: Annotated[
        str,
        typer.Option(
            "--longest",
            metavar="DURATION",
            help="How long an order may hold.",
            rich_help_panel=_LIMITS,
        ),
    ] = "1d"
    widest4: Annotated[
        int,
        typer.Option(
            "--widest4", metavar="LENGTH", help="Shortest IPv4 prefix.", rich_help_panel=_LIMITS
        ),
    ] = 32
    widest6: Annotated[
        int,
        typer.Option(
            "--widest6", metavar="LENGTH", help="Shortest IPv6 prefix.", rich_help_panel=_LIMITS
        ),
    ] = 64
    any_space: Annotated[
        bool,
        flag(
            "--any-space",
            help="Also addresses that are neither ours nor our customers'.",
            panel=_LIMITS,
        ),
    ] = False
    per_minute: Annotated[
        int,
        typer.Option(
            "--per-minute", metavar="N", help="Requests a minute.", rich_help_panel=_LIMITS
        ),
    ] = 600


@command(tokens, "add")
def add(
    session: Session,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Under which name its orders are limited and stopped; 'api' for a person's.",
        ),
    ],
    use: Use,
    limits: Limits,
) -> int:
    """Make a token; it is shown this once.

    Example:
      enforcer token add fastnetmon --role detector --from 192.0.2.5
    """
    from enforcer.application.account_views import CreateToken

    if not use.roles:
        raise InvalidInput("--role is missing: say what the token is for, such as --role detector")
    usual = CreateToken.model_fields["kinds"].default
    given = CreateToken(
        source=source,
        roles=tuple(use.roles),
        owner=use.owner,
        read_only=use.read_only,
        networks=tuple(use.networks),
        seconds=None if use.open_ended else int(parse_duration(use.duration).total_seconds()),
        kinds=tuple(kind.replace("-", "_") for kind in limits.kinds) or usual,
        longest=int(parse_duration(limits.longest).total_seconds()),
        widest4=limits.widest4,
        widest6=limits.widest6,
        own_space=not limits.any_space,
        per_minute=limits.per_minute,
    )
    session.out.one(session.accounts.create_token(session.actor, given))
    return 0


@command(tokens, "list")
def list_tokens(session: Session) -> int:
    """List the tokens, newest first.

    Example:
      enforcer token list
    """
    from enforcer.application.account_views import TokenView

    session.out.many(session.accounts.tokens(session.actor), TokenView)
    return 0


@command(tokens, "revoke")
def revoke(session: Session, name: NameArgument) -> int:
    """Let a token open nothing from now on.

    Example:
      enforcer token revoke enf_k7m2p9qx
    """
    session.out.one(session.accounts.revoke_token(session.actor, name))
    return 0
