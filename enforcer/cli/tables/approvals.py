# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.approval_views import ProposalView
from enforcer.cli.tables.layout import Status, brief, columns, facts, words
from enforcer.cli.words import both, relative


def listing(found: Sequence[ProposalView], now: datetime) -> RenderableType:
    """One row per proposal, newest first."""
    table = columns("Proposal", "State", "Asked", "What", fixed=("Proposal", "State"))
    for view in found:
        asked = Group(words(view.issuer, "bold"), Text(relative(view.created, now), style="dim"))
        what = Group(
            words(f"{_what(view)} {view.target}"),
            *(words(why, "yellow") for why in view.why),
            words(view.reason, "dim"),
        )
        table.add_row(view.id, Status(view.state), asked, what)
    return table


def proposal(view: ProposalView, now: datetime) -> RenderableType:
    """Everything about one."""
    table = facts()
    table.add_row("proposal", words(view.id, "bold"))
    table.add_row("state", Status(view.state))
    for name, value in (
        ("asks for", f"{_what(view)} {view.target}"),
        ("reason", view.reason),
        ("ticket", view.ticket or ""),
        ("by", f"{view.issuer}, from {view.source}"),
        ("made", both(view.created, now)),
    ):
        if value:
            table.add_row(name, words(value))
    for position, why in enumerate(view.why):
        table.add_row("" if position else "waits because", words(why, "yellow"))
    for name, said in view.command.items():
        if said and name not in ("demand", "reason", "ticket"):
            table.add_row(name.replace("_", " "), words(brief(said)))
    if view.decided is not None:
        by = f" by {view.decided_by}" if view.decided_by else ""
        table.add_row("decided", words(f"{both(view.decided, now)}{by}"))
    if view.said:
        table.add_row("because", words(view.said))
    if view.order is not None:
        table.add_row("order", words(view.order, "bold"))
    return table


def _what(view: ProposalView) -> str:
    kind = view.kind.replace("_", "-")
    return kind if view.what == "place" else f"another end of order {view.order}, {kind}"
