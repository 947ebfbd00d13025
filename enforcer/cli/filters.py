# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that say which orders and which audit entries are meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import OptionGroup, flag

if TYPE_CHECKING:
    from enforcer.application.commands import AuditFilter


@dataclass(frozen=True, kw_only=True)
class Which(OptionGroup):
    """Which orders to list."""

    everything: Annotated[
        bool, flag("--all", "-a", help="Ended orders too, not only active ones.")
    ] = False
    ended: Annotated[bool, flag("--ended", help="Ended orders only.")] = False
    statuses: Annotated[
        list[str],
        typer.Option(
            "--status", metavar="STATUS", help="Of this status, ended ones too; repeatable."
        ),
    ] = field(default_factory=list)
    kinds: Annotated[
        list[str],
        typer.Option("--kind", metavar="KIND", help="Of this kind, as block-port; repeatable."),
    ] = field(default_factory=list)
    customer: Annotated[
        str | None,
        typer.Option(
            "--customer",
            metavar="NAME",
            help="Names this customer; 'customer show' has all that touch it.",
            autocompletion=completing.customers,
        ),
    ] = None
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="SOURCE",
            help="Placed by this source.",
            autocompletion=completing.sources,
        ),
    ] = None
    text: Annotated[
        str | None,
        typer.Option(
            "--text", metavar="TEXT", help="With this in target, reason, ticket or a comment."
        ),
    ] = None
    limit: Annotated[
        int,
        typer.Option(
            "--limit", metavar="N", min=1, max=10_000, help="At most so many, newest first."
        ),
    ] = 100
    before: Annotated[
        str | None, typer.Option("--before", metavar="ORDER", help="Older than this order.")
    ] = None


@dataclass(frozen=True, kw_only=True)
class Entries(OptionGroup):
    """Which audit entries."""

    kinds: Annotated[
        list[str],
        typer.Option("--kind", metavar="KIND", help="Of this kind, as order.placed; repeatable."),
    ] = field(default_factory=list)
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="X", help="About this order, list, customer or other subject."
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME",
            help="About this device.",
            autocompletion=completing.devices,
        ),
    ] = None
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Done by this person or program.")
    ] = None
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="TIME",
            help="Not before this instant (ISO 8601 with zone), or so long ago: 2h, 7d.",
        ),
    ] = None
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Not after this instant, likewise."),
    ] = None
    after: Annotated[
        int | None,
        typer.Option("--after", metavar="N", min=0, help="Only entries with a higher number."),
    ] = None

    def filtered(
        self, now: datetime, limit: int | None = None, newest_first: bool = False
    ) -> AuditFilter:
        """The filter for these options. Raises InvalidInput for a time that cannot be read."""
        from enforcer.application.commands import AuditFilter
        from enforcer.cli.words import parse_past

        return AuditFilter(
            kinds=tuple(self.kinds),
            subject=self.subject,
            device=self.device,
            actor=self.by,
            since=None if self.since is None else parse_past(self.since, now),
            until=None if self.until is None else parse_past(self.until, now),
            after=self.after,
            newest_first=newest_first,
            limit=limit,
        )
